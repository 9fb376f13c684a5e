//! A vector is a list of 32-bit floats.

use specstar::prelude::*;

type Text = String;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Doc {
    #[vector(dim = 3)]
    words: Vec<String>,
    #[vector(dim = 3)]
    doubles: Option<Vec<f64>>,
    #[vector(dim = 3)]
    text: Text,
}

fn main() {}
