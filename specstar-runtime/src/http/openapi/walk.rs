//! Walking over JSON Schemas and references.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Component schemas by name.
pub(super) type Schemas = BTreeMap<String, Value>;

const PREFIX: &str = "#/components/schemas/";

/// A reference to a component schema.
pub(super) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{PREFIX}{name}") })
}

/// The name of the component schema this schema refers to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(PREFIX)
}

/// The schema itself, or the component it refers to.
pub(super) fn resolve<'a>(schema: &'a Value, schemas: &'a Schemas) -> &'a Value {
    referred(schema).and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// Calls `visit` for every schema directly inside this one.
pub(super) fn for_each_child(schema: &mut Map<String, Value>, visit: &mut dyn FnMut(&mut Value)) {
    for key in ["properties", "patternProperties"] {
        if let Some(Value::Object(children)) = schema.get_mut(key) {
            children.values_mut().for_each(&mut *visit);
        }
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        if let Some(Value::Array(children)) = schema.get_mut(key) {
            children.iter_mut().for_each(&mut *visit);
        }
    }
    for key in ["items", "additionalProperties", "propertyNames", "not", "contentSchema"] {
        if let Some(child @ Value::Object(_)) = schema.get_mut(key) {
            visit(child);
        }
    }
}

/// Every `$ref` anywhere in a value.
pub(super) fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                found.insert(target.clone());
            }
            map.values().for_each(|child| references(child, found));
        }
        Value::Array(list) => list.iter().for_each(|child| references(child, found)),
        _ => {}
    }
}

/// What a reference of this document points to.
pub(super) fn lookup<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    document.pointer(target.strip_prefix('#')?)
}
