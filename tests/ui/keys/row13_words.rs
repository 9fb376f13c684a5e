//! Keys with a fixed set of words.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(unknown_fields = "drop", unique("email", "age", nulls = "same"))]
struct User {
    #[unique(case = "lower")]
    email: String,
    age: u32,
}

fn main() {}
