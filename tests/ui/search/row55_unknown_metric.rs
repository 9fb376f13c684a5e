//! The nearest metric is named.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[vector(dim = 3, metric = "cosin")]
    summary: Vec<f32>,
    #[vector(dim = 3, metric = "manhattan")]
    place: Vec<f32>,
}

fn main() {}
