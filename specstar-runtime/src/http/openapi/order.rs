//! The order of keys in the served text.
//!
//! `serde_json` sorts the keys of an object. A document is read by people and by form generators too, so the
//! well-known keys come in their usual order, paths as they are mounted, and the fields of a resource as they
//! are declared.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// Keys that come first, in this order; all others follow by name.
const USUAL: &[&str] = &[
    "openapi",
    "info",
    "title",
    "version",
    "name",
    "in",
    "url",
    "summary",
    "description",
    "servers",
    "security",
    "tags",
    "paths",
    "components",
    "schemas",
    "operationId",
    "deprecated",
    "required",
    "parameters",
    "requestBody",
    "responses",
    "headers",
    "content",
    "type",
    "format",
    "schema",
    "properties",
    "$ref",
    "anyOf",
    "oneOf",
    "allOf",
    "items",
    "enum",
    "default",
];

/// Where the usual order does not hold.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyOrder {
    /// Paths as they are mounted.
    pub(super) paths: Vec<String>,
    /// The declared fields of a component schema.
    pub(super) fields: BTreeMap<String, Vec<&'static str>>,
}

/// A value that is written in order.
#[derive(Clone, Copy)]
pub(super) struct Ordered<'a> {
    value: &'a Value,
    order: &'a KeyOrder,
    place: Place<'a>,
}

/// How the keys of the object at hand are meant.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Components,
    Schemas,
    Schema(&'a str),
    Properties(&'a str),
    Paths,
    /// Names that somebody chose: by name.
    Names,
    Usual,
}

impl<'a> Ordered<'a> {
    /// The whole document.
    pub(super) fn document(value: &'a Value, order: &'a KeyOrder) -> Self {
        Self { value, order, place: Place::Root }
    }

    fn child(&self, key: &'a str, value: &'a Value) -> Self {
        let place = match (self.place, key) {
            (Place::Root, "components") => Place::Components,
            (Place::Root, "paths") => Place::Paths,
            (Place::Components, "schemas") => Place::Schemas,
            (Place::Schemas, name) => Place::Schema(name),
            (Place::Schema(name), "properties") => Place::Properties(name),
            (Place::Names | Place::Paths | Place::Properties(_), _) => Place::Usual,
            (Place::Components, _) | (_, "properties" | "examples" | "example" | "value" | "mapping") => {
                Place::Names
            }
            _ => Place::Usual,
        };
        Self { value, place, ..*self }
    }

    fn rank(&self, key: &str) -> usize {
        let position = match self.place {
            Place::Paths => self.order.paths.iter().position(|path| path == key),
            Place::Properties(name) => {
                let fields = self.order.fields.get(name).map(Vec::as_slice).unwrap_or_default();
                fields.iter().position(|field| *field == key)
            }
            Place::Names | Place::Schemas => None,
            Place::Root | Place::Components | Place::Schema(_) | Place::Usual => {
                USUAL.iter().position(|usual| *usual == key)
            }
        };
        position.unwrap_or(usize::MAX)
    }
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                // By name already, and the sort keeps that among equals.
                entries.sort_by_cached_key(|(key, _)| self.rank(key));
                let mut object = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    object.serialize_entry(key, &self.child(key, value))?;
                }
                object.end()
            }
            Value::Array(list) => {
                let mut array = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    array.serialize_element(&Self { value, ..*self })?;
                }
                array.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_in_declared_order_and_paths_as_mounted() {
        let document = json!({
            "components": {"schemas": {"User": {"properties": {"age": {}, "name": {}, "extra": {}}, "type": "object"}}},
            "paths": {"/a": {}, "/b": {}},
            "openapi": "3.1.0",
        });
        let fields = BTreeMap::from([("User".to_owned(), vec!["name", "age"])]);
        let order = KeyOrder { paths: vec!["/b".into(), "/a".into()], fields };
        let text = serde_json::to_string(&Ordered::document(&document, &order)).expect("plain values");
        assert_eq!(
            text,
            concat!(
                r#"{"openapi":"3.1.0","paths":{"/b":{},"/a":{}},"components":{"schemas":{"User":{"type":"object","#,
                r#""properties":{"name":{},"age":{},"extra":{}}}}}}"#
            )
        );
    }
}
