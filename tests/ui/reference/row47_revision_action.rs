//! A revision outlives its resource.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Zone {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Guild {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    #[reference(revision, on_delete = "cascade")]
    guild: RevisionRef<Guild>,
}

fn main() {}
