//! There must be something to store.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {}

fn main() {}
