use std::collections::BTreeSet;
use std::path::Path;

use utoipa::openapi::{ContactBuilder, LicenseBuilder};

use self::models::{GameEvent, Team, User};
use super::*;
use crate::resource::Resource;

mod actions;
mod models;

fn input() -> DocumentInput {
    let mut input = DocumentInput::new("Club", "1.0.0");
    input.info.description = Some("Teams, users, and what happens in their games.".into());
    input.info.license = Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build());
    input.info.contact =
        Some(ContactBuilder::new().name(Some("Club")).email(Some("club@example.com")).build());
    input.resources = vec![Team::ENTRY, User::ENTRY, GameEvent::ENTRY];
    input.migration_routes = Some(true);
    input
}

fn built(input: &DocumentInput) -> Document {
    document(input).expect("a document")
}

/// Every operation, under a name such as `GET /user/count`.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &'_ Value)| -> Vec<String> {
        let methods = item.as_object().expect("operations").keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect()
    };
    let names = paths.iter().flat_map(of_path);
    let operations = paths.values().flat_map(|item| item.as_object().expect("operations").values());
    names.zip(operations).collect()
}

/// Compares with a file beside the tests, or writes it when `UPDATE_OPENAPI` is set.
fn assert_golden(name: &str, document: &Document) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi").join(name);
    let text = document.to_json_pretty() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let expected = std::fs::read_to_string(&path).expect("a golden file; make it with UPDATE_OPENAPI=1");
    let first = expected.lines().zip(text.lines()).position(|(a, b)| a != b);
    assert!(
        expected == text,
        "{name} differs from line {:?} on; UPDATE_OPENAPI=1 rewrites it",
        first.map(|n| n + 1)
    );
}

/// The operations of the three resources, of which two are referred to, and of none.
fn built_in() -> usize {
    let plain = |routes: &[Route]| routes.iter().filter(|route| !route.operation.is_job()).count();
    3 * (plain(ROUTES) - 1) + 2 + plain(GLOBAL_ROUTES)
}

#[test]
fn the_document_is_the_golden_one() {
    assert_golden("club.json", &built(&input()));
}

#[test]
fn the_document_with_login_structured_errors_and_a_base_path_is_the_golden_one() {
    let mut input = input();
    input.base_path = "v1/".into();
    input.structured_errors = true;
    input.unknown_fields = UnknownFields::Ignore;
    input.security = Security::required("bearer", Security::bearer(None));
    let document = built(&input);
    assert!(document.value()["paths"]["/v1/user"]["get"]["responses"]["401"].is_object());
    assert_golden("club_structured.json", &document);
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    complete(&built(&input()));
}

fn complete(document: &Document) {
    let mut targets = BTreeSet::new();
    walk::references(document.value(), &mut targets);
    for target in &targets {
        assert!(walk::lookup(document.value(), target).is_some(), "{target}");
    }
    for (group, components) in document.value()["components"].as_object().expect("components") {
        for name in components.as_object().expect("named").keys() {
            assert!(targets.contains(&format!("#/components/{group}/{name}")), "{group}/{name} is unused");
        }
    }
}

#[test]
fn operations_have_unique_ids_texts_a_declared_tag_and_errors() {
    assert_eq!(well_described(&built(&input())), built_in());
}

/// Checks every operation, and gives how many there are.
fn well_described(document: &Document) -> usize {
    let mut ids = BTreeSet::new();
    let tags: Vec<_> =
        document.value()["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    for (name, operation) in operations(document.value()) {
        assert!(ids.insert(operation["operationId"].to_string()), "{name}: {}", operation["operationId"]);
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
        assert!(!operation["summary"].to_string().contains("{m}"), "{name}");
        assert!(operation["description"].as_str().is_some_and(|text| text.len() > 10), "{name}");
        let statuses: Vec<_> = operation["responses"].as_object().expect("responses").keys().collect();
        assert!(statuses.iter().any(|status| status.starts_with('4')), "{name}");
        assert!(statuses.iter().any(|status| *status == "500"), "{name}");
        assert!(statuses.iter().any(|status| *status == "503"), "{name}");
        let body = operation["requestBody"].is_object();
        // What is put into the storage itself is only looked at when the session is finalized.
        let finalizes = name.ends_with("/finalize");
        assert_eq!(body || finalizes, operation["responses"]["413"].is_object(), "{name}");
        // Files have any media type.
        let is_file = operation["requestBody"]["content"]["multipart/form-data"].is_object();
        assert_eq!(body && !is_file, operation["responses"]["415"].is_object(), "{name}");
    }
    ids.len()
}

