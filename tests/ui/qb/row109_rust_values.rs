//! Rust values.

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
    let least = 1;
    let user = (1, 2);
    let _ = qb!(User: QB["age"] > least + 1);
    let _ = qb!(User: QB["age"] > user.0);
    let _ = qb!(User: QB["age"] > u32::max_value());
    let _ = qb!(User: QB["age"] > {});
    let _ = qb!(User: QB["active"] & least);
    let _ = qb!(User: QB["age"] > least & QB["active"]);
    let _ = qb!(User: QB["age"] > unknown);
}
