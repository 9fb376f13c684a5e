//! Queries of a program: typed columns, `qb!`, pages, cursors and streams.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use specstar::clock::clock_fn;
use specstar::datetime::Timestamp;
use specstar::prelude::*;
use specstar::repository::{Repository, Stored};
use specstar::{Condition, Error, Select};

use crate::common::TestApp;
use crate::models::{Note, Place, Spot};
use crate::resources;

fn note(title: &str, rank: Option<i64>, tags: &[&str]) -> Note {
    Note {
        title: title.into(),
        rank,
        score: 0.5,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        due: None,
        place: None,
        text: String::new(),
    }
}

/// Four notes, the last of them deleted.
async fn sample() -> (TestApp, Repository<Note>) {
    // It is today for as long as the test takes, also at midnight.
    let noon = Timestamp::from_utc(2024, 5, 1, 12, 0, 0, 0).expect("a time");
    let app = TestApp::with(resources(), |builder| builder.clock(clock_fn(move |_| Ok(noon)))).await;
    let notes = app.app().repository::<Note>().acting_as("ann");
    let due = Some("2024-05-01T02:00:00+02:00".parse().expect("a date-time"));
    let rome = Some(Place { city: "Rome".into(), zip: None });
    for note in [
        Note { place: rome, ..note("alpha", Some(1), &["x", "y"]) },
        Note { score: 2.0, due, ..note("Beta", None, &[]) },
        note("gamma", Some(-3), &["y"]),
        note("delta", Some(7), &["X"]),
    ] {
        notes.create_at(&note.title.to_lowercase(), &note).await.expect("written");
    }
    notes.delete("delta").await.expect("deleted");
    (app, notes)
}

fn titles(found: &[Stored<Note>]) -> Vec<&str> {
    found.iter().map(|note| note.data.title.as_str()).collect()
}

