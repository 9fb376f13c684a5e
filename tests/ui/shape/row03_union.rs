//! A union has no JSON form.

use specstar::prelude::*;

#[derive(Resource)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
