//! The schema of a merge patch (RFC 7396): everything may be left out, and what has a default may be `null`.

use serde_json::{Map, Value, json};

use super::normalize::{is_nullable, is_required};
use super::walk::{Schemas, referred};

/// The merge patch of an object schema.
pub(super) fn merge_patch(model: &Value, schemas: &Schemas) -> Value {
    partial(model, schemas, &mut Vec::new()).unwrap_or_else(|| json!({"type": "object"}))
}

/// A copy with nothing required; `None` for what is replaced as a whole. `open` holds the components being
/// copied, since a type can contain itself.
fn partial<'a>(schema: &'a Value, schemas: &'a Schemas, open: &mut Vec<&'a str>) -> Option<Value> {
    if let Some(name) = referred(schema) {
        if open.contains(&name) {
            return Some(json!({"type": "object"}));
        }
        open.push(name);
        let copy = schemas.get(name).and_then(|target| partial(target, schemas, open));
        open.pop();
        return copy;
    }
    let Value::Object(map) = schema else { return None };
    let properties = map.get("properties")?.as_object()?;
    let mut changed = Map::new();
    for (name, property) in properties.iter().filter(|(_, property)| property["readOnly"] != true) {
        changed.insert(name.clone(), member(map, name, property, schemas, open));
    }
    let mut copy = json!({"type": "object", "properties": changed});
    if let Some(closed @ Value::Bool(false)) = map.get("additionalProperties") {
        copy["additionalProperties"] = closed.clone();
    }
    Some(copy)
}

fn member<'a>(
    owner: &Map<String, Value>,
    name: &str,
    property: &'a Value,
    schemas: &'a Schemas,
    open: &mut Vec<&'a str>,
) -> Value {
    let mut copy = match property.get("anyOf").and_then(Value::as_array) {
        Some(variants) => {
            let variants =
                variants.iter().map(|one| partial(one, schemas, open).unwrap_or_else(|| one.clone()));
            let variants: Vec<Value> = variants.collect();
            let mut outer = property.clone();
            outer["anyOf"] = variants.into();
            outer
        }
        None => partial(property, schemas, open).unwrap_or_else(|| property.clone()),
    };
    if let (Some(text), Value::Object(copy)) = (property.get("description"), &mut copy) {
        copy.entry("description").or_insert_with(|| text.clone());
    }
    if let Value::Object(copy) = &mut copy {
        // What is left out of a merge patch stays; it does not become the default. The hints for forms and
        // tables are those of the model.
        copy.retain(|key, _| key != "default" && !key.starts_with("x-"));
    }
    if !is_required(owner, name) && !is_nullable(&copy) && !takes_anything(&copy) {
        copy = with_null(copy);
    }
    copy
}

/// Whether a schema says nothing about the value.
fn takes_anything(schema: &Value) -> bool {
    let limits = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "not"];
    limits.iter().all(|limit| schema.get(limit).is_none())
}

fn with_null(mut schema: Value) -> Value {
    let description = schema.as_object_mut().and_then(|map| map.remove("description"));
    let mut outer = match schema {
        Value::Object(mut map) if map.contains_key("anyOf") => {
            if let Some(Value::Array(variants)) = map.get_mut("anyOf") {
                variants.push(json!({"type": "null"}));
            }
            Value::Object(map)
        }
        schema => json!({"anyOf": [schema, {"type": "null"}]}),
    };
    if let Some(description) = description {
        outer["description"] = description;
    }
    outer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::walk::reference;

    #[test]
    fn nothing_is_required_and_only_defaults_take_null() {
        let home =
            json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
        let schemas = Schemas::from([("Home".into(), home)]);
        let user = json!({
            "type": "object", "required": ["name", "home"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string"}, "home": reference("Home"),
                "age": {"type": "integer", "default": 1}, "by": {"type": "string", "readOnly": true},
            },
        });
        assert_eq!(
            merge_patch(&user, &schemas),
            json!({
                "type": "object", "additionalProperties": false,
                "properties": {
                    "name": {"type": "string"},
                    "home": {"type": "object", "properties": {"city": {"type": "string"}}},
                    "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
            })
        );
    }

    #[test]
    fn a_type_that_contains_itself_ends() {
        let node = json!({"type": "object", "properties": {"next": {"anyOf": [reference("Node"), {"type": "null"}]}}});
        let schemas = Schemas::from([("Node".into(), node)]);
        let patch = merge_patch(&reference("Node"), &schemas);
        assert_eq!(patch["properties"]["next"]["anyOf"][0], json!({"type": "object"}));
    }
}
