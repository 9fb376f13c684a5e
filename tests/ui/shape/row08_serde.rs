//! Values are stored as JSON.

use specstar::prelude::*;

#[derive(ToSchema, Resource)]
struct User {
    name: String,
}

fn main() {
    let _ = resources![User];
}

