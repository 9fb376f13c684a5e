//! The second one is wrong.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "user", name = "person")]
struct User {
    #[unique]
    #[unique]
    email: String,
    #[indexed(key = "a", key = "b")]
    age: u32,
}

fn main() {}
