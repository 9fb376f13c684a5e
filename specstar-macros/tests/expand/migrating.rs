#[derive(Resource)]
#[resource(schema = "v4", validate = check_user, on_decode_error = "raw")]
#[resource(migrate(none => same, "v1" => UserV1, "v2" => UserV2, "v3" => same, plus("v1" -> "v3" => old::UserV1)))]
pub struct User {
    pub name: String,
}
