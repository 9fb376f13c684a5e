use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::*;
use crate::action::{ActionEntry, ActionKind, Argument, CreateArgument, Json, Path, Query, UpdateArgument};
use crate::repository::Mode;

/// Where somebody comes from.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
struct Import {
    url: String,
    level: models::Level,
}

#[derive(Deserialize, IntoParams)]
#[allow(dead_code)]
struct By {
    /// How far.
    by: Option<u8>,
    #[param(inline)]
    level: models::Level,
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
struct Place {
    /// Which row.
    row: u8,
    seat: String,
}

const fn created<T: CreateArgument<(), User>>() -> crate::action::ArgumentEntry {
    Argument::<T>::of_create::<(), User>().entry
}

const fn updated<T: UpdateArgument<(), User>>() -> crate::action::ArgumentEntry {
    Argument::<T>::of_update::<(), User>().entry
}

const BASE: ActionEntry = ActionEntry { resource: &User::ID, ..ActionEntry::REJECTED };

fn actions() -> Vec<ActionEntry> {
    let update = ActionKind::Update(Mode::Update);
    vec![
        ActionEntry {
            name: "import_user",
            path: "import-url",
            label: "Import",
            docs: "Imports somebody.",
            arguments: const { &[created::<Json<Import>>(), created::<Query<By>>()] },
            ..BASE
        },
        ActionEntry {
            kind: update,
            name: "seat",
            path: "seat/{row}/{seat}",
            label: "Seat",
            optional: true,
            arguments: const { &[updated::<Path<Place>>(), updated::<Json<Vec<i32>>>()] },
            ..BASE
        },
        ActionEntry {
            kind: update,
            name: "copy",
            path: "copy/{from}",
            label: "Copy",
            arguments: const { &[updated::<Path<u32>>(), updated::<Json<User>>()] },
            ..BASE
        },
    ]
}

#[test]
fn actions_are_described_as_completely_as_built_in_routes() {
    for structured_errors in [false, true] {
        let document = built(&DocumentInput { actions: actions(), structured_errors, ..input() });
        assert_eq!(well_described(&document), super::built_in() + 3);
        complete(&document);
        check_examples(document.value(), document.value(), &mut 0);
    }
}

#[test]
fn inputs_of_actions_have_the_schemas_of_their_types() {
    let document = built(&DocumentInput { actions: actions(), ..input() });
    let paths = &document.value()["paths"];
    let import = &paths["/user/import-url"]["post"];
    let parameters = &import["parameters"];
    assert_eq!(
        parameters[0],
        json!({
            "name": "by", "in": "query", "required": false, "description": "How far.",
            "schema": {"anyOf": [{"type": "integer", "format": "int32", "minimum": 0, "maximum": 255}, {"type": "null"}]},
        })
    );
    assert_eq!(parameters[1]["schema"]["enum"], json!(["guest", "member"]));
    assert_eq!(parameters[1]["required"], true);
    let seat = &paths["/user/{resource_id}/seat/{row}/{seat}"]["post"];
    let parameters = &seat["parameters"];
    assert_eq!(parameters[0], json!({"$ref": "#/components/parameters/ResourceId"}));
    assert_eq!(
        (&parameters[1]["name"], &parameters[1]["description"]),
        (&json!("row"), &json!("Which row."))
    );
    assert_eq!(
        (&parameters[2]["name"], &parameters[2]["schema"]),
        (&json!("seat"), &json!({"type": "string"}))
    );
    let body = |operation: &Value| operation["requestBody"]["content"]["application/json"]["schema"].clone();
    assert_eq!(body(seat)["items"]["type"], "integer");
    let tag = &seat["responses"]["200"]["headers"]["ETag"];
    assert_eq!((tag["schema"].is_object(), tag.get("required")), (true, None), "null has no tag");
    let copy = &paths["/user/{resource_id}/copy/{from}"]["post"];
    assert_eq!(body(copy), json!({"$ref": "#/components/schemas/User"}));
    assert_eq!(copy["parameters"][1]["schema"]["type"], "integer");
    let updates = &document.value()["x-specstar-custom-update-actions"]["user"];
    assert_eq!((updates[0].get("bodySchema"), &updates[1]["bodySchema"]), (None, &json!("User")));
    let plain = built(&input());
    assert_eq!(
        document.value()["components"]["schemas"]["User"],
        plain.value()["components"]["schemas"]["User"],
        "an action that reads a resource changes nothing about it"
    );
}

#[test]
fn actions_of_a_resource_that_is_not_documented_leave_no_trace() {
    let mut without = input();
    without.resources.remove(1);
    let expected = built(&without).to_json();
    without.actions = actions();
    assert_eq!(built(&without).to_json(), expected);
}
