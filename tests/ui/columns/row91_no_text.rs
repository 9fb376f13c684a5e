//! Text methods apply to texts and numbers.

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
    let _ = User::COLUMNS.active.starts_with("a");
    let _ = User::COLUMNS.seen.icontains("a");
    let _ = User::COLUMNS.tags.ends_with("a");
    let _ = User::COLUMNS.nums.any().starts_with("1").and(User::META.created_time.regex("^2"));
}
