//! THE table: kind of error → status, code, description.

/// A group of errors that look alike on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ErrorKind {
    BadRequest,
    Query,
    Patch,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    BlobNotFound,
    Deleted,
    RevisionNotFound,
    MethodNotAllowed,
    UniqueConflict,
    CannotModify,
    Duplicate,
    NotMigrated,
    TooManyChanges,
    Referenced,
    Conflict,
    UploadConflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    Validation,
    Undecodable,
    Parameter,
    ParameterConflict,
    KeyReused,
    Internal,
    NotImplemented,
    Unavailable,
}

/// How a group of errors looks on the wire.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// HTTP status.
    pub status: u16,
    /// Stable machine-readable name, sent where errors are structured.
    pub code: &'static str,
    /// One sentence for the documentation.
    pub description: &'static str,
}

impl ErrorKind {
    /// Every kind, by status.
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::Query,
        Self::Patch,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::NotFound,
        Self::BlobNotFound,
        Self::Deleted,
        Self::RevisionNotFound,
        Self::MethodNotAllowed,
        Self::UniqueConflict,
        Self::CannotModify,
        Self::Duplicate,
        Self::NotMigrated,
        Self::TooManyChanges,
        Self::Referenced,
        Self::Conflict,
        Self::UploadConflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::Validation,
        Self::Undecodable,
        Self::Parameter,
        Self::ParameterConflict,
        Self::KeyReused,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
    ];

    /// The row of this kind.
    pub const fn row(self) -> ErrorRow {
        let (status, code, description) = match self {
            Self::BadRequest => (400, "BAD_REQUEST", "The request contradicts itself or cannot be read."),
            Self::Query => {
                (400, "BAD_REQUEST", "A filter, an expression, a sort key or a time bound is malformed.")
            }
            Self::Patch => (400, "BAD_REQUEST", "The patch is malformed or cannot be applied."),
            Self::Unauthenticated => (401, "UNAUTHORIZED", "The caller must say who they are."),
            Self::PermissionDenied => (403, "PERMISSION_DENIED", "The caller may not do this."),
            Self::NotFound => (404, "RESOURCE_NOT_FOUND", "No such resource."),
            Self::BlobNotFound => (404, "RESOURCE_NOT_FOUND", "No such file, or no such upload session."),
            Self::Deleted => (404, "RESOURCE_DELETED", "The resource is soft-deleted."),
            Self::RevisionNotFound => (404, "RESOURCE_NOT_FOUND", "The resource has no such revision."),
            Self::MethodNotAllowed => (405, "METHOD_NOT_ALLOWED", "The path has no such method."),
            Self::UniqueConflict => (409, "UNIQUE_CONSTRAINT", "A unique value belongs to another resource."),
            Self::CannotModify => {
                (409, "RESOURCE_CONFLICT", "The current revision is stable and cannot be rewritten in place.")
            }
            Self::Duplicate => (409, "RESOURCE_CONFLICT", "A resource of that id exists."),
            Self::NotMigrated => (409, "RESOURCE_CONFLICT", "The revision has another schema version."),
            Self::TooManyChanges => {
                (409, "RESOURCE_CONFLICT", "More resources match than one request may change.")
            }
            Self::Referenced => {
                (409, "RESOURCE_CONFLICT", "Other resources refer to it and keep it from being deleted.")
            }
            Self::Conflict => {
                (409, "RESOURCE_CONFLICT", "A resource it depends on is not in a state that allows this.")
            }
            Self::UploadConflict => {
                (409, "RESOURCE_CONFLICT", "The upload session is not in a state that allows this.")
            }
            Self::PreconditionFailed => {
                (412, "PRECONDITION_FAILED", "The resource is not at the expected revision.")
            }
            Self::PayloadTooLarge => (413, "PAYLOAD_TOO_LARGE", "The body is longer than the server reads."),
            Self::UnsupportedMediaType => {
                (415, "UNSUPPORTED_MEDIA_TYPE", "The media type of the body is not one this route reads.")
            }
            Self::RangeNotSatisfiable => {
                (416, "RANGE_NOT_SATISFIABLE", "No byte of the file lies in a range that was asked for.")
            }
            Self::Validation => (422, "VALIDATION_ERROR", "The body does not fit the resource."),
            Self::Undecodable => (
                422,
                "UNDECODABLE",
                "The stored content is of a schema version that cannot be read any more.",
            ),
            Self::Parameter => {
                (422, "VALIDATION_ERROR", "A parameter has an impossible value, or the body is not JSON.")
            }
            Self::ParameterConflict => (422, "VALIDATION_ERROR", "Parameters exclude one another."),
            Self::KeyReused => (
                422,
                "IDEMPOTENCY_KEY_REUSED",
                "Another request was answered under the same `Idempotency-Key`.",
            ),
            Self::Internal => (500, "INTERNAL_ERROR", "A fault of the server; the id is also in its log."),
            Self::NotImplemented => (501, "NOT_IMPLEMENTED", "The application keeps no files."),
            Self::Unavailable => {
                (503, "UNAVAILABLE", "The database, or an encoder, is away or too busy; try again later.")
            }
        };
        ErrorRow { status, code, description }
    }
}
