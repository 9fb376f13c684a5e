//! The calendar applies to date-times.

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
    let _ = User::COLUMNS.name.today();
    let _ = User::META.total_revision_count.last_n_days(2);
}
