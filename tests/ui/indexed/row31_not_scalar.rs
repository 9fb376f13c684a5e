//! An index holds scalars.

use specstar::prelude::*;

use std::collections::HashMap;

#[derive(Serialize, Deserialize, ToSchema)]
struct Address {
    city: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
enum Level {
    Low,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    notes: HashMap<String, String>,
    #[indexed]
    home: Option<Address>,
    #[indexed]
    level: Level,
    #[indexed(path = "stats.power", type = Address)]
    stats: Address,
    #[indexed]
    photo: Option<Blob>,
}

fn main() {}
