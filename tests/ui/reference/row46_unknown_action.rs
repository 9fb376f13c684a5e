//! The nearest action is named.

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
    #[reference(on_delete = "casade")]
    guild: Ref<Guild>,
    #[reference(revison)]
    zone: Ref<Zone>,
}

fn main() {}
