//! An action gives its resource, or nothing.

use specstar::prelude::*;
use specstar::Result;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

#[create_action(User)]
async fn bare() -> User {
    unimplemented!()
}

#[create_action(User)]
async fn text() -> Result<String> {
    unimplemented!()
}

#[update_action(User)]
async fn other_error(existing: Existing<User>) -> std::result::Result<User, String> {
    Ok(existing.data)
}

fn main() {}
