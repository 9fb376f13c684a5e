//! Methods nothing has.

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
    let _ = qb!(User: QB["age"].contain(1));
    let _ = qb!(User: QB["tags"].any().like("a"));
    let _ = qb!(User: (QB["age"] > 1).starts_with("a"));
    let _ = qb!(User: QB.created_tim() > 1);
    let _ = qb!(User: QB["seen"] > dt.datetme(2024, 1, 1));
    let _ = qb!(User: QB["age"].length().contains("a"));
    let _ = qb!(User: QB["name"].length().is_null());
    let _ = qb!(User: "a".eq("b"));
}
