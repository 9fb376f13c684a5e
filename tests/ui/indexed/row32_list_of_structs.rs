//! A list holds scalars.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema)]
struct Address {
    city: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    homes: Vec<Address>,
    #[indexed]
    old: Vec<Vec<String>>,
}

fn main() {}
