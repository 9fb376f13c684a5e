use std::collections::HashSet;

use super::*;
use crate::resource::{SchemaSink, schema};

/// Deliberately without any trait: references ask nothing of their target.
struct Bare;

#[test]
fn a_reference_is_its_text() {
    let reference: Ref<Bare> = serde_json::from_str("\"bare:1\"").expect("text is an id");
    assert_eq!(serde_json::to_string(&reference).expect("ids are text"), "\"bare:1\"");
    assert_eq!(format!("{reference} {reference:?}"), "bare:1 Ref(\"bare:1\")");
    assert!(serde_json::from_str::<Ref<Bare>>("7").is_err());
}

#[test]
fn references_compare_without_their_target() {
    let set: HashSet<Ref<Bare>> = [Ref::new("a"), Ref::new("a"), Ref::new("b")].into();
    assert_eq!(set.len(), 2);
    assert!(RevisionRef::<Bare>::new("a:1") < RevisionRef::new("a:2"));
    assert_eq!(Ref::<Bare>::from("a").clone().into_string(), "a");
}

#[derive(utoipa::ToSchema)]
#[allow(dead_code)]
struct Team {
    /// Who leads.
    lead: Option<Ref<User>>,
}

#[derive(utoipa::ToSchema)]
#[allow(dead_code)]
struct User {
    team: Ref<Team>,
    all: Vec<Ref<Team>>,
    page: Option<Vec<RevisionRef<User>>>,
    by_name: std::collections::BTreeMap<String, Ref<Team>>,
}

#[test]
fn references_are_inline_text_in_schemas_and_may_be_mutual() {
    let mut sink = SchemaSink::new();
    schema::schemas::<User>(&mut sink);
    schema::schemas::<Team>(&mut sink);
    let names: Vec<&str> = sink.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["User", "Team"]);
    let text = serde_json::to_string(&sink).expect("schemas are JSON");
    assert!(!text.contains("$ref") && !text.contains("x-specstar"), "{text}");
    let user = serde_json::to_value(&sink[0].1).expect("schemas are JSON");
    assert_eq!(user["properties"]["team"], serde_json::json!({"type": "string"}));
    assert_eq!(user["properties"]["all"]["items"], serde_json::json!({"type": "string"}));
    let lead = serde_json::to_value(&sink[1].1).expect("schemas are JSON");
    assert_eq!(
        lead["properties"]["lead"]["oneOf"][0],
        serde_json::json!({"type": "string", "description": "Who leads."})
    );
}
