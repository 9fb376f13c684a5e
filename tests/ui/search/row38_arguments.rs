//! A mark without arguments, once.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[trigram(words)]
    name: String,
    #[trigram]
    #[trigram]
    nick: String,
}

fn main() {}
