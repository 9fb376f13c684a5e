//! A resource is a struct.

use specstar::prelude::*;

#[derive(Resource)]
enum Shape {
    Circle,
    Square,
}

fn main() {}
