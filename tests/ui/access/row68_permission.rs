//! A permission is made by a function.

use specstar::access::Action;
use specstar::prelude::*;

fn actions() -> Action {
    Action::READ
}

fn argument(_: u8) -> specstar::access::AllowAll {
    specstar::access::AllowAll
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = actions)]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = argument)]
struct Zone {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = "open")]
struct User {
    name: String,
}

fn main() {}
