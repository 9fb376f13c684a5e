//! The names of a flattened field are not known.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema)]
struct Address {
    city: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    #[serde(flatten)]
    home: Address,
    #[serde(flatten)]
    work: Address,
}

fn main() {}
