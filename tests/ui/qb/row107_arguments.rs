//! Arguments.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    name: String,
    #[indexed]
    age: u32,
    #[indexed]
    active: bool,
    #[indexed]
    tags: Vec<String>,
    #[indexed]
    seen: Option<DateTime>,
    note: String,
}

fn main() {
    let _ = qb!(User: QB["age"].eq());
    let _ = qb!(User: QB["age"].eq(1, 2));
    let _ = qb!(User: QB["age"].eq(valu=1));
    let _ = qb!(User: QB["age"].between(1, min_val=2));
    let _ = qb!(User: QB["age"].between(min_val=1, 2));
    let _ = qb!(User: QB["age"].is_true(1));
    let _ = qb!(User: QB["age"].in_(1));
    let _ = qb!(User: QB["age"] == None);
    let _ = qb!(User: QB["seen"].today(tz=99));
    let _ = qb!(User: QB["seen"].this_week(week_start=7));
    let _ = qb!(User: QB["age"].is_null("no"));
    let _ = qb!(User: QB["age"].limit(-1));
    let _ = qb!(User: QB["age"].limit("1"));
    let _ = qb!(User: QB["age"].page(0));
    let _ = qb!(User: QB["age"].sort(QB["age"]));
    let _ = qb!(User: QB["age"].filter(5));
}
