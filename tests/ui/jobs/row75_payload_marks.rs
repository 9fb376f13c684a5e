//! A payload is a part of a document, and no resource of its own.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v2", migrate("v1" => Old), unique("a", "b"))]
#[job]
struct Marked {
    #[unique]
    a: String,
    #[display_name]
    #[readonly]
    b: String,
    #[indexed]
    status: String,
}

#[derive(Serialize, Deserialize)]
struct Old {
    a: String,
}

fn main() {}
