//! Fields have names.

use specstar::prelude::*;

#[derive(Resource)]
struct User(String, u32);

fn main() {}
