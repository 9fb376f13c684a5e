//! A stored value borrows from nothing.

use specstar::prelude::*;

#[derive(Resource)]
struct User<'a> {
    name: &'a str,
}

fn main() {
    let _ = resources![User];
}

