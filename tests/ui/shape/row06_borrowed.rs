//! A stored value borrows from nothing, not even from the program.

use specstar::prelude::*;

#[derive(Serialize, ToSchema, Resource)]
struct User {
    name: &'static str,
    tags: Vec<&'static str>,
}

fn main() {}
