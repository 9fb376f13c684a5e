//! Similarity is that of texts, distance that of vectors.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    age: u32,
    #[trigram]
    name: String,
    #[vector(dim = 2)]
    face: Vec<f32>,
}

fn main() {
    let _ = User::COLUMNS.age.fuzzy("1");
    let _ = User::COLUMNS.face.similarity("a");
    let _ = User::COLUMNS.name.cosine([1.0, 0.5]);
    let _ = User::COLUMNS.face.l2(1.0).lt(0.5);
    let _ = User::COLUMNS.face.ip([1, 2]);
    let _ = User::COLUMNS.name.fuzzy(5);
}
