//! Keys become names in a database.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed(key = "the_quick_brown_fox_jumps_over_the_lazy_dog")]
    power: i64,
}

fn main() {}
