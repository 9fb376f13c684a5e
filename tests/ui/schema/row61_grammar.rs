//! What a step looks like.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate())]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate(v1 => UserV1))]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate = "v1")]
struct Group {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", on_decode_error = "hide")]
struct Crowd {
    name: String,
}

fn main() {}
