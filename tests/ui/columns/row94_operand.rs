//! Operands of another type.

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
    let _ = User::COLUMNS.age.ge("18");
    let _ = User::COLUMNS.name.eq(18);
    let _ = User::COLUMNS.age.gt(1.5);
    let _ = User::COLUMNS.seen.le("2024-01-01");
    let _ = User::COLUMNS.tags.eq("a");
    let _ = User::COLUMNS.name.in_([1, 2]);
    let _ = User::COLUMNS.tags.contains_any([1]);
    let _ = User::COLUMNS.tags.any().eq(1);
    let _ = User::COLUMNS.name.is_true();
    let _ = User::COLUMNS.team.eq(None::<Ref<User>>);
    let _ = User::META.is_deleted.eq("yes");
}
