//! A known key in a form it does not have.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name("x"), schema, unique = "name")]
struct User {
    #[display_name = "x"]
    name: String,
    #[unique = "x"]
    email: String,
}

fn main() {}
