//! Vectors are compared by distance.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(unique("name", "place"))]
struct Doc {
    name: String,
    #[vector(dim = 3)]
    #[unique]
    summary: Vec<f32>,
    #[unique]
    #[vector(dim = 3)]
    other: Vec<f32>,
    #[vector(dim = 3)]
    place: Vec<f32>,
}

fn main() {}
