//! What the attributes themselves see.

use specstar::prelude::*;
use specstar::Result;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

#[create_action]
async fn nameless() -> Result<User> {
    unimplemented!()
}

#[create_action(User, label = "", lable = "x", mode = "update")]
async fn generic<T>() -> Result<User> {
    unimplemented!()
}

#[update_action(User, mode = "modfy", path = "a b")]
async fn misspelt(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

#[update_action(User, path = "{a}/b")]
async fn parameter_first(_existing: Existing<User>) {}

#[update_action(User, path = "a/{resource_id}/{b}/{b}")]
async fn parameters(existing: Existing<User>) -> Result<User> {
    Ok(existing.data)
}

#[update_action(User)]
async fn borrowed(user: &User) -> Result<User> {
    unimplemented!("{}", user.name)
}

#[update_action(User)]
struct Function;

fn main() {
    let _ = resources![User; actions(nameless, generic, misspelt, parameter_first, parameters)];
}
