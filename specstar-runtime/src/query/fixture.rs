//! A resource with one index of every kind, for tests.

use serde_json::Value;

use crate::datetime::Timestamp;
use crate::descriptor::{
    FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor, VectorDescriptor, hash_name,
};
use crate::json::{IndexEntry, IndexValue};
use crate::query::parse_instant;

const fn index(
    key: &'static str,
    kind: IndexKind,
    list: bool,
    path: &'static [&'static str],
) -> IndexDescriptor {
    IndexDescriptor { list, nullable: true, ..IndexDescriptor::new(key, path, kind) }
}

const FIELD: FieldDescriptor = FieldDescriptor::new("name");

/// The positions are used by tests: `name` is 0.
pub(crate) static SPECIMEN: ResourceDescriptor = ResourceDescriptor {
    id: Identity {
        name: "specimen",
        path: "fixture::Specimen",
        type_name: "Specimen",
        name_hash: hash_name("specimen"),
        path_hash: hash_name("fixture::Specimen"),
    },
    docs: "",
    schema_version: None,
    older_versions: &[],
    default_status: None,
    id_generator: None,
    unknown_fields: None,
    on_decode_error: None,
    openapi: true,
    fields: &[FIELD],
    indexes: &[
        index("name", IndexKind::Text, false, &["name"]),
        index("age", IndexKind::Integer, false, &["age"]),
        index("score", IndexKind::Float, false, &["score"]),
        index("active", IndexKind::Boolean, false, &["active"]),
        index("due", IndexKind::DateTime, false, &["due"]),
        index("address.city", IndexKind::Text, false, &["address", "city"]),
        index("tags", IndexKind::Text, true, &["tags"]),
        index("nums", IndexKind::Integer, true, &["nums"]),
        index("ratios", IndexKind::Float, true, &["ratios"]),
        index("flags", IndexKind::Boolean, true, &["flags"]),
        index("moments", IndexKind::DateTime, true, &["a \"quoted\" key"]),
        // A data field with a metadata name is only reachable as data.
        index("created_by", IndexKind::Integer, false, &["created_by"]),
        IndexDescriptor {
            vector: Some(VectorDescriptor::new(3).encoded_by("letters")),
            ..index("place", IndexKind::Float, true, &["place"])
        },
    ],
    uniques: &[],
    references: &[],
    display_name: None,
    job: None,
};

/// The whole index values of a payload, lists with their repetitions.
pub(crate) fn entries(data: &Value) -> Vec<IndexEntry> {
    SPECIMEN.indexes.iter().map(|index| entry(index, data)).collect()
}

fn entry(index: &IndexDescriptor, data: &Value) -> IndexEntry {
    let value = index.path.iter().try_fold(data, |value, &step| value.get(step));
    let value = value.unwrap_or(&Value::Null);
    if !index.list {
        return IndexEntry::Scalar(scalar(index.kind, value));
    }
    let items = value.as_array();
    IndexEntry::List(items.map(|items| items.iter().map(|item| scalar(index.kind, item)).collect()))
}

fn scalar(kind: IndexKind, value: &Value) -> IndexValue {
    match (kind, value) {
        (_, Value::Null) => IndexValue::Null,
        (IndexKind::Text, Value::String(text)) => IndexValue::Text(text.clone()),
        (IndexKind::DateTime, Value::String(text)) => {
            let Timestamp(micros) = parse_instant(text).expect("a date-time");
            IndexValue::Integer(micros)
        }
        (IndexKind::Boolean, Value::Bool(bit)) => IndexValue::Integer((*bit).into()),
        (IndexKind::Integer, Value::Number(number)) => IndexValue::Integer(number.as_i64().expect("an i64")),
        (IndexKind::Float, Value::Number(number)) => IndexValue::Float(number.as_f64().expect("an f64")),
        other => panic!("{other:?} does not fit"),
    }
}
