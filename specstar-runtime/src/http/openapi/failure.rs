//! Error answers, written from the one error table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::walk::{Schemas, reference};
use crate::error::{Error, ErrorKind, MissingTarget, Referrer};
use crate::resource::ValidationErrors;

const ID: &str = "user:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b";

/// How errors look in this application.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failures {
    /// `detail` is always an object with `message` and `code`.
    pub(super) structured: bool,
}

impl Failures {
    /// The schemas of error bodies.
    pub(super) fn schemas(self) -> Schemas {
        if self.structured { structured() } else { plain() }
    }

    /// Adds the answers for these kinds to an operation, and to the shared ones if they are new.
    pub(super) fn describe(
        self,
        kinds: &[ErrorKind],
        responses: &mut Map<String, Value>,
        shared: &mut Map<String, Value>,
    ) {
        for (status, kinds) in by_status(kinds) {
            let name = kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join("Or");
            let target = format!("#/components/responses/{name}");
            shared.entry(name).or_insert_with(|| self.response(&kinds));
            responses.insert(status.to_string(), json!({ "$ref": target }));
        }
    }

    fn response(self, kinds: &[ErrorKind]) -> Value {
        let text: Vec<_> = kinds.iter().map(|kind| kind.row().description).collect();
        let examples: Map<String, Value> = kinds.iter().map(|kind| self.example(*kind)).collect();
        let body =
            if kinds == [ErrorKind::Parameter] && !self.structured { "HTTPValidationError" } else { "Error" };
        let mut response = json!({
            "description": text.join(" "),
            "content": {"application/json": {"schema": reference(body), "examples": examples}},
        });
        if kinds.contains(&ErrorKind::Unavailable) {
            response["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/RetryAfter"}});
        }
        if kinds.contains(&ErrorKind::Unauthenticated) {
            response["headers"] =
                json!({"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}});
        }
        response
    }

    /// What the server really sends for an error of this kind.
    fn example(self, kind: ErrorKind) -> (String, Value) {
        let error = specimen(kind);
        let detail = if self.structured { error.structured_detail() } else { error.detail() };
        (format!("{kind:?}"), json!({"summary": kind.row().description, "value": {"detail": detail}}))
    }
}

fn by_status(kinds: &[ErrorKind]) -> BTreeMap<u16, Vec<ErrorKind>> {
    let mut groups: BTreeMap<u16, Vec<ErrorKind>> = BTreeMap::new();
    for kind in kinds {
        let group = groups.entry(kind.row().status).or_default();
        if !group.contains(kind) {
            group.push(*kind);
        }
    }
    groups
}

/// One error of each kind.
fn specimen(kind: ErrorKind) -> Error {
    let resource_id = ID.to_owned();
    match kind {
        ErrorKind::BadRequest => Error::BadRequest("`change_status` is only allowed with mode=modify".into()),
        ErrorKind::Query => Error::InvalidQuery("`conditions` is not a JSON array".into()),
        ErrorKind::Patch => Error::InvalidPatch("there is no value at `/nickname`".into()),
        ErrorKind::Unauthenticated => Error::Unauthenticated,
        ErrorKind::PermissionDenied => {
            Error::PermissionDenied { user: "ann".into(), action: "update".into(), model: "user".into() }
        }
        ErrorKind::NotFound => Error::NotFound { resource_id },
        ErrorKind::Deleted => Error::Deleted { resource_id },
        ErrorKind::RevisionNotFound => {
            Error::RevisionNotFound { resource_id, revision_id: format!("{ID}:9") }
        }
        ErrorKind::MethodNotAllowed => Error::MethodNotAllowed,
        ErrorKind::KeyReused => Error::KeyReused,
        ErrorKind::UniqueConflict => Error::UniqueConflict {
            field: "email".into(),
            value: "ann@example.com".into(),
            conflicting_resource_id: Some(resource_id),
        },
        ErrorKind::CannotModify => Error::CannotModify { resource_id },
        ErrorKind::Duplicate => Error::DuplicateResource { resource_id },
        ErrorKind::NotMigrated => {
            Error::NotMigrated { revision_id: format!("{ID}:1"), found: "v1".into(), expected: "v2".into() }
        }
        ErrorKind::Undecodable => Error::Undecodable {
            revision_id: format!("{ID}:1"),
            version: "'v1'".into(),
            reason: "No migration path from version 'v1' to 'v3'".into(),
        },
        ErrorKind::TooManyChanges => Error::TooManyChanges { found: 10_001, limit: 10_000 },
        ErrorKind::Referenced => Error::Referenced {
            resource_id,
            referrers: vec![Referrer {
                model: "badge".into(),
                field: "owner_id".into(),
                resource_id: "badge:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2c".into(),
            }],
            more: 0,
        },
        ErrorKind::Conflict => Error::TargetsGone {
            resource_id,
            missing: vec![MissingTarget {
                field: "team".into(),
                resource_id: "team:0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2c".into(),
            }],
        },
        ErrorKind::BlobNotFound => Error::BlobNotFound { file_id: format!("b3-{}", "0a1b2c3d".repeat(8)) },
        ErrorKind::UploadConflict => Error::UploadConflict { reason: "part 2 is missing".into() },
        ErrorKind::RangeNotSatisfiable => Error::RangeNotSatisfiable { size: 1_024 },
        ErrorKind::NotImplemented => Error::UploadsNotImplemented,
        ErrorKind::PreconditionFailed => {
            Error::PreconditionFailed { resource_id, expected: format!("{ID}:1"), actual: format!("{ID}:2") }
        }
        ErrorKind::PayloadTooLarge => Error::PayloadTooLarge { limit: 2_097_152 },
        ErrorKind::UnsupportedMediaType => Error::UnsupportedMediaType { expected: "application/json" },
        ErrorKind::Validation => {
            let mut errors = ValidationErrors::new();
            errors.push("$.price", "price must be >= 0");
            Error::Validation(errors)
        }
        ErrorKind::Parameter => Error::InvalidParameter {
            location: "query",
            name: "limit".into(),
            message: "expected an integer of at least 1".into(),
            input: "0".into(),
        },
        ErrorKind::ParameterConflict => Error::ParameterConflict { names: vec!["conditions", "is_deleted"] },
        ErrorKind::Unavailable => Error::Unavailable { reason: String::new(), retry_after: 1 },
        ErrorKind::Internal => {
            // A fixed id, so that the document is the same on every start.
            Error::Internal { id: uuid::Uuid::from_u128(0x0190_a4b2_3c4d_7e5f_8a6b_7c8d_9e0f_1a2b) }
        }
    }
}

