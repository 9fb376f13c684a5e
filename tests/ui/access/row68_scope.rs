//! A scope is of the resources of this type.

use specstar::access::{Principal, Scope};
use specstar::prelude::*;

fn teams(_: &Principal) -> Scope<Team> {
    Scope::All
}

fn flag(_: &Principal) -> bool {
    true
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(scope = teams)]
struct Team {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(scope = teams)]
struct User {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(scope = flag)]
struct Zone {
    name: String,
}

fn main() {}
