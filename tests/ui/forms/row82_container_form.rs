//! A resource is an object of its own fields.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[serde(tag = "kind")]
struct User {
    name: String,
}

fn main() {}
