//! A status is draft or stable.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(default_status = "final")]
struct User {
    name: String,
}

fn main() {}
