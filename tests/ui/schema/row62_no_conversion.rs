//! A step needs a conversion, and a shape that can be read.

use specstar::prelude::*;

#[derive(Deserialize)]
struct UserV1 {
    name: String,
}

#[derive(Deserialize)]
struct UserV2 {
    name: String,
}

impl From<UserV2> for User {
    fn from(old: UserV2) -> Self {
        Self { name: old.name }
    }
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" => UserV1, "v2" => UserV2))]
struct User {
    name: String,
}

struct TeamV1 {
    name: String,
}

impl From<TeamV1> for Team {
    fn from(old: TeamV1) -> Self {
        Self { name: old.name }
    }
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v2", migrate("v1" => TeamV1))]
struct Team {
    name: String,
}

fn main() {}
