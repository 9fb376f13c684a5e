//! Similarity and distance in expressions.

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
    let _ = qb!(User: QB["age"].fuzzy("1"));
    let _ = qb!(User: QB["name"].fuzzy(5));
    let _ = qb!(User: QB["name"].fuzzy("a", "b"));
    let _ = qb!(User: QB["name"].similarity("a") > 0.5);
    let _ = qb!(User: QB["face"].l2([1, 2]) == 1);
    let _ = qb!(User: QB["face"].l2([1, 2]) < "1");
    let _ = qb!(User: QB["face"].l2(["1"]) < 1);
    let _ = qb!(User: QB["face"].l2([1, 2]));
    let _ = qb!(User: QB["face"].l2([1, 2]).ascending());
    let _ = qb!(User: QB["name"].l2([1, 2]) < 1);
}
