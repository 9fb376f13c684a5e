//! People read text.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[display_name]
    age: u32,
}

fn main() {}
