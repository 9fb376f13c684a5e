//! Names stand in paths.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[serde(rename = "first.name")]
    first: String,
    #[serde(rename = "last/name")]
    last: String,
    _id: u32,
}

fn main() {}
