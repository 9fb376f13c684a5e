//! Locked fields, and others under a raised version.

use specstar::prelude::*;

mod same {
    use specstar::prelude::*;

    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v2", migrate("v1" => same))]
    pub struct LockedUser {
        pub name: String,
        pub nick: Option<String>,
        pub age: u32,
    }
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v1", migrate(none => same))]
struct LockedTeam {
    name: String,
    #[serde(default)]
    place: String,
}

fn main() {
    let shapes = specstar::schema::lock::shapes(&[same::LockedUser::ENTRY, LockedTeam::ENTRY]);
    assert_eq!(shapes.resources["locked-user"].fields[1].type_name, "Option<String>");
    assert_eq!(shapes.resources["locked-team"].older, [None]);
}
