//! Numbers have no case.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[unique(case = "insensitive")]
    number: u64,
}

fn main() {}
