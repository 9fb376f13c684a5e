//! Lists have no order.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    name: String,
    #[indexed]
    age: u32,
    #[indexed]
    score: f64,
    #[indexed]
    active: bool,
    #[indexed]
    tags: Vec<String>,
    #[indexed]
    nums: Option<Vec<u32>>,
    #[indexed]
    seen: Option<DateTime>,
    #[indexed]
    team: Option<Ref<User>>,
    note: String,
}

fn main() {
    let _ = User::COLUMNS.tags.ge("a");
    let _ = User::COLUMNS.nums.between(1, 2);
    let _ = User::COLUMNS.tags.desc();
}
