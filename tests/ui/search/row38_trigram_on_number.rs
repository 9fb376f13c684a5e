//! Similar words are looked for in text.

use specstar::prelude::*;

use std::collections::HashMap;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[trigram]
    age: u32,
    #[indexed]
    #[trigram]
    scores: Option<Vec<f64>>,
    #[trigram]
    notes: HashMap<String, String>,
    #[unique]
    #[trigram]
    code: i64,
}

fn main() {}
