//! One route serves one type.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, Resource)]
struct Job<T> {
    payload: T,
}

fn main() {}
