//! Steps lead to a declared version.

use specstar::prelude::*;

#[derive(Deserialize)]
struct UserV1 {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(migrate("v1" => UserV1))]
struct User {
    name: String,
}

fn main() {}
