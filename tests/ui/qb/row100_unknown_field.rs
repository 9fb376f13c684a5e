//! A name that is not indexed, at the name.

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
    let _ = qb!(User: QB["agee"] >= 18);
    let _ = qb!(User: QB["note"] == "a");
    let _ = qb!(User: QB["age"].between(1, 2).sort("-agee"));
    let _ = qb!(User: QB["no such"] == 1);
}
