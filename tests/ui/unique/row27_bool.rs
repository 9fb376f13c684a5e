//! A flag has two values.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[unique]
    leader: bool,
    #[unique(allow_bool)]
    founder: Option<bool>,
}

fn main() {}
