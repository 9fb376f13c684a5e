//! Built-in routes keep their names.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "blobs")]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "_users")]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Docs {
    name: String,
}

fn main() {}
