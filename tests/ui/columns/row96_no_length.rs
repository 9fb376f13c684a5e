//! Lengths and elements are those of texts and lists.

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
    let _ = User::COLUMNS.age.length();
    let _ = User::COLUMNS.name.any();
    let _ = User::COLUMNS.age.is_blank();
    let _ = User::COLUMNS.tags.is_empty();
    let _ = User::COLUMNS.tags.length().eq("2");
}
