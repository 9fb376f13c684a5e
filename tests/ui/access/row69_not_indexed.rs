//! A scope is a condition on indexed fields and metadata.

use specstar::access::{Principal, Scope};
use specstar::prelude::*;

fn own(principal: &Principal) -> Scope<User> {
    User::COLUMNS.owner.eq(principal.name()).into()
}

fn same(name: &str) -> specstar::Select<User> {
    qb!(User: QB["owner"] == name)
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(scope = own)]
struct User {
    owner: String,
    #[indexed]
    name: String,
}

fn main() {
    let _ = same;
}
