//! The declared version needs no step, and a step leads somewhere else.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v3" => same))]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" -> "v1" => same))]
struct Team {
    name: String,
}

fn main() {}
