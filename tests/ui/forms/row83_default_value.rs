//! Default values of fields are not stable Rust.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    age: u32 = 18,
}

fn main() {}
