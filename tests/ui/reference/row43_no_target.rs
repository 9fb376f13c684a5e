//! Text does not say what it refers to.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Zone {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Guild {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    #[reference]
    zone: String,
}

fn main() {}
