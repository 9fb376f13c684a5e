//! A version that the locked one could read is an older one.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v1")]
struct LockedUser {
    name: String,
}

fn main() {}
