//! Values are described in the OpenAPI document.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, Resource)]
struct User {
    name: String,
}

fn main() {}
