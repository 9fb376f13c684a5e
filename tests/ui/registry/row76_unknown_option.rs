//! The one option of a list.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

fn main() {
    let _ = resources![deny_by_defualt; User];
}
