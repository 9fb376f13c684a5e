//! Names of other libraries.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[uniq]
    email: String,
    #[index]
    age: u32,
    #[fk]
    team: String,
    #[sort]
    rank: u32,
    #[read_only]
    score: u32,
}

fn main() {}
