//! Every version that is named reaches the declared one.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" -> "v2" => same))]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v9", migrate("v1" => same, plus("v2" -> "v3" => same, "v4" -> "v2" => same)))]
struct Team {
    name: String,
}

fn main() {}
