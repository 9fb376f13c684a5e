//! What other languages write.

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
    let _ = qb!(User: QB["active"] and QB["age"] > 1);
    let _ = qb!(User: QB["active"] or QB["age"]);
    let _ = qb!(User: not QB["active"]);
    let _ = qb!(User: QB["age"] in [1, 2]);
    let _ = qb!(User: QB["age"] > 1 && QB["active"]);
    let _ = qb!(User: QB["age"] > 1 || QB["active"]);
    let _ = qb!(User: !QB["active"]);
    let _ = qb!(User: QB["age"] = 1);
    let _ = qb!(User: QB["age"] ^ 1);
    let _ = qb!(User: QB["active"] == true);
}
