//! Index values are read from JSON.

use specstar::prelude::*;

fn quoted<S: serde::Serializer>(age: &u32, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&age.to_string())
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    #[serde(serialize_with = "quoted")]
    age: u32,
}

fn main() {}
