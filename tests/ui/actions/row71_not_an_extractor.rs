//! Each argument says by its type which part of the call it is.

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
async fn rename(existing: User, name: String) -> Result<User> {
    Ok(User { name: existing.name + &name })
}

#[update_action(User)]
async fn of_another(team: Existing<Team>) -> Result<User> {
    Ok(User { name: team.data.name })
}

#[create_action(User)]
async fn copy(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

fn main() {
    let _ = specstar::resources![User, Team; actions(rename, of_another, copy)];
}
