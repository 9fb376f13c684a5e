//! Query parameters have these names.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    limit: u32,
    offset: u32,
    #[indexed(key = "sort_order")]
    sorts: u32,
    #[indexed(key = "qb")]
    query: String,
}

fn main() {}
