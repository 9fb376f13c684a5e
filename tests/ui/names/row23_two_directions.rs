//! What is written is read again.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[serde(rename(serialize = "a", deserialize = "b"))]
    name: String,
}

fn main() {}
