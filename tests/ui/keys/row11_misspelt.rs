//! What is near to nothing registered is the compiler's to report.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[uniqe]
    email: String,
}

fn main() {}
