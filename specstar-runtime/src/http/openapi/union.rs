//! Tagged unions: every variant becomes a component of its own, and the union says which tag stands for
//! which, so that generated clients and forms can choose by it.

use serde_json::{Map, Value, json};

use super::DocumentError;
use super::walk::{Schemas, reference, referred};

/// Rewrites every tagged union among the components.
pub(super) fn name_variants(schemas: &mut Schemas) -> Result<(), DocumentError> {
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let Some(variants) = schemas[&name].get("oneOf").and_then(Value::as_array).cloned() else { continue };
        let Some(tag) = tag_of(&variants) else { continue };
        let mut mapping = Map::new();
        let mut references = Vec::new();
        for variant in &variants {
            let value = tag_value(variant, &tag).unwrap_or_default();
            let component = component_name(&name, value);
            mapping.insert(value.to_owned(), format!("#/components/schemas/{component}").into());
            references.push(reference(&component));
            let schema = merged(variant, schemas);
            insert(schemas, component, schema)?;
        }
        if let Some(Value::Object(union)) = schemas.get_mut(&name) {
            union.insert("oneOf".into(), references.into());
            union.insert("discriminator".into(), json!({"propertyName": tag, "mapping": mapping}));
        }
    }
    Ok(())
}

/// Adds a component, unless another one of that name says something else.
pub(super) fn insert(schemas: &mut Schemas, name: String, schema: Value) -> Result<(), DocumentError> {
    match schemas.get(&name) {
        Some(known) if *known != schema => Err(DocumentError::Conflict { name }),
        Some(_) => Ok(()),
        None => {
            schemas.insert(name, schema);
            Ok(())
        }
    }
}

/// The parts of a variant that stand in the union itself: one object, or those of an `allOf`.
fn parts(variant: &Value) -> impl Iterator<Item = &Value> {
    let all = variant.get("allOf").and_then(Value::as_array).map(Vec::as_slice);
    all.unwrap_or(std::slice::from_ref(variant)).iter()
}

fn tag_value<'a>(variant: &'a Value, tag: &str) -> Option<&'a str> {
    parts(variant).find_map(|part| {
        let required = part.get("required")?.as_array()?.iter().any(|name| name == tag);
        match part.get("properties")?.get(tag)?.get("enum")?.as_array()?.as_slice() {
            [only] if required => only.as_str(),
            _ => None,
        }
    })
}

/// The property that has one value of its own in every variant.
fn tag_of(variants: &[Value]) -> Option<String> {
    let first = variants.first().filter(|_| variants.len() > 1)?;
    let candidates = parts(first).filter_map(|part| part.get("properties")?.as_object());
    let mut names = candidates.flat_map(Map::keys);
    names.find(|name| variants.iter().all(|variant| tag_value(variant, name).is_some())).cloned()
}

fn component_name(union: &str, value: &str) -> String {
    let clean = value.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("{union}_{}", clean.collect::<String>())
}

/// One object out of an `allOf` of a named object and its tag: forms are made from `properties`.
fn merged(variant: &Value, schemas: &Schemas) -> Value {
    let Some(Value::Array(parts)) = variant.get("allOf") else { return variant.clone() };
    let mut whole = Map::new();
    for part in parts {
        let part = referred(part).and_then(|name| schemas.get(name)).unwrap_or(part);
        let Value::Object(part) = part else { return variant.clone() };
        if !part.contains_key("properties") {
            return variant.clone();
        }
        for (key, value) in part {
            match (whole.get_mut(key), value) {
                (Some(Value::Object(have)), Value::Object(more)) => have.extend(more.clone()),
                (Some(Value::Array(have)), Value::Array(more)) => have.extend(more.iter().cloned()),
                (Some(_), _) => {}
                (None, _) => {
                    whole.insert(key.clone(), value.clone());
                }
            }
        }
    }
    if let Value::Object(outer) = variant {
        whole.extend(outer.iter().filter(|(key, _)| *key != "allOf").map(|(k, v)| (k.clone(), v.clone())));
    }
    // Examples of the part have no tag, so they do not fit the whole.
    whole.remove("examples");
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Schemas {
        let tag = |name: &str| {
            json!({
                "type": "object", "required": ["kind"],
                "properties": {"kind": {"type": "string", "enum": [name]}},
            })
        };
        let boxed = json!({"allOf": [{"$ref": "#/components/schemas/Size"}, tag("box")]});
        Schemas::from([
            ("Shape".into(), json!({"oneOf": [tag("dot"), boxed]})),
            (
                "Size".into(),
                json!({"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}),
            ),
        ])
    }

    #[test]
    fn variants_become_components_with_a_full_mapping() {
        let mut schemas = shape();
        name_variants(&mut schemas).expect("no conflict");
        assert_eq!(
            schemas["Shape"],
            json!({
                "oneOf": [
                    {"$ref": "#/components/schemas/Shape_dot"}, {"$ref": "#/components/schemas/Shape_box"},
                ],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {
                        "dot": "#/components/schemas/Shape_dot", "box": "#/components/schemas/Shape_box",
                    },
                },
            })
        );
        let properties = schemas["Shape_box"]["properties"].as_object().expect("merged");
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["kind", "x"]);
        assert_eq!(schemas["Shape_box"]["required"], json!(["x", "kind"]));
    }

    #[test]
    fn a_union_without_a_tag_stays() {
        let untagged = json!({"oneOf": [{"type": "string"}, {"type": "integer"}]});
        let mut schemas = Schemas::from([("Either".into(), untagged.clone())]);
        name_variants(&mut schemas).expect("nothing to do");
        assert_eq!(schemas["Either"], untagged);
    }

    #[test]
    fn a_name_that_is_taken_by_something_else_is_reported() {
        let mut schemas = shape();
        schemas.insert("Shape_dot".into(), json!({"type": "string"}));
        let error = name_variants(&mut schemas).expect_err("taken");
        assert!(error.to_string().contains("`Shape_dot`"), "{error}");
    }
}
