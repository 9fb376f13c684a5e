//! Every error of a struct is shown in one build, and nothing else.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(nmae = "user", schema = 2)]
struct User {
    #[unique(cas = "insensitive")]
    created_by: String,
    #[indexed(path = "address.city")]
    address: Vec<u8>,
    #[display_name]
    title: String,
    #[display_name]
    #[index]
    limit: u32,
}

fn main() {
    let _ = resources![User];
    let _ = User::COLUMNS.limit.field();
    let _ = |users: UserRepository| {
        let _ = users.find_by_created_by("ann");
    };
}

