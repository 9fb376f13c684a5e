//! The length of an array is known.

use specstar::prelude::*;

type Three = [f32; 3];

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[vector(dim = 3)]
    place: [f32; 4],
    #[vector(metric = "l2", dim = 2)]
    #[schema(value_type = Option<Vec<f32>>)]
    direction: Option<Three>,
    #[vector(dim = 4)]
    right: [f32; 4],
}

fn main() {}
