//! A key names one index.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed(key = "strength")]
    power: i64,
    #[indexed]
    strength: i64,
    #[indexed(path = "a.b", type = i64)]
    a: Vec<u8>,
    #[indexed]
    a_b: i64,
}

fn main() {}
