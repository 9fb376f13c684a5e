//! One field is not a composite.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(unique("guild"), unique("guild", "guild"))]
struct User {
    guild: String,
}

fn main() {}
