//! Unique needs one value.

use specstar::prelude::*;

use std::collections::HashMap;

#[derive(Serialize, Deserialize, ToSchema)]
struct Address {
    city: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[unique]
    tags: Vec<String>,
    #[unique]
    notes: HashMap<String, String>,
    #[unique]
    home: Option<Address>,
    #[unique]
    photo: Blob,
}

fn main() {}
