//! Routes and tables have one owner; case is ignored.

use specstar::prelude::*;

mod a {
    use specstar::prelude::*;

    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    pub struct User {
        name: String,
    }
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "USER")]
struct Person {
    name: String,
}

fn main() {
    let _ = resources![a::User, Person];
    let _ = resources![Person, Person];
}

