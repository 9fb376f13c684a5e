//! Only resources are registered.

use specstar::prelude::*;

struct Zone;

fn main() {
    let _ = resources![Zone];
}

