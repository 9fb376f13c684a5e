//! Types are checked, names of routes are not.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    #[reference("war-zone")]
    zone: String,
}

fn main() {}