/// What a condition finds; the count has to agree.
async fn found(notes: &Repository<Note>, select: impl Into<Select<Note>>) -> Vec<String> {
    let select = select.into();
    let page = notes.list(select.clone()).await.expect("a list");
    assert_eq!(notes.count(select).await.expect("a count"), page.items.len() as u64);
    assert_eq!(page.next, None, "without a limit there is one page");
    titles(&page.items).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_kind_of_field_is_asked() {
    let (_app, notes) = sample().await;
    let columns = Note::COLUMNS;
    assert_eq!(found(&notes, columns.rank.ge(0)).await, ["alpha"]);
    assert_eq!(found(&notes, !columns.rank.ge(0)).await, ["gamma"], "null is neither");
    assert_eq!(found(&notes, columns.rank.is_null()).await, ["Beta"]);
    assert_eq!(found(&notes, columns.rank.between(-3, 1)).await, ["alpha", "gamma"]);
    assert_eq!(found(&notes, columns.score.gt(1)).await, ["Beta"]);
    assert_eq!(found(&notes, columns.score.in_([0.5])).await, ["alpha", "gamma"]);
    assert_eq!(found(&notes, columns.title.starts_with("al") | columns.title.icontains("B")).await.len(), 2);
    assert_eq!(found(&notes, columns.title.length().eq(4)).await, ["Beta"]);
    assert_eq!(found(&notes, columns.tags.contains("x")).await, ["alpha"]);
    assert_eq!(found(&notes, columns.tags.eq(["x", "y"])).await, ["alpha"]);
    assert_eq!(found(&notes, columns.tags.contains_any(["x", "y"])).await, ["alpha", "gamma"]);
    assert_eq!(found(&notes, columns.tags.all().regex("^[y]$")).await, ["Beta", "gamma"]);
    assert_eq!(found(&notes, columns.tags.length().ge(2)).await, ["alpha"]);
    assert_eq!(found(&notes, columns.place_city.like("R%e")).await, ["alpha"]);
    assert_eq!(
        found(&notes, columns.due.le(Timestamp::from_utc(2024, 5, 1, 0, 0, 0, 0).expect("a time"))).await,
        ["Beta"]
    );
    assert_eq!(
        found(&notes, Note::META.created_time.today() & Note::META.created_by.eq("ann")).await.len(),
        3
    );
    assert_eq!(found(&notes, Condition::all([])).await, ["alpha", "Beta", "gamma"]);
    assert_eq!(found(&notes, Condition::any([])).await, Vec::<String>::new());
    assert_eq!(found(&notes, !Condition::any([])).await.len(), 3);
}

#[tokio::test]
async fn the_macro_asks_the_same() {
    let (_app, notes) = sample().await;
    let (least, tag) = (0, String::from("x"));
    assert_eq!(
        found(&notes, qb!(Note: (QB["rank"] >= least) & QB["tags"].contains({ &tag }))).await,
        ["alpha"]
    );
    assert_eq!(found(&notes, qb!(Note: QB["place.city"] == "Rome")).await, ["alpha"]);
    assert_eq!(
        found(&notes, qb!(Note: QB["due"] < dt.datetime(2024, 5, 1) + dt.timedelta(seconds=1))).await,
        ["Beta"]
    );
    assert_eq!(found(&notes, qb!(Note: (-5 < QB["rank"] <= 1).sort("rank"))).await, ["gamma", "alpha"]);
    assert_eq!(found(&notes, qb!(Note: ~QB["tags"])).await, ["Beta"]);
    let mine = Note::META.created_by.eq("ann");
    assert_eq!(found(&notes, qb!(Note: { mine } & (QB["title"] % "^g"))).await, ["gamma"]);
}

#[tokio::test]
async fn deleted_ones_are_found_when_the_condition_says_so() {
    let (_app, notes) = sample().await;
    assert_eq!(found(&notes, Note::META.is_deleted.is_true()).await, ["delta"]);
    assert_eq!(found(&notes, qb!(Note: QB.is_deleted() << [True, False])).await.len(), 4);
    let restored = notes.restore_all(Note::COLUMNS.rank.ge(0)).await.expect("restored");
    assert_eq!(restored.iter().map(|head| head.resource_id.as_str()).collect::<Vec<_>>(), ["delta"]);
    let deleted = notes.delete_all(Note::COLUMNS.rank.is_not_null().limit(2)).await.expect("deleted");
    assert_eq!(deleted.len(), 2);
    assert!(deleted.iter().all(|head| head.is_deleted && head.updated.by == "ann"));
    assert_eq!(found(&notes, Select::all()).await, ["Beta", "delta"]);
}

#[tokio::test]
async fn pages_are_cut_by_number_and_by_cursor() {
    let (_app, notes) = sample().await;
    let order =
        Note::COLUMNS.rank.is_not_null().or(Note::COLUMNS.rank.is_null()).order_by(Note::COLUMNS.rank.desc());
    let by_number = notes.list(order.clone().page(2, 1)).await.expect("a page");
    assert_eq!(titles(&by_number.items), ["gamma"]);
    let mut select = order.clone().limit(1);
    let mut seen = Vec::new();
    loop {
        let page = notes.list(select.clone()).await.expect("a page");
        seen.extend(page.items.into_iter().map(|note| note.data.title));
        let Some(next) = page.next else { break };
        select = select.cursor(next);
    }
    assert_eq!(seen, ["alpha", "gamma", "Beta"]);
    let first = notes.first(order.clone().offset(1)).await.expect("it looks").expect("there is one");
    assert_eq!(first.data.title, "gamma");
    assert!(notes.first(Note::COLUMNS.title.eq("none")).await.expect("it looks").is_none());
    let cursor = notes.list(order.limit(1)).await.expect("a page").next.expect("there is more");
    let other = notes.list(Note::COLUMNS.rank.is_not_null().limit(1).cursor(cursor)).await;
    assert!(matches!(&other, Err(Error::InvalidQuery(text)) if text.contains("another query")), "{other:?}");
    assert!(notes.list(Select::all().cursor("nonsense")).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_asked_is_an_error_before_anything_is_read() {
    let (_app, notes) = sample().await;
    let pattern = notes.list(Note::COLUMNS.title.regex("(")).await;
    assert!(matches!(&pattern, Err(Error::InvalidExpression { .. })), "{pattern:?}");
    let order = notes.list(Select::all().order_by(Note::META.rev_status.asc())).await;
    assert!(matches!(&order, Err(Error::InvalidQuery(text)) if text.contains("rev_status")), "{order:?}");
    let many = notes.count(Note::COLUMNS.rank.in_(0..2_000)).await;
    assert!(many.is_err(), "{many:?}");
    let unindexed = specstar::qb::parse("QB[\"text\"] == \"a\"").expect("an expression");
    assert!(matches!(notes.count(unindexed).await, Err(Error::InvalidQuery(_))));
}

#[tokio::test]
async fn a_stream_walks_through_pages_while_others_write() {
    const ALL: i64 = 350;
    let app = TestApp::new(resources()).await;
    let notes = app.app().repository::<Note>();
    for rank in 0..ALL {
        notes.create(&note("old", Some(rank * 2), &[])).await.expect("written");
    }
    let mut rows = notes.stream(Select::all().order_by(Note::COLUMNS.rank.desc()));
    let mut seen = Vec::new();
    while let Some(row) = rows.try_next().await.expect("a row") {
        // Before and behind the place where the stream is.
        if seen.len() % 50 == 10 {
            let rank = row.data.rank.expect("a rank");
            notes.create(&note("new", Some(rank + 1), &[])).await.expect("written");
            notes.create(&note("new", Some(-rank), &[])).await.expect("written");
        }
        seen.push(row);
    }
    let old: Vec<i64> =
        seen.iter().filter(|row| row.data.title == "old").filter_map(|row| row.data.rank).collect();
    assert_eq!(old, (0..ALL).rev().map(|rank| rank * 2).collect::<Vec<_>>(), "each once and in order");
    let ids: HashSet<&str> = seen.iter().map(Stored::resource_id).collect();
    assert_eq!(ids.len(), seen.len(), "nothing twice");
    assert!(seen.is_sorted_by(|a, b| a.data.rank >= b.data.rank));
}

#[tokio::test]
async fn a_stream_ends_with_its_limit() {
    let app = TestApp::new(resources()).await;
    let notes = app.app().repository::<Note>();
    for rank in 0..210 {
        notes.create(&note("a", Some(rank), &[])).await.expect("written");
    }
    let ranks = |select: Select<Note>| {
        notes.stream(select).map_ok(|row| row.data.rank.expect("a rank")).try_collect::<Vec<_>>()
    };
    let walked = ranks(Select::all().limit(205).offset(3)).await.expect("rows");
    assert_eq!(walked, (3..208).collect::<Vec<_>>());
    assert_eq!(
        ranks(qb!(Note: (QB["rank"] >= 205).sort("-rank"))).await.expect("rows"),
        [209, 208, 207, 206, 205]
    );
    assert!(ranks(Select::all().limit(0)).await.expect("rows").is_empty());
    assert!(ranks(Note::COLUMNS.title.regex("(").into()).await.is_err());
}

#[tokio::test]
async fn similar_words_and_near_vectors_are_found_and_sorted_by() {
    let app = TestApp::new(resources()).await;
    let spots = app.app().repository::<Spot>();
    for (name, place) in [("Old harbour", Some([0.0, 1.0])), ("New harbor", Some([3.0, 0.0])), ("Hill", None)]
    {
        spots
            .create(&Spot { name: name.into(), place: place.map(|at: [f32; 2]| at.to_vec()) })
            .await
            .expect("made");
    }
    let names = |page: specstar::repository::Page<Spot>| -> Vec<String> {
        page.items.into_iter().map(|spot| spot.data.name).collect()
    };
    let (name, place) = (Spot::COLUMNS.name, Spot::COLUMNS.place);
    assert_eq!(
        names(spots.list(name.fuzzy("harbour")).await.expect("a list")),
        ["Old harbour", "New harbor"]
    );
    assert_eq!(names(spots.list(name.fuzzy_by("harbour", 0.9)).await.expect("a list")), ["Old harbour"]);
    assert_eq!(names(spots.list(place.l2([0.0, 0.0]).lt(2.0)).await.expect("a list")), ["Old harbour"]);
    let nearest = Select::all().order_by(place.l2([4.0_f32, 0.0]).desc()).limit(2);
    assert_eq!(names(spots.list(nearest).await.expect("a list")), ["Old harbour", "New harbor"]);
    let alike = Select::all().order_by(name.similarity("hill")).limit(1);
    assert_eq!(names(spots.list(alike).await.expect("a list")), ["Hill"]);
    let walked = spots.stream(qb!(Spot: QB.all().sort(QB["place"].cosine([1, 0]))));
    assert_eq!(walked.try_collect::<Vec<_>>().await.expect("rows").len(), 3);
    let short = spots.list(place.l2([1.0]).lt(1.0)).await;
    assert!(matches!(&short, Err(Error::InvalidExpression { .. })), "{short:?}");
}
