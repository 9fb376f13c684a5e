//! A reference points to a resource.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema)]
struct Zone {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    #[reference(Zone)]
    first: String,
    #[reference]
    second: Option<Ref<Zone>>,
    #[reference(revision)]
    third: RevisionRef<Zone>,
}

fn main() {}
