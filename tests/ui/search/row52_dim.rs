//! A vector has a length, within what databases keep.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[vector]
    none: Vec<f32>,
    #[vector(metric = "l2")]
    metric_only: Vec<f32>,
    #[vector(dim = 0)]
    zero: Vec<f32>,
    #[vector(dim = 16001)]
    long: Vec<f32>,
    #[vector(dim = 99999999999999999999999999)]
    endless: Vec<f32>,
}

fn main() {}