/// One problem of a parameter or of the body.
fn validation_error() -> Value {
    json!({
        "type": "object",
        "description": "One problem of a parameter or of the body.",
        "required": ["loc", "msg", "type"],
        "properties": {
            "loc": {
                "type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "description": "Where: `query`, `path`, `header` or `body`, then the name or the position.",
            },
            "msg": {"type": "string", "description": "What is wrong."},
            "type": {"type": "string", "description": "The kind of problem."},
            "input": {"description": "What was sent."},
            "ctx": {"type": "object", "additionalProperties": true, "description": "Further details."},
        },
    })
}

fn problems() -> Value {
    json!({"type": "array", "items": reference("ValidationError")})
}

fn plain() -> Schemas {
    let text = |description| json!({"type": "string", "description": description});
    let holder = json!({"anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "Who has the value; null when the caller may not know."});
    let mut list = problems();
    list["description"] = "The problems.".into();
    Schemas::from([
        ("ValidationError".into(), validation_error()),
        (
            "HTTPValidationError".into(),
            json!({
                "type": "object", "description": "Parameters with impossible values.",
                "required": ["detail"], "properties": {"detail": list},
            }),
        ),
        (
            "UniqueConflict".into(),
            json!({
                "type": "object", "description": "A unique value belongs to another resource.",
                "required": ["message", "field", "conflicting_resource_id"],
                "properties": {
                    "message": text("What happened, for people."),
                    "field": text("The field, or the fields of a composite joined by `, `."),
                    "conflicting_resource_id": holder,
                },
            }),
        ),
        (
            "PreconditionFailed".into(),
            json!({
                "type": "object", "description": "The resource is not at the expected revision.",
                "required": ["message", "code", "expected_revision_id", "actual_revision_id"],
                "properties": {
                    "message": text("What happened, for people."),
                    "code": {"type": "string", "enum": ["PRECONDITION_FAILED"], "description": "Always the same."},
                    "expected_revision_id": text("What the caller expects."),
                    "actual_revision_id": text("What is current."),
                },
            }),
        ),
        (
            "Error".into(),
            json!({
                "type": "object", "description": "Why a request failed.", "required": ["detail"],
                "properties": {"detail": {
                    "description": "Text, a list of problems, or an object for a unique conflict or a failed \
                        precondition.",
                    "oneOf": [
                        {"type": "string"}, problems(), reference("UniqueConflict"),
                        reference("PreconditionFailed"),
                    ],
                }},
            }),
        ),
    ])
}

fn structured() -> Schemas {
    let mut codes: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.row().code).collect();
    codes.sort_unstable();
    codes.dedup();
    let text = |description| json!({"type": "string", "description": description});
    let holder = json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null,
        "description": "For a unique conflict: who has the value; null when the caller may not know."});
    let field_problem = json!({
        "type": "object", "description": "One problem of the data.", "required": ["path", "message"],
        "properties": {
            "path": text("Where, as a JSON path such as `$.price`."), "message": text("What is wrong."),
        },
    });
    Schemas::from([
        ("ValidationError".into(), validation_error()),
        ("FieldProblem".into(), field_problem),
        (
            "ErrorDetail".into(),
            json!({
                "type": "object", "description": "What happened.", "required": ["message", "code"],
                "properties": {
                    "message": text("What happened, for people."),
                    "code": {"type": "string", "enum": codes, "description": "What happened, for programs."},
                    "errors": {
                        "type": "array", "description": "Each problem, where there can be several.",
                        "items": {"anyOf": [reference("ValidationError"), reference("FieldProblem")]},
                    },
                    "field": text("For a unique conflict: the field."),
                    "conflicting_resource_id": holder,
                    "expected_revision_id": text("For a failed precondition: what the caller expects."),
                    "actual_revision_id": text("For a failed precondition: what is current."),
                },
            }),
        ),
        (
            "Error".into(),
            json!({
                "type": "object", "description": "Why a request failed.", "required": ["detail"],
                "properties": {"detail": reference("ErrorDetail")},
            }),
        ),
    ])
}
