//! Comparisons without parentheses.

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
    let _ = qb!(User: QB["age"] > 80 & QB["active"]);
    let _ = qb!(User: QB["age"] > 80 & QB["age"] < 90);
    let _ = qb!(User: QB["active"] | QB["age"] == 80);
    let _ = qb!(User: 1 < QB["age"] < 2 < 3);
    let _ = qb!(User: 1 == QB["age"] < 2);
    let _ = qb!(User: QB["age"] == QB["age"]);
    let _ = qb!(User: (QB["age"] == 1) == True);
    let _ = qb!(User: QB["tags"].any() == "a");
    let _ = qb!(User: 1 == 2);
}
