//! Attribute and type agree.

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
    guild: Ref<Guild>,
    #[reference(Zone)]
    zones: Vec<Ref<Zone>>,
}

fn main() {}
