//! Two fields of one name in JSON.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[serde(rename_all = "camelCase")]
#[allow(non_snake_case)]
struct User {
    a_b: String,
    aB: String,
    #[serde(alias = "aB")]
    c: String,
}

fn main() {}
