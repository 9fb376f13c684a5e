//! Expressions that end too early or go on too long.

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
    let _ = qb!(User);
    let _ = qb!();
    let _ = qb!(User:);
    let _ = qb!(User: QB["age"] >=);
    let _ = qb!(User: QB["age"] 5);
    let _ = qb!(User: QB["age"].eq);
    let _ = qb!(User: QB[age] == 1);
    let _ = qb!(User: QB[] == 1);
    let _ = qb!(User: QB == 1);
    let _ = qb!(User: QB("age") == 1);
    let _ = qb!(User: QB["age"].eq(1 2));
    let _ = qb!(User: [QB["age"] 1]);
    let _ = qb!(User: 5);
    let _ = qb!(User: ~QB.all());
    let _ = qb!(User: QB.any());
    let _ = qb!(User: QB["name"]["x"] == "y");
}
