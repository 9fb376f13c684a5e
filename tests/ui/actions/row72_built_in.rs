//! Built-in routes keep their paths.

use specstar::prelude::*;
use specstar::Result;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "people")]
struct User {
    name: String,
}

#[create_action(User, path = "export")]
async fn take_out() -> Result<Option<User>> {
    Ok(None)
}

#[create_action(User)]
async fn count() -> Result<Option<User>> {
    Ok(None)
}

#[update_action(User, path = "switch/back")]
async fn switch_back(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

fn main() {}
