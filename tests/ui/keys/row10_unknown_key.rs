//! The nearest known key is named.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(shcema = "v1", colour = 3)]
struct User {
    #[unique(cse = "insensitive")]
    email: String,
    #[indexed(keey = "years")]
    age: u32,
    #[reference(on_delte = "cascade")]
    team: String,
}

fn main() {}
