//! Which objects take no further fields.
//!
//! A resource that denies unknown fields denies them at every depth. A type that also stands inside a
//! resource that ignores them stays open: it is one component, and each must find its own bodies valid.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::walk::{Schemas, for_each_child, referred};

/// Closes every object that only these models use, besides those that `open` models use as well.
pub(super) fn close(schemas: &mut Schemas, denying: &[&str], open: &[&str]) {
    let (denying, open) = (used(schemas, denying), used(schemas, open));
    for name in denying.difference(&open) {
        if let Some(schema) = schemas.get_mut(name) {
            close_schema(schema);
        }
    }
}

/// The components these ones lead to, themselves included. What an `allOf` puts together is not among them:
/// each part would refuse the fields of the others.
fn used(schemas: &mut Schemas, names: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    while let Some(name) = next.pop() {
        if let Some(schema) = schemas.get_mut(&name)
            && found.insert(name)
        {
            targets(schema, &mut next);
        }
    }
    found
}

fn targets(schema: &mut Value, found: &mut Vec<String>) {
    found.extend(referred(schema).map(str::to_owned));
    if let Value::Object(map) = schema
        && !map.contains_key("allOf")
    {
        for_each_child(map, &mut |child| targets(child, found));
    }
}

fn close_schema(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    if map.contains_key("allOf") {
        return;
    }
    // An object without properties is any object, or a map.
    if map.get("properties").and_then(Value::as_object).is_some_and(|fields: &Map<_, _>| !fields.is_empty()) {
        map.entry("additionalProperties").or_insert(false.into());
    }
    for_each_child(map, &mut close_schema);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::walk::reference;
    use serde_json::json;

    fn object(field: &str, schema: &Value) -> Value {
        json!({"type": "object", "properties": {field: schema}})
    }

    #[test]
    fn nested_types_are_closed_unless_an_open_model_has_them_too() {
        let mut schemas = Schemas::from([
            ("Strict".into(), object("a", &json!([reference("Own"), reference("Both")])[0])),
            ("Own".into(), object("b", &reference("Both"))),
            ("Loose".into(), object("c", &reference("Both"))),
            ("Both".into(), object("d", &json!({"type": "string"}))),
        ]);
        close(&mut schemas, &["Strict"], &["Loose"]);
        let closed: Vec<_> = schemas
            .iter()
            .filter(|(_, schema)| schema["additionalProperties"] == false)
            .map(|(n, _)| n)
            .collect();
        assert_eq!(closed, ["Own", "Strict"]);
    }

    #[test]
    fn maps_and_compositions_stay_open() {
        let part = json!({"allOf": [reference("Part"), object("tag", &json!({"type": "string"}))]});
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let mut schemas = Schemas::from([
            ("Model".into(), json!({"type": "object", "properties": {"part": part, "map": map}})),
            ("Part".into(), object("x", &json!({"type": "string"}))),
        ]);
        close(&mut schemas, &["Model"], &[]);
        assert_eq!(schemas["Model"]["additionalProperties"], false);
        assert_eq!(schemas["Model"]["properties"]["part"], part);
        assert_eq!(schemas["Model"]["properties"]["map"], map);
        assert_eq!(schemas["Part"].get("additionalProperties"), None);
    }
}
