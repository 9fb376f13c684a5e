//! `qb!` against the parser of the wire: one text, read by both, gives one query.

use specstar::Select;
use specstar::datetime::Timestamp;
use specstar::descriptor::ResourceDescriptor;
use specstar::prelude::*;
use specstar::qb::{self, Checked, Context, Query};

use crate::models::{Note, Spot};

fn checked(query: &Query, descriptor: &ResourceDescriptor) -> Checked {
    query.check(descriptor, &Context::at(Timestamp(1_709_209_815_000_005))).expect("it fits")
}

/// Both readings mean the same and have the same order and page.
fn agree<R: Resource>(text: &str, typed: &Select<R>) {
    let (typed, descriptor) = (typed.query(), R::DESCRIPTOR);
    let read = qb::parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(checked(typed, descriptor), checked(&read, descriptor), "{text}");
    assert_eq!((typed.limit, typed.offset), (read.limit, read.offset), "{text}");
}

macro_rules! agree {
    (Spot: $($expression:tt)*) => {
        // Lines join in parentheses.
        agree(concat!("(", stringify!($($expression)*), ")"), &qb!(Spot: $($expression)*));
    };
    ($($expression:tt)*) => {
        agree(concat!("(", stringify!($($expression)*), ")"), &qb!(Note: $($expression)*));
    };
}

#[test]
fn comparisons() {
    agree!(QB["rank"] == 1);
    agree!(QB["rank"] != -1);
    agree!(-3 < QB["rank"]);
    agree!(1 >= QB["rank"]);
    agree!(QB["title"] > "m");
    agree!(0 <= QB["rank"] < 10);
    agree!(10 > QB["rank"] >= 0);
    agree!(QB["score"] >= 0.5);
    agree!(QB["score"] < 80);
    agree!(QB["score"] == -1e300);
    agree!(QB.is_deleted() == True);
    agree!(QB["tags"] == ["a", "b"]);
    agree!(QB["tags"] != ());
    agree!(QB["rank"] << [1, 2, 3]);
    agree!(QB["tags"] >> "a");
    agree!(QB["title"] % r"^\d+$");
    agree!(QB["rank"] == 0x10);
    agree!(QB["rank"] > -9223372036854775808);
}

#[test]
fn constants() {
    agree!(QB["rank"] == 1 + 2 * 3);
    agree!(QB["rank"] == 7 - 10 - 1);
    agree!(QB["rank"] == True + 1);
    agree!(QB["title"].length().length() == 3);
    agree!(QB["due"] < dt.date(2024, 1, 3) - dt.timedelta(hours = 1));
    agree!(QB.all().sort("-rank").limit(2) & QB.all());
    agree!(QB.all() & QB["rank"].gt(1).sort("-rank").limit(2));
    agree!(QB["rank"].gt(1).sort("-rank").limit(2) & QB.all());
    agree!(QB.all().filter(QB["rank"].gt(1).limit(2)));
    agree!(QB.all(QB["rank"].gt(1).limit(2), QB.all()));
    agree!(QB["rank"] == -7 % 3);
    agree!(QB["rank"] == 7 % -3);
    agree!(QB["score"] == 7 / 2);
    agree!(QB["score"] == -7.5 % 2);
    agree!(QB["score"] == 1.5 * 2 + 1);
    agree!(QB["title"] == "a" + "b" "c");
    agree!(QB["rank"] == +5);
    agree!(QB["due"] == dt.datetime(2024, 2, 29, 12, 30, 15, 5));
    agree!(QB["due"] == dt.datetime(2024, 2, 29, minute = 5, tzinfo = dt.timezone.utc));
    agree!(QB["due"] >= datetime.date(1, 1, 1));
    agree!(QB["due"] < dt.date(2024, 3, 1) - dt.timedelta(days = 1, hours = 12));
    agree!(QB["due"] < dt.datetime(2024, 3, 1) + 1.5 * dt.timedelta(weeks = 1, milliseconds = 3));
    agree!(QB["due"] < dt.timedelta(seconds = 5) + dt.datetime(9999, 12, 31));
    agree!(QB["due"] == dt.datetime(2024, 1, 1) - -dt.timedelta(minutes = 90) + dt.timedelta(1));
}

