//! A path leads to one action, a label names one, and each has its resource beside it.

use specstar::prelude::*;
use specstar::Result;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Team {
    name: String,
}

#[update_action(User)]
async fn level_up(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

#[update_action(User, path = "level-up", mode = "modify", label = "Other")]
async fn other(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

#[create_action(User, label = "Level up")]
async fn labelled() -> Result<Option<User>> {
    Ok(None)
}

#[create_action(Team)]
async fn found() -> Result<Option<Team>> {
    Ok(None)
}

async fn plain() {}
enum Type {}

fn main() {
    let _ = resources![User; actions(level_up, other, labelled, found)];
    let _ = resources![User; actions(Type)];
    let _ = resources![User; actions(plain)];
    let _ = resources![User; act(level_up)];
}
