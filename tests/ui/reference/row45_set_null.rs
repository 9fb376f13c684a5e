//! Only what can be null is set to null.

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
    #[reference(on_delete = "set_null")]
    guild: Ref<Guild>,
    #[reference(on_delete = "set_null")]
    zones: Vec<Ref<Zone>>,
}

fn main() {}
