//! Operands of another type, at the operand.

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
    let _ = qb!(User: QB["age"] >= "18");
    let _ = qb!(User: QB["name"] == 18);
    let _ = qb!(User: QB["age"].in_([1, "2"]));
    let _ = qb!(User: QB["active"] == 1);
    let _ = qb!(User: QB["seen"] >= "2024-01-01");
    let _ = qb!(User: QB["tags"] >> 1);
    let limit = "a";
    let _ = qb!(User: QB["age"] < limit);
}
