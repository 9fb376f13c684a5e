//! An index key is the name of its variant.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, IndexKey)]
enum Level {
    Low,
    Other(String),
}

#[derive(Serialize, Deserialize, IndexKey)]
struct Name(String);

#[derive(Serialize, Deserialize, IndexKey)]
#[serde(untagged)]
enum Unit {
    Metre,
}

fn main() {}
