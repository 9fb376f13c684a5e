//! What is read must be readable and described, and there is one body and one path.

use specstar::action::Path;
use specstar::prelude::*;
use specstar::Result;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

struct Plain;

#[derive(Deserialize, ToSchema)]
struct Described;

#[create_action(User)]
async fn plain(_: Json<Plain>) -> Result<User> {
    unimplemented!()
}

#[create_action(User)]
async fn query(_by: Query<Described>) -> Result<User> {
    unimplemented!()
}

#[create_action(User)]
async fn two(_a: Json<Described>, _b: Json<Described>) -> Result<User> {
    unimplemented!()
}

#[create_action(User, path = "of/{name}")]
async fn unread() -> Result<User> {
    unimplemented!()
}

#[create_action(User, path = "of")]
async fn nothing(_: Path<String>) -> Result<User> {
    unimplemented!()
}

fn main() {}
