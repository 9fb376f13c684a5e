//! Metadata has these names.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    created_by: String,
    #[serde(rename = "resource_id")]
    id: String,
    rev_number: u32,
}

fn main() {}
