//! A validator looks at a borrowed value.

use specstar::prelude::*;

fn check(user: &User) -> bool {
    user.name.is_empty()
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check)]
struct User {
    name: String,
}

fn main() {}
