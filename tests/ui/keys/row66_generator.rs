//! Ids come from a known generator or a function.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(id = "uuid7")]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(id = "serial")]
struct Team {
    name: String,
}

fn number() -> u64 {
    7
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(id = number)]
struct Zone {
    name: String,
}

fn main() {}
