//! A skipped field is not stored.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
    #[serde(skip)]
    #[unique]
    email: String,
}

fn main() {}