#[test]
fn methods() {
    agree!(QB["rank"].eq(1));
    agree!(QB["rank"].gte(value = 1));
    agree!(QB["rank"].between(1, max_val = 5));
    agree!(QB["rank"].in_range(min_val = 1, max_val = 5));
    agree!(QB["rank"].one_of((1, 2)));
    agree!(QB["rank"].not_in([]));
    agree!(QB["tags"].contains_any(["a"]));
    agree!(QB["tags"].contains_any("a"));
    agree!(QB["title"].contains("a"));
    agree!(QB["title"].not_starts_with("a"));
    agree!(QB["title"].not_ends_with("a"));
    agree!(QB["title"].icontains("a") | QB["title"].istarts_with("b") | QB["title"].iends_with("c"));
    agree!(QB["title"].regex("^a").and_(QB["title"].match("b$")));
    agree!(QB["title"].like(pattern = "a%_"));
    agree!(QB["rank"].is_null() | QB["rank"].is_null(False));
    agree!(QB["rank"].exists() & QB["rank"].exists(False));
    agree!(QB["rank"].isna(True) | QB["rank"].isna(value = False));
    agree!(QB["rank"].is_not_null() | QB["rank"].has_value());
    agree!(QB.is_deleted().is_true() | QB.is_deleted().is_false());
    agree!(QB["rank"].is_truthy() | QB["tags"].is_falsy());
    agree!(QB["title"].is_empty() | QB["title"].is_blank());
    agree!(QB["tags"].length() > 1);
    agree!(QB["title"].length().between(1, 5));
    agree!(QB["title"].length().not_in([1, 2]));
    agree!(3 >= QB["tags"].length());
    agree!(QB["tags"].any().eq("a") & QB["tags"].all().ne("b"));
    agree!(QB["tags"].any().match("a") & QB["tags"].all().icontains("b"));
    agree!(QB["due"].today() | QB["due"].yesterday(tz = 8));
    agree!(QB["due"].this_week(week_start = 6) | QB["due"].this_week("-4", 3));
    agree!(QB["due"].this_month(dt.UTC) | QB["due"].this_year(tz = None));
    agree!(QB["due"].last_n_days(7) | QB["due"].last_n_days(n = 30, tz = "+8"));
    agree!(QB.created_time().today() & (QB["updated_by"] == "ann"));
}

#[test]
fn logic() {
    agree!(QB["rank"]);
    agree!(~QB["tags"]);
    agree!(~~(QB["rank"] > 1));
    agree!((QB["rank"] > 1) & (QB["score"] < 2) | ~QB["title"].contains("x"));
    agree!(QB["rank"] | QB["tags"] & QB["title"]);
    agree!(QB.all());
    agree!(QB.all() & QB["rank"] | QB.all());
    agree!(QB.all(QB["rank"] > 1, QB["title"], QB.all()));
    agree!(QB.any(QB["rank"] > 1, QB["title"] == "a",));
    agree!(QB["rank"].filter(QB["title"], QB["score"] > 1));
    agree!((QB["rank"] > 1).exclude(QB["title"], QB["score"] > 1));
    agree!(QB.all().filter(QB["title"]));
    agree!((QB["rank"] > 1).or_(other = QB["title"]));
    agree!(((QB["rank"]) > (1)));
}

#[test]
fn order_and_page() {
    agree!(QB["rank"].sort("-rank", "+title", "created_time"));
    agree!((QB["rank"] > 1).order_by(QB["score"].desc()).sort(QB.updated_time().asc()));
    agree!(QB.all().sort("place.city").limit(5).offset(2).limit(3));
    agree!(QB.all().page(3));
    agree!(QB.all().page(page = 2, size = 7));
    agree!(QB["rank"].first());
    agree!(QB.all(QB["rank"].limit(2)));
    agree!(QB["rank"].limit(2) & QB["title"].limit(3));
    agree!((QB["rank"] > 1).limit(2) & QB.all());
    agree!((QB["rank"] > 1).limit(2).sort("rank").filter());
    agree!(QB["rank"].limit(2) > 1);
    agree!(~QB["rank"].sort("rank"));
    agree!(QB.all(QB.all().limit(2), QB["title"].limit(3)));
    agree!(QB.all().limit(4).filter(QB.all().limit(2)));
    agree!((QB["rank"] > 1).limit(4).and_(QB.all().limit(2)));
    agree!(QB.all().limit(4).exclude(QB["rank"]));
}

#[test]
fn similarity_and_distance() {
    agree!(Spot: QB["name"].fuzzy("ann"));
    agree!(Spot: QB["name"].fuzzy(query="ann", threshold=None) | QB["name"].fuzzy("ann", 1));
    agree!(Spot: QB["place"].l2([1, 0.5]) < 3);
    agree!(Spot: 0.25 <= QB["place"].cosine(v=[-1, 0]));
    agree!(Spot: (QB["place"].ip((0, 1)) > -1) & ~(QB["place"].l2([0, 0]) >= 2.5));
    agree!(Spot: QB.all().sort(QB["name"].similarity("ann"), QB["place"].l2([1, 2])));
    agree!(Spot: QB["name"].sort(QB["name"].similarity("ann").asc(), QB["place"].cosine([1, 2]).desc()));
}
