//! Methods that do not fit the field.

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
    let _ = qb!(User: QB["tags"].starts_with("a"));
    let _ = qb!(User: QB["active"].icontains("a"));
    let _ = qb!(User: QB["name"].today());
    let _ = qb!(User: QB["age"].any().eq(1));
    let _ = qb!(User: QB["age"].length() > 1);
    let _ = qb!(User: QB["active"].sort("tags"));
    let _ = qb!(User: QB["tags"].is_empty());
    let _ = qb!(User: QB["name"] % 5);
}
