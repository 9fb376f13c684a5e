//! Fields have names.

use specstar::prelude::*;

#[derive(Resource)]
struct User;

fn main() {}
