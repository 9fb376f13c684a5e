//! Clients never send it.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
    #[readonly]
    score: i64,
    #[readonly]
    note: Option<String>,
    #[readonly]
    #[serde(default)]
    visits: u64,
}

fn main() {}
