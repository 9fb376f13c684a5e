//! The derive sees no other type.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema)]
struct Stats {
    power: i64,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed(path = "stats.power")]
    stats: Stats,
    #[indexed(type = i64)]
    more: Stats,
    #[indexed(path = "power", type = i64)]
    other: Stats,
}

fn main() {}
