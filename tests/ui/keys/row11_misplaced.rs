//! Marks stand on fields, options on the struct.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[unique]
#[display_name]
struct User {
    #[resource(name = "user")]
    email: String,
}

fn main() {}
