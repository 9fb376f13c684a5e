//! Texts are string literals.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = 5, openapi = "no", validate = "check")]
struct User {
    #[indexed(key = 1)]
    age: u32,
}

fn main() {}
