#[derive(Resource)]
#[resource(nmae = "user")]
pub struct User {
    pub name: String,
    #[unique]
    created_by: String,
}
