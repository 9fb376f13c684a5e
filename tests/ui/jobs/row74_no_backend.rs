//! An action that runs as a job makes a resource type, and a list says what it brings.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    name: String,
}

#[create_action(Hero, mode = "job")]
async fn summon() -> specstar::Result<Hero> {
    Ok(Hero { name: "a".into() })
}

fn main() {
    let _ = resources![Hero; actions(summon); jobs];
    let _ = resources![Hero; actions(summon)];
}
