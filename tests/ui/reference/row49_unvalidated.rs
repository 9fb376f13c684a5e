//! A delete is held back by references that are known to be there; a revision is never looked for.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Zone {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Guild {
    #[reference(validate = false, on_delete = "restrict")]
    zone: Ref<Zone>,
    #[reference(validate = false, on_delete = "cascade")]
    other: Ref<Zone>,
    #[reference(validate = true, on_delete = "restrict")]
    third: Ref<Zone>,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Hero {
    #[reference(validate = "no")]
    guild: Ref<Guild>,
    #[reference(validate = false, validate = false)]
    zone: Ref<Zone>,
    #[reference(revision, validate = false)]
    seen: RevisionRef<Zone>,
}

fn main() {}
