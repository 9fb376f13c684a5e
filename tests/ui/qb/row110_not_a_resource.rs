//! A type that is no resource.

use specstar::prelude::*;

struct User {
    age: u32,
}

fn main() {
    let _ = qb!(User: QB["age"] > 1);
}
