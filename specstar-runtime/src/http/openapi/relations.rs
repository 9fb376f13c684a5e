//! The schemas of what tells how resources hang together and what happens to them.

use serde_json::{Value, json};

use super::walk::Schemas;
use crate::change::ChangeKind;

/// All of them; those that nothing refers to are dropped later.
pub(super) fn schemas() -> Schemas {
    Schemas::from([
        ("Change".into(), change()),
        ("ImportCounts".into(), import_counts()),
        ("ImportReport".into(), import_report()),
        ("MigrateProgress".into(), migrate_progress()),
        ("Referrers".into(), referrers()),
        ("Relationship".into(), relationship()),
    ])
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0, "description": description})
}

fn import_counts() -> Value {
    json!({
        "type": "object",
        "description": "How many resources an import has taken.",
        "required": ["loaded", "skipped", "total"],
        "properties": {
            "loaded": count("Those that were stored."),
            "skipped": count("Those that were left out, because one of the id exists."),
            "total": count("How many the archive has."),
        },
    })
}

fn import_report() -> Value {
    let resources = json!({
        "type": "object",
        "description": "Resources.",
        "required": ["total", "created", "overwritten", "skipped", "failed"],
        "properties": {
            "total": count("How many the archive has."),
            "created": count("Those that did not exist."),
            "overwritten": count("Those that replaced another."),
            "skipped": count("Those that were left out, because one of the id exists."),
            "failed": count("Those that cannot be imported."),
        },
    });
    let model = json!({
        "type": "object",
        "description": "What became of a resource type.",
        "required": ["resources", "revisions", "purged", "blobs", "errors"],
        "properties": {
            "resources": resources,
            "revisions": count("Revisions that were stored."),
            "purged": count("Resources that were removed, as a delta says."),
            "blobs": count("Files that were stored."),
            "errors": {
                "type": "array", "items": {"type": "string"}, "maxItems": 100,
                "description": "With `dry_run`: the first of what stands in the way.",
            },
        },
    });
    json!({
        "type": "object",
        "description": "What an import did, or would do.",
        "required": ["models", "bytes", "archive_hash"],
        "properties": {
            "models": {
                "type": "object", "additionalProperties": model, "description": "By the name of the type.",
            },
            "bytes": count("The length of the archive."),
            "archive_hash": text("BLAKE3 of the archive."),
        },
    })
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn ref_type() -> Value {
    json!({
        "type": "string", "enum": ["resource_id", "revision_id"],
        "description": "Whether the field holds ids of resources or of revisions.",
    })
}

fn on_delete() -> Value {
    json!({
        "type": "string", "enum": ["dangling", "set_null", "cascade", "restrict"],
        "description": "What a delete of the target does: nothing, take the reference away, delete the referrer \
            too, or be refused.",
    })
}

fn change() -> Value {
    let kinds = ChangeKind::ALL.map(ChangeKind::as_str);
    json!({
        "type": "object",
        "description": "Something that happened to a resource.",
        "required": ["position", "kind", "resource", "resource_id", "revision_id", "version", "time", "by"],
        "properties": {
            "position": {
                "type": "integer", "format": "int64", "minimum": 1,
                "description": "Where it stands in the feed: later commits have higher positions. It is the id of \
                    the event in a stream.",
            },
            "kind": {"type": "string", "enum": kinds, "description": "What happened."},
            "resource": text("The type of the resource, as in its path."),
            "resource_id": text("The id of the resource."),
            "revision_id": text("The current revision after it."),
            "version": {
                "type": "integer", "format": "int64", "minimum": 1,
                "description": "Counts the changes of the resource: the number behind `+` in its entity tag.",
            },
            "time": {"type": "string", "format": "date-time", "description": "When."},
            "by": text("Who did it."),
        },
    })
}

fn migrate_progress() -> Value {
    let text_or_null = |description: &str| json!({"type": ["string", "null"], "description": description});
    json!({
        "type": "object",
        "description": "What became of a revision of a resource.",
        "required": ["resource_id", "status", "message", "error"],
        "properties": {
            "resource_id": text("The id of the resource."),
            "status": {
                "type": "string", "enum": ["success", "failed", "skipped"],
                "description": "Whether it has the present schema version now, has not, or had it already.",
            },
            "message": text_or_null("In words."),
            "error": text_or_null("Why it failed."),
        },
    })
}

fn referrers() -> Value {
    json!({
        "type": "object",
        "description": "The resources that refer to one through the same field.",
        "required": ["source", "source_field", "ref_type", "on_delete", "resource_ids"],
        "properties": {
            "source": text("The type of these resources, as in its path."),
            "source_field": text("The field that refers."),
            "ref_type": ref_type(),
            "on_delete": on_delete(),
            "resource_ids": {
                "type": "array", "items": {"type": "string"},
                "description": "Their ids, in the order of creation.",
            },
        },
    })
}

fn relationship() -> Value {
    json!({
        "type": "object",
        "description": "A declared reference between two resource types.",
        "required": ["source", "source_field", "target", "ref_type", "on_delete", "nullable"],
        "properties": {
            "source": text("The type that refers, as in its path."),
            "source_field": text("The field that refers."),
            "target": text("The type that is referred to, as in its path."),
            "ref_type": ref_type(),
            "on_delete": on_delete(),
            "nullable": {"type": "boolean", "description": "Whether the field may be null."},
        },
    })
}
