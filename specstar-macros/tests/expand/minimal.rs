/// Somebody who can log in.
#[derive(Resource)]
pub struct User {
    name: String,
    #[unique]
    email: String,
    #[indexed]
    age: u32,
}
