//! A vector is no id.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[reference(Doc)]
    #[vector(dim = 3)]
    summary: Vec<f32>,
    #[vector(dim = 3)]
    #[reference(Doc)]
    other: Vec<f32>,
}

fn main() {}
