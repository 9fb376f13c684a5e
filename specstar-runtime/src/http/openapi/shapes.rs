//! The schemas of what the runtime itself sends and reads.

use serde_json::{Map, Value, json};

use super::walk::{Schemas, reference};

/// The name of the schema for what `partial` leaves of a section.
pub(super) const PARTIAL: &str = "PartialSelection";

const ID: &str = "user:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b";
const REVISION: &str = "user:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b:1";
/// What `ETag` looks like.
pub(super) const ENTITY_TAG: &str =
    "\"user:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b:1@xxh3_128:ebb2843001356f8976d4a36e17817051+1\"";
/// What `ETag` of a file looks like.
pub(super) fn file_tag() -> String {
    format!("\"b3-{}\"", "0a1b2c3d".repeat(8))
}

const TIME: &str = "2024-05-01T12:00:00Z";
const POINTER: &str = "^(/([^~/]|~[01])*)*$";

/// All of them; those that nothing refers to are dropped later.
pub(super) fn schemas() -> Schemas {
    let mut schemas = Schemas::from([
        ("ResourceMeta".into(), resource_meta()),
        ("RevisionInfo".into(), revision_info()),
        ("RevisionListResponse".into(), revision_list()),
        ("RevisionStatus".into(), revision_status()),
        (PARTIAL.into(), partial()),
    ]);
    for operation in ["add", "remove", "replace", "move", "test", "copy"] {
        schemas.insert(patch_name(operation), patch_operation(operation));
    }
    schemas
}

/// The envelope of one model.
pub(super) fn envelope(model: &str) -> Value {
    json!({
        "type": "object",
        "title": format!("FullResourceResponse[{model}]"),
        "description": format!("The sections of one `{model}` that were asked for."),
        "properties": {
            "data": selected(&reference(model)),
            "revision_info": selected(&reference("RevisionInfo")),
            "meta": selected(&reference("ResourceMeta")),
        },
    })
}

/// The name of the envelope of a model.
pub(super) fn envelope_name(model: &str) -> String {
    let clean = model.chars().map(|c| if matches!(c, '[' | ']' | ',' | '.' | ' ') { '_' } else { c });
    format!("FullResourceResponse_{}_", clean.collect::<String>())
}

/// A section, whole or narrowed by `partial`.
pub(super) fn selected(section: &Value) -> Value {
    json!({"anyOf": [section, reference(PARTIAL)]})
}

/// The array of operations of a JSON Patch.
pub(super) fn json_patch() -> Value {
    let operations = ["add", "remove", "replace", "move", "test", "copy"];
    let target = |operation| format!("#/components/schemas/{}", patch_name(operation));
    let mapping: Map<String, Value> =
        operations.iter().map(|operation| ((*operation).to_owned(), target(operation).into())).collect();
    let variants: Vec<Value> = operations.iter().map(|operation| reference(&patch_name(operation))).collect();
    json!({
        "type": "array",
        "description": "The operations of a JSON Patch (RFC 6902), applied in order; all or none.",
        "items": {"anyOf": variants, "discriminator": {"propertyName": "op", "mapping": mapping}},
    })
}

/// The array of conditions in the parameters `conditions` and `data_conditions`.
pub(super) fn conditions() -> Value {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["field_path", "operator", "value"],
            "properties": {
                "field_path": {"type": "string", "description": "An indexed field, or a metadata field."},
                "operator": {"type": "string", "enum": [
                    "eq", "ne", "gt", "gte", "lt", "lte", "contains", "starts_with", "ends_with", "regex", "in",
                    "not_in", "contains_any", "is_null", "exists", "isna",
                ]},
                "value": {"description": "What to compare with; a list for `in`, `not_in` and `contains_any`, \
                    a boolean for `is_null`, `exists` and `isna`."},
            },
        },
    })
}

/// The array of sort keys in the parameter `sorts`.
pub(super) fn sorts() -> Value {
    let direction = json!({"type": "string", "enum": ["+", "-"], "description": "Ascending or descending."});
    json!({
        "type": "array",
        "items": {"oneOf": [
            {
                "type": "object",
                "required": ["type", "key", "direction"],
                "properties": {
                    "type": {"type": "string", "enum": ["meta"]},
                    "key": {"type": "string", "enum": [
                        "created_time", "updated_time", "resource_id", "current_revision_id", "created_by",
                        "updated_by", "is_deleted", "schema_version", "total_revision_count",
                        "rev_created_time", "rev_updated_time",
                    ]},
                    "direction": direction,
                },
            },
            {
                "type": "object",
                "required": ["type", "field_path", "direction"],
                "properties": {
                    "type": {"type": "string", "enum": ["data"]},
                    "field_path": {"type": "string", "description": "An indexed field."},
                    "direction": direction,
                },
            },
        ]},
    })
}

fn patch_name(operation: &str) -> String {
    let (first, rest) = operation.split_at(1);
    format!("RFC6902_{}{rest}", first.to_uppercase())
}

fn patch_operation(operation: &str) -> Value {
    let pointer = |text| json!({"type": "string", "pattern": POINTER, "description": text});
    let (text, second) = match operation {
        "add" => ("Adds a member or element, or replaces a member.", Some(("value", "What to add."))),
        "remove" => ("Removes a member or element.", None),
        "replace" => ("Replaces a value that is there.", Some(("value", "The new value."))),
        "move" => ("Moves a value to another place.", Some(("from", "Where the value is."))),
        "copy" => ("Copies a value to another place.", Some(("from", "Where the value is."))),
        _ => ("Fails the whole patch unless the value is as given.", Some(("value", "The expected value."))),
    };
    let mut properties = json!({
        "op": {"type": "string", "enum": [operation]},
        "path": pointer("A JSON pointer (RFC 6901); `-` behind the last slash stands for the end of a list."),
    });
    let mut required = vec!["op", "path"];
    if let Some((name, text)) = second {
        required.push(name);
        properties[name] = if name == "from" { pointer(text) } else { json!({"description": text}) };
    }
    json!({"type": "object", "description": text, "required": required, "properties": properties})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description, "readOnly": true})
}

fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description, "readOnly": true})
}

fn text_or_null(description: &str) -> Value {
    let variants = json!([{"type": "string"}, {"type": "null"}]);
    json!({"anyOf": variants, "description": description, "readOnly": true})
}

fn partial() -> Value {
    json!({
        "type": "object",
        "description": "What `partial` leaves of a section: the named fields and no others, required ones too.",
    })
}

fn revision_status() -> Value {
    json!({
        "type": "string",
        "enum": ["draft", "stable"],
        "description": "A draft may be rewritten in place; a change of a stable revision makes a new one.",
    })
}

fn resource_meta() -> Value {
    let status = json!({"$ref": "#/components/schemas/RevisionStatus", "readOnly": true,
        "description": "The status of the current revision."});
    json!({
        "type": "object",
        "description": "What is known about a resource besides its data.",
        "required": [
            "current_revision_id", "resource_id", "schema_version", "total_revision_count", "created_time",
            "updated_time", "created_by", "updated_by", "is_deleted", "indexed_data", "rev_status",
            "rev_created_by", "rev_updated_by", "rev_created_time", "rev_updated_time",
        ],
        "properties": {
            "current_revision_id": text("The id of the current revision."),
            "resource_id": text("The id of the resource."),
            "schema_version": text_or_null("The schema version of the current data; null if there is none."),
            "total_revision_count": {
                "type": "integer", "format": "int64", "minimum": 1, "readOnly": true,
                "description": "How many revisions were ever made.",
            },
            "created_time": time("When the resource was made."),
            "updated_time": time("When it last changed: a write, delete, restore or switch."),
            "created_by": text("Who made the resource."),
            "updated_by": text("Who changed it last."),
            "is_deleted": {
                "type": "boolean", "default": false, "readOnly": true, "description": "Whether it is soft-deleted.",
            },
            "indexed_data": {
                "type": "object", "additionalProperties": true, "readOnly": true,
                "description": "The values of the indexed fields, by field path.",
            },
            "rev_status": status,
            "rev_created_by": text("Who made the current revision."),
            "rev_updated_by": text("Who last wrote the current revision."),
            "rev_created_time": time("When the current revision was made."),
            "rev_updated_time": time("When the current revision was last written."),
        },
        "examples": [{
            "current_revision_id": REVISION, "resource_id": ID, "schema_version": null,
            "total_revision_count": 1, "created_time": TIME, "updated_time": TIME, "created_by": "ann",
            "updated_by": "ann", "is_deleted": false, "indexed_data": {}, "rev_status": "stable",
            "rev_created_by": "ann", "rev_updated_by": "ann", "rev_created_time": TIME,
            "rev_updated_time": TIME,
        }],
    })
}

fn revision_info() -> Value {
    let mut parent_version = text_or_null("The schema version before, where a migration changed it.");
    parent_version["default"] = Value::Null;
    let status = json!({"$ref": "#/components/schemas/RevisionStatus", "readOnly": true,
        "description": "The status of this revision."});
    json!({
        "type": "object",
        "description": "What is known about one revision besides its data.",
        "required": [
            "uid", "resource_id", "revision_id", "parent_revision_id", "schema_version", "data_hash", "status",
            "created_time", "updated_time", "created_by", "updated_by",
        ],
        "properties": {
            "uid": {
                "type": "string", "format": "uuid", "readOnly": true,
                "description": "Identifies this stored revision.",
            },
            "resource_id": text("The id of the resource."),
            "revision_id": text("The id of the revision: that of the resource and its number."),
            "parent_revision_id": text_or_null("The revision that was current when this one was made."),
            "parent_schema_version": parent_version,
            "schema_version": text_or_null("The schema version the data was written with; null if there is none."),
            "data_hash": text("XXH3-128 of the data, as `xxh3_128:` and 32 hexadecimal digits."),
            "status": status,
            "created_time": time("When the revision was made."),
            "updated_time": time("When it was last written: later than made only after a rewrite in place."),
            "created_by": text("Who made the revision."),
            "updated_by": text("Who last wrote it."),
        },
        "examples": [{
            "uid": "0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2c", "resource_id": ID, "revision_id": REVISION,
            "parent_revision_id": null, "schema_version": null,
            "data_hash": "xxh3_128:ebb2843001356f8976d4a36e17817051", "status": "stable",
            "created_time": TIME, "updated_time": TIME, "created_by": "ann", "updated_by": "ann",
        }],
    })
}

fn revision_list() -> Value {
    let mut meta = selected(&reference("ResourceMeta"));
    meta["description"] = "The metadata of the resource.".into();
    json!({
        "type": "object",
        "description": "One page of the history of a resource.",
        "required": ["meta", "revisions"],
        "properties": {
            "meta": meta,
            "revisions": {
                "type": "array", "items": selected(&reference("RevisionInfo")), "description": "The revisions.",
            },
            "total": {
                "type": "integer", "format": "int64", "minimum": 0, "default": 0,
                "description": "How many revisions there are, whatever the page.",
            },
            "has_more": {
                "type": "boolean", "default": false, "description": "Whether there is a further page.",
            },
        },
    })
}
