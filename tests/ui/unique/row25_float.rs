//! Also through an alias.

use specstar::prelude::*;

type Score = f64;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[unique]
    score: Score,
    #[unique]
    ratio: Option<f32>,
}

fn main() {}
