//! One field shows the resource.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[display_name]
    title: String,
    #[display_name]
    name: String,
}

fn main() {}
