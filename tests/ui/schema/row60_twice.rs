//! In one chain a version leads to one other; all of it is said at once.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" => same, "v2" => same, "v1" -> "v3" => same))]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate(none => same, "v1" => same, none => same, "v4" -> "v5" => same))]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" => same), migrate("v2" => same))]
struct Group {
    name: String,
}

fn main() {}
