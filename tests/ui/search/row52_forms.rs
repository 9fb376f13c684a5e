//! Each key has a form, and is given once.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[vector(dim = "3")]
    text: Vec<f32>,
    #[vector(dim)]
    flag: Vec<f32>,
    #[vector(dim = 3, dims = 4)]
    misspelt: Vec<f32>,
    #[vector(dim = 3, dim = 4)]
    twice: Vec<f32>,
    #[vector(dim = 3, encoder = bge)]
    encoder: Vec<f32>,
}

fn main() {}
