//! A list that denies by default wants to hear who may do what.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = open)]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

fn main() {
    let _ = resources![deny_by_default; Team, User];
}
