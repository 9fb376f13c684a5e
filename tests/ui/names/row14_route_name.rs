//! A route name is one path segment.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "User Profile")]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "")]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Größe {
    name: String,
}

fn main() {}
