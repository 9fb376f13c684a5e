//! Everything `qb!` accepts, beside what it stands for.

use specstar::prelude::*;
use specstar::{Condition, Select};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema, IndexKey)]
pub enum Stage {
    Early,
    Late,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub struct Address {
    city: String,
}

mod model {
    use super::{Address, Stage};
    use specstar::prelude::*;

    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    pub struct User {
        #[indexed]
        pub name: String,
        #[indexed]
        pub age: u32,
        #[indexed]
        pub score: Option<f64>,
        #[indexed]
        pub active: bool,
        #[indexed]
        pub tags: Vec<String>,
        #[indexed]
        pub seen: Option<DateTime>,
        #[indexed]
        pub r#type: Stage,
        #[reference]
        pub boss: Option<Ref<User>>,
        #[indexed(path = "address.city", type = String)]
        pub address: Option<Address>,
    }
}

use model::User;

mod limits {
    pub const LEAST: u32 = 18;
}

/// In a function of a module, with the crate under another name.
mod elsewhere {
    use specstar as star;

    pub fn adults(least: u32) -> star::Select<super::model::User> {
        star::qb!(super::model::User: QB["age"] >= least)
    }
}

fn same(select: Select<User>, condition: Condition<User>) {
    assert_eq!(select, condition.into());
}

fn main() {
    let of = User::COLUMNS;
    same(qb!(User: QB["age"] >= 18), of.age.ge(18));
    same(qb!(User: 18 > QB["age"]), of.age.lt(18));
    same(qb!(User: 18 <= QB["age"] < 30), of.age.ge(18).and(of.age.lt(30)));
    same(elsewhere::adults(3), of.age.ge(3));
    same(qb!(User: QB["age"] == limits::LEAST), of.age.eq(limits::LEAST));
    same(qb!(User: QB["age"] != { limits::LEAST + 1 }), of.age.ne(19));
    same(qb!(User: QB["age"] == { let one = 1; one + 1 }), of.age.eq(2));
    same(qb!(User: QB["score"] <= -1), of.score.le(-1));
    same(qb!(User: QB["score"] > 1 / 2), of.score.gt(0.5));
    same(qb!(User: QB["active"] & ~QB["score"]), of.active.is_truthy() & !of.score.is_truthy());
    same(qb!(User: QB["tags"] >> "a"), of.tags.contains("a"));
    same(qb!(User: QB["tags"] == ["a", "b"]), of.tags.eq(["a", "b"]));
    same(qb!(User: QB["tags"] != []), of.tags.ne([] as [&str; 0]));
    same(qb!(User: QB["age"] << (1, 2, 3,)), of.age.in_([1, 2, 3]));
    same(qb!(User: QB["age"] << []), of.age.in_([] as [u32; 0]));
    same(qb!(User: QB["name"] % "^a" "b$"), of.name.regex("^ab$"));
    same(qb!(User: QB["name"].match("a")), of.name.regex("a"));
    same(qb!(User: QB["name"].not_contains("a")), !of.name.contains("a"));
    same(qb!(User: QB["type"] == Stage::Late), of.r#type.eq(Stage::Late));
    same(qb!(User: QB["boss"] == "user:1"), of.boss.eq("user:1"));
    same(qb!(User: QB["address.city"].like("R%")), of.address_city.like("R%"));
    same(qb!(User: QB["tags"].any().starts_with("a")), of.tags.any().starts_with("a"));
    same(qb!(User: QB["tags"].length() >= 2), of.tags.length().ge(2));
    same(qb!(User: QB["tags"].contains_any("a")), of.tags.contains_any(["a"]));
    same(qb!(User: QB["name"].is_null(False)), of.name.is_not_null());
    same(qb!(User: QB["name"].is_blank() | QB["name"].is_empty()), of.name.is_blank() | of.name.is_empty());
    same(qb!(User: QB["active"].is_false()), of.active.is_false());
    same(qb!(User: QB["age"].in_range(min_val=1, max_val=2)), of.age.between(1, 2));
    same(qb!(User: QB["seen"].today()), of.seen.today());
    same(qb!(User: QB["seen"].last_n_days(7)), of.seen.last_n_days(7));
    same(qb!(User: QB.created_time().this_week()), User::META.created_time.this_week());
    same(qb!(User: QB["created_by"] == "ann"), User::META.created_by.eq("ann"));
    same(qb!(User: QB.schema_version().is_null()), User::META.schema_version.is_null());
    same(qb!(User: QB.total_revision_count() > 1), User::META.total_revision_count.gt(1));
    let at: DateTime = "2024-01-03T00:00:00Z".parse().unwrap();
    same(qb!(User: QB["seen"] < dt.datetime(2024, 1, 1) + 2 * dt.timedelta(days=1)), of.seen.lt(at));
    same(qb!(User: QB["seen"] < at), of.seen.lt(at));
    same(qb!(User: QB.all()), Condition::all([]));
    same(qb!(User: QB.all() & QB["active"]), of.active.is_truthy());
    same(
        qb!(User: QB.any(QB["age"] > 1, QB["active"] == True, QB["name"] == "x")),
        of.age.gt(1) | of.active.eq(true) | of.name.eq("x"),
    );
    same(
        qb!(User: QB["active"].filter(QB["age"] > 1).exclude(QB["name"] == "x")),
        of.active.is_truthy() & of.age.gt(1) & !of.name.eq("x"),
    );
    let mine = of.name.eq("me");
    same(qb!(User: mine & (QB["age"] > 1)), of.name.eq("me") & of.age.gt(1));

    let count = 5;
    assert_eq!(
        qb!(User: (QB["age"] > 1).sort("-age", "+name", QB.created_time().desc()).limit(count).offset(2)),
        of.age.gt(1).order_by(of.age.desc()).order_by(of.name.asc()).order_by(User::META.created_time.desc()).limit(5).offset(2)
    );
    assert_eq!(qb!(User: QB.all().page(3)), Select::all().page(3, 20));
    assert_eq!(qb!(User: QB["active"].first()), of.active.is_truthy().limit(1));
    assert_eq!(qb!(User: QB.all(QB["active"].limit(2))), of.active.is_truthy().limit(2));
    assert_eq!(qb!(User: QB["active"].limit(2) & QB["age"]), (of.active.is_truthy() & of.age.is_truthy()).into());
    let today = qb!(User: QB["seen"] >= dt.date.today() - dt.timedelta(days=1)).to_string();
    assert!(today.contains("0, 0, 0, 0, dt.UTC"), "{today}");
}