#[test]
fn partial_has_one_spelling_in_the_document() {
    let text = built(&input()).to_json();
    assert!(!text.contains("partial[]"));
    assert!(!text.contains(r#""name":"Content-Type""#));
}

#[test]
fn the_body_of_a_create_is_a_bare_reference_and_of_no_other_post_below_the_model() {
    let document = built(&input());
    for (name, operation) in operations(document.value()).iter().filter(|(name, _)| name.starts_with("POST"))
    {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let model = match name.as_str() {
            "POST /team" => "Team",
            "POST /user" => "User",
            "POST /game-event" => "GameEvent",
            _ => {
                assert_eq!(schema.get("$ref"), None, "{name}");
                continue;
            }
        };
        assert_eq!(schema, &json!({ "$ref": format!("#/components/schemas/{model}") }));
    }
}

#[test]
fn fields_carry_their_hints() {
    let document = built(&input());
    let user = &document.value()["components"]["schemas"]["User"];
    assert_eq!(user["x-display-name-field"], "name");
    assert_eq!(user["additionalProperties"], false);
    let fields = &user["properties"];
    assert_eq!(fields["email"]["x-unique"], true);
    assert_eq!(fields["age"].get("x-unique"), None, "part of a composite only");
    assert_eq!(fields["age"]["x-indexed"], true);
    assert_eq!(fields["visits"]["readOnly"], true);
    assert_eq!(fields["team"]["x-ref-resource"], "team");
    assert_eq!(fields["team"]["x-ref-on-delete"], "set_null");
    assert!(fields["team"]["anyOf"].is_array());
    assert_eq!(fields["watched"]["x-ref-type"], "resource_id");
    assert_eq!(fields["watched"]["items"], json!({"type": "string"}));
    let event = &document.value()["components"]["schemas"]["GameEvent"];
    assert_eq!(event["properties"]["user"]["x-ref-type"], "revision_id");
    assert_eq!(event["properties"]["user"].get("x-ref-on-delete"), None);
    assert_eq!(event.get("additionalProperties"), None);
    assert_eq!(document.value()["x-specstar-relationships"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        document.value()["x-specstar-indexed-fields"]["user"],
        json!(["email", "age", "tags", "team", "watched", "home.city"])
    );
}

#[test]
fn defaults_are_those_of_the_type() {
    let document = built(&input());
    let schemas = &document.value()["components"]["schemas"];
    let fields = &schemas["User"]["properties"];
    assert_eq!(fields["level"]["default"], "guest");
    assert_eq!(fields["tags"]["default"], json!([]));
    assert_eq!(fields["score"]["default"], Value::Null);
    assert!(fields["score"].get("default").is_some());
    assert_eq!(fields["name"].get("default"), None);
    assert_eq!(schemas["Address"]["properties"]["country"]["default"], "FR");
}

#[test]
fn examples_fit_their_schemas() {
    for structured_errors in [false, true] {
        let document = built(&DocumentInput { structured_errors, ..input() });
        let mut checked = 0;
        check_examples(document.value(), document.value(), &mut checked);
        assert!(checked > 40, "only {checked} examples");
        for model in ["Team", "User", "GameEvent"] {
            assert!(document.value()["components"]["schemas"][model]["examples"][0].is_object(), "{model}");
        }
    }
}

/// Checks every example in `node` against the schema beside it.
fn check_examples(document: &Value, node: &Value, checked: &mut usize) {
    match node {
        Value::Object(map) => {
            let mut pairs = Vec::new();
            if let Some(schema) = map.get("schema") {
                pairs.extend(map.get("example").map(|example| (schema, example.clone())));
                let named = map.get("examples").and_then(Value::as_object).into_iter().flat_map(Map::values);
                pairs.extend(named.map(|example| (schema, example["value"].clone())));
            } else if let Some(Value::Array(list)) = map.get("examples") {
                pairs.extend(list.iter().map(|example| (node, example.clone())));
            }
            for (schema, example) in pairs {
                assert_fits(document, schema, &example);
                *checked += 1;
            }
            map.values().for_each(|child| check_examples(document, child, checked));
        }
        Value::Array(list) => list.iter().for_each(|child| check_examples(document, child, checked)),
        _ => {}
    }
}

fn assert_fits(document: &Value, schema: &Value, example: &Value) {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema");
    let problems: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{example} is not a {schema}: {problems:?}");
    if schema["contentMediaType"] == "application/json" {
        let inner: Value = serde_json::from_str(example.as_str().expect("text")).expect("JSON in text");
        assert_fits(document, &schema["contentSchema"], &inner);
    }
}

#[test]
fn a_name_for_two_types_is_an_error() {
    let mut input = input();
    input.resources.push(ResourceEntry { schemas: models::other_team, ..Team::ENTRY });
    let error = document(&input).expect_err("a conflict");
    assert!(matches!(&error, DocumentError::Conflict { name } if name == "Team"), "{error}");
}

#[test]
fn two_resources_with_one_path_are_an_error() {
    let mut input = input();
    input.resources.push(Team::ENTRY);
    assert!(matches!(document(&input), Err(DocumentError::Duplicate { .. })));
}

#[test]
fn a_reference_to_nothing_is_an_error() {
    fn dangling(sink: &mut crate::resource::SchemaSink) {
        let property = utoipa::openapi::Ref::from_schema_name("Nowhere");
        let object = utoipa::openapi::ObjectBuilder::new().property("x", property).build();
        sink.push(("Team".into(), utoipa::openapi::Schema::Object(object).into()));
    }
    let mut input = input();
    input.resources = vec![ResourceEntry { schemas: dangling, ..Team::ENTRY }];
    let error = document(&input).expect_err("dangling");
    assert!(error.to_string().contains("#/components/schemas/Nowhere"), "{error}");
}

#[test]
fn a_resource_that_is_not_documented_leaves_no_trace() {
    static HIDDEN: crate::descriptor::ResourceDescriptor =
        crate::descriptor::ResourceDescriptor { openapi: false, ..models::EMPTY };
    let mut input = input();
    input.resources.push(ResourceEntry { descriptor: &HIDDEN, ..Team::ENTRY });
    assert_eq!(built(&input).to_json(), built(&self::input()).to_json());
}

#[test]
fn the_text_says_what_the_value_says() {
    let document = built(&input());
    let again: Value = serde_json::from_str(&document.to_json()).expect("JSON");
    assert_eq!(&again, document.value());
}
