//! Ids are text.

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
    #[reference(Zone)]
    zone: u64,
    #[reference]
    guild: Option<i32>,
    #[reference]
    page: RevisionRef<Zone>,
    #[reference(revision)]
    old: Ref<Zone>,
}

fn main() {}
