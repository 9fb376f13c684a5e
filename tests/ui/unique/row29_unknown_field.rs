//! The nearest field is named.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(unique("guild", "nicknam"))]
struct User {
    guild: String,
    nickname: String,
}

fn main() {}
