//! Other fields than the locked ones need another version.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v2", migrate("v1" => same))]
struct LockedUser {
    name: String,
    nickname: Option<String>,
    age: u64,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct LockedTeam {
    name: String,
    place: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v2")]
struct LockedGroup {
    name: String,
    place: String,
}

fn main() {}
