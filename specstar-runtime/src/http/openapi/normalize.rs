//! From the schemas `utoipa` writes to the forms of this document.
//!
//! An optional value is an `anyOf` with `null` in last place; integers say the range of their Rust type in
//! place of formats no registry knows; examples are lists, as JSON Schema has them.

use serde_json::{Map, Value, json};

use super::walk::for_each_child;

/// Rewrites a schema and all schemas inside it.
pub(super) fn normalize(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    for_each_child(map, &mut normalize);
    // Keys of JSON objects are always text.
    if map.get("propertyNames") == Some(&json!({"type": "string"})) {
        map.remove("propertyNames");
    }
    if let Some(example) = map.remove("example") {
        map.entry("examples").or_insert_with(|| json!([example]));
    }
    close_tuple(map);
    integer_range(map);
    split_type_list(map);
    null_last(map);
    default_null(map);
}

/// A tuple has all its elements and no more. Many readers know lists with `items` only; since there are no
/// further elements, what it says of them holds by itself, and it tells those readers what can stand there.
fn close_tuple(map: &mut Map<String, Value>) {
    let Some(Value::Array(elements)) = map.get("prefixItems") else { return };
    let length = elements.len();
    let mut distinct: Vec<Value> = Vec::new();
    for element in elements {
        if !distinct.contains(element) {
            distinct.push(element.clone());
        }
    }
    let any = if distinct.len() == 1 { distinct.remove(0) } else { json!({ "anyOf": distinct }) };
    map.insert("items".into(), any);
    map.entry("minItems").or_insert_with(|| length.into());
    map.entry("maxItems").or_insert_with(|| length.into());
}

fn integer_range(map: &mut Map<String, Value>) {
    let Some(format) = map.get("format").and_then(Value::as_str) else { return };
    let (format, minimum, maximum) = match format {
        "int8" => ("int32", json!(i8::MIN), json!(i8::MAX)),
        "u-int8" | "uint8" => ("int32", json!(0), json!(u8::MAX)),
        "int16" => ("int32", json!(i16::MIN), json!(i16::MAX)),
        "u-int16" | "uint16" => ("int32", json!(0), json!(u16::MAX)),
        "int32" => ("int32", json!(i32::MIN), json!(i32::MAX)),
        "u-int32" | "uint32" => ("int64", json!(0), json!(u32::MAX)),
        "int64" => ("int64", json!(i64::MIN), json!(i64::MAX)),
        "u-int64" | "uint64" => ("uint64", json!(0), json!(u64::MAX)),
        _ => return,
    };
    map.insert("format".into(), format.into());
    if !map.contains_key("exclusiveMinimum") {
        map.entry("minimum").or_insert(minimum);
    }
    if !map.contains_key("exclusiveMaximum") {
        map.entry("maximum").or_insert(maximum);
    }
}

/// What is said about a value rather than what it may be: it stays outside of an `anyOf`.
fn is_annotation(key: &str) -> bool {
    const ANNOTATIONS: &[&str] =
        &["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "xml"];
    ANNOTATIONS.contains(&key) || key.starts_with("x-")
}

/// Moves the annotations out of `from` into `to`, where `to` does not say the same already.
fn hoist(from: &mut Map<String, Value>, to: &mut Map<String, Value>) {
    let keys: Vec<_> = from.keys().filter(|key| is_annotation(key)).cloned().collect();
    for key in keys {
        if let Some(value) = from.remove(&key) {
            to.entry(key).or_insert(value);
        }
    }
}

/// `type: [T, "null"]` becomes `anyOf`.
fn split_type_list(map: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = map.get("type") else { return };
    let mut types = types.clone();
    let before = types.len();
    types.retain(|name| name != "null");
    let nullable = types.len() < before;
    let mut variants = Vec::new();
    let mut inner = std::mem::take(map);
    hoist(&mut inner, map);
    if let Some(Value::Array(values)) = inner.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for name in types {
        let mut variant = inner.clone();
        variant.insert("type".into(), name);
        variants.push(Value::Object(variant));
    }
    if nullable {
        variants.push(json!({"type": "null"}));
    }
    map.insert("anyOf".into(), variants.into());
}

/// `oneOf` with a `null` in it becomes `anyOf` with the `null` last.
fn null_last(map: &mut Map<String, Value>) {
    let null = json!({"type": "null"});
    let Some(Value::Array(variants)) = map.get("oneOf") else { return };
    if !variants.contains(&null) {
        return;
    }
    let mut variants = variants.clone();
    map.remove("oneOf");
    variants.retain(|variant| *variant != null);
    if let [Value::Object(only)] = variants.as_mut_slice() {
        hoist(only, map);
    }
    variants.push(null);
    map.insert("anyOf".into(), variants.into());
}

/// Whether a schema takes `null` besides something else.
pub(super) fn is_nullable(schema: &Value) -> bool {
    let variants = schema.get("anyOf").and_then(Value::as_array);
    variants.is_some_and(|variants| variants.iter().any(|variant| variant["type"] == "null"))
}

/// Whether the object schema requires this property.
pub(super) fn is_required(map: &Map<String, Value>, property: &str) -> bool {
    let required = map.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|name| name == property))
}

/// An optional property that may be absent is then `null`.
fn default_null(map: &mut Map<String, Value>) {
    let Some(Value::Object(mut properties)) = map.remove("properties") else { return };
    for (name, property) in &mut properties {
        let absent_is_null = is_nullable(property) && !is_required(map, name);
        if let (true, Value::Object(property)) = (absent_is_null, property) {
            property.entry("default").or_insert(Value::Null);
        }
    }
    map.insert("properties".into(), properties.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(mut schema: Value) -> Value {
        normalize(&mut schema);
        schema
    }

    #[test]
    fn optional_values_are_any_of_with_null() {
        let text = json!({"type": ["string", "null"], "format": "email", "description": "mail"});
        assert_eq!(
            normalized(text),
            json!({"description": "mail", "anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]})
        );
        let reference = json!({"oneOf": [{"type": "null"}, {"$ref": "#/x", "description": "home"}]});
        assert_eq!(
            normalized(reference),
            json!({"description": "home", "anyOf": [{"$ref": "#/x"}, {"type": "null"}]})
        );
    }

    #[test]
    fn a_property_that_may_be_absent_defaults_to_null() {
        let object = json!({
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": ["string", "null"]}, "b": {"type": ["string", "null"]}},
        });
        let object = normalized(object);
        assert_eq!(object["properties"]["a"].get("default"), None);
        assert_eq!(object["properties"]["b"].get("default"), Some(&Value::Null));
    }

    #[test]
    fn integers_have_the_range_of_their_type() {
        let age = normalized(json!({"type": "integer", "format": "u-int32", "minimum": 0}));
        assert_eq!(age, json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX}));
        let narrowed = normalized(json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 5}));
        assert_eq!(narrowed, json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 5}));
    }

    #[test]
    fn tuples_have_all_their_elements_and_no_more() {
        let (number, text) = (json!({"type": "number"}), json!({"type": "string"}));
        let pair = normalized(json!({"type": "array", "prefixItems": [number, text, text], "items": false}));
        assert_eq!((&pair["minItems"], &pair["maxItems"]), (&json!(3), &json!(3)));
        assert_eq!(pair["items"], json!({"anyOf": [number, text]}));
    }

    #[test]
    fn nullable_integers_keep_the_range_inside() {
        let age = normalized(json!({"type": ["integer", "null"], "format": "u-int8", "example": 3}));
        let inner = json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 255});
        assert_eq!(age, json!({"examples": [3], "anyOf": [inner, {"type": "null"}]}));
    }
}
