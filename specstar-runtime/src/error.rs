//! Every way a request or a call can fail, and the one table that says how each looks on the wire.
//!
//! The inner layers build [`Error`] values and know nothing of HTTP. [`Error::kind`] groups them, and
//! [`ErrorKind::row`] gives status, code and description; the OpenAPI document is written from the same rows,
//! so what is documented is what is sent.

mod detail;
mod reference;
mod table;

use reference::{MOST_NAMED, and_more, blocked_by, targets};
pub use reference::{MissingTarget, Referrer};
pub use table::{ErrorKind, ErrorRow};

use crate::id::IdError;
use crate::json::DecodeError;
use crate::resource::ValidationErrors;

/// The result of a call that can fail with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. Values, not prose: the text for the client comes from [`Error::detail`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The body does not fit the type of the resource.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The validator of the resource refused the value.
    #[error("{0}")]
    Validation(ValidationErrors),
    /// The body has a field the type does not have.
    #[error("unknown field `{name}` at `{path}`{}", did_you_mean(suggestion.as_deref()))]
    UnknownField {
        /// Where, as a JSON path.
        path: String,
        /// The field.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// The body names the id, which only the server or the path chooses.
    #[error(
        "`resource_id` cannot be part of the data: the server chooses it, or the path of a create-only PUT"
    )]
    ReservedField,
    /// The body sets a field that only the program sets.
    #[error("field `{field}` is read-only")]
    ReadOnlyField {
        /// The field.
        field: String,
    },
    /// An id that no resource can have.
    #[error("`{id}` cannot be a resource id: {reason}")]
    InvalidId {
        /// The id as given.
        id: String,
        /// The rule it breaks.
        reason: IdError,
    },
    /// The body is not JSON.
    #[error("the body is not valid JSON: {message}")]
    MalformedJson {
        /// Byte position.
        offset: usize,
        /// What the parser expected.
        message: String,
    },
    /// A body is needed.
    #[error("a JSON body is required")]
    MissingBody,
    /// A replace in update mode needs a body.
    #[error("a body is required unless mode=modify")]
    MissingReplacement,
    /// A parameter of the query or the path has an impossible value.
    #[error("{location} parameter `{name}`: {message}")]
    InvalidParameter {
        /// `query`, `path` or `header`.
        location: &'static str,
        /// Which.
        name: String,
        /// What is expected.
        message: String,
        /// What was sent.
        input: String,
    },
    /// A query parameter that this route does not have.
    #[error("unknown query parameter `{name}`{}", did_you_mean(suggestion.as_deref()))]
    UnknownParameter {
        /// Which.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A request that contradicts itself or cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// A filter, sort or selection that cannot be honoured exactly.
    #[error("{0}")]
    InvalidQuery(String),
    /// An expression of the query language that cannot be read, or does not fit the resource.
    #[error("Invalid QB expression: {message}")]
    InvalidExpression {
        /// What is wrong, where, and a way out.
        message: String,
        /// Where, in characters from 1; `None` for the expression as a whole.
        column: Option<usize>,
        /// How many characters it takes.
        length: Option<usize>,
    },
    /// Parameters that exclude an expression stand beside it.
    #[error(
        "Cannot use 'qb' parameter together with: {}. Please use either 'qb' or the individual query parameters. \
         In QB mode, include metadata filters directly in the QB expression.",
        names.join(", ")
    )]
    ParameterConflict {
        /// Which.
        names: Vec<&'static str>,
    },
    /// A patch that cannot be applied.
    #[error("the patch cannot be applied: {0}")]
    InvalidPatch(String),
    /// The media type of the body is not one this route reads.
    #[error("the content type must be {expected}")]
    UnsupportedMediaType {
        /// What it reads.
        expected: &'static str,
    },
    /// The body is longer than the server reads.
    #[error("the body is longer than {limit} bytes")]
    PayloadTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The caller did not say who they are, and must.
    #[error("authentication is required")]
    Unauthenticated,
    /// Credentials that are not valid. What is wrong with them is not said.
    #[error("invalid token")]
    InvalidToken,
    /// Credentials that were valid once.
    #[error("token expired")]
    TokenExpired,
    /// The caller may not do this.
    #[error("Permission denied for user '{user}' to perform '{action}' on '{model}'")]
    PermissionDenied {
        /// Who.
        user: String,
        /// What.
        action: String,
        /// On which resource type.
        model: String,
    },
    /// The write would leave a resource that does not exist for the caller.
    #[error("Permission denied for user '{user}': the '{model}' would be outside of what this user can see")]
    OutsideScope {
        /// Who.
        user: String,
        /// Of which resource type.
        model: String,
    },
    /// Clients do not write the documents of calls: whoever could would call in somebody else's name.
    #[error(
        "The documents of '{model}' are calls of an action: only the action writes them. Call the action; its jobs \
         can be cancelled, rerun and deleted."
    )]
    WrittenByAction {
        /// The resource type.
        model: String,
    },
    /// No resource has this id.
    #[error("Resource '{resource_id}' not found.")]
    NotFound {
        /// The id.
        resource_id: String,
    },
    /// Nothing live of this id can be referred to.
    #[error("{model} '{resource_id}' not found")]
    TargetNotFound {
        /// Of which resource type.
        model: String,
        /// The id.
        resource_id: String,
    },
    /// The resource is soft-deleted.
    #[error("Resource '{resource_id}' is deleted.")]
    Deleted {
        /// The id.
        resource_id: String,
    },
    /// The resource has no such revision.
    #[error("Revision '{revision_id}' of Resource '{resource_id}' not found.")]
    RevisionNotFound {
        /// The resource.
        resource_id: String,
        /// The revision as asked for.
        revision_id: String,
    },
    /// No route has this path.
    #[error("Not Found")]
    UnknownRoute,
    /// The path has no such method.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// A unique value belongs to another live resource.
    #[error("Unique constraint violated: field '{field}' value '{value}' already exists")]
    UniqueConflict {
        /// The field, or the fields of a composite joined by `, `.
        field: String,
        /// The value, likewise.
        value: String,
        /// Who has it; `None` when the caller may not know.
        conflicting_resource_id: Option<String>,
    },
    /// There is a job of that idempotency key.
    #[error("There is a job with the idempotency key '{key}'.")]
    JobExists {
        /// The key.
        key: String,
    },
    /// The request was answered before, under the same `Idempotency-Key`; over HTTP that answer is sent again.
    #[error("The request was answered before.")]
    AnsweredBefore,
    /// Another request was answered under this `Idempotency-Key`.
    #[error("Another request was sent with the same Idempotency-Key.")]
    KeyReused,
    /// The lease under which a job was worked on does not hold any more. No request causes this.
    #[error("the lease of the job is over")]
    LeaseLost,
    /// The current revision is stable, so it cannot be rewritten in place.
    #[error("Resource '{resource_id}' cannot be modified.")]
    CannotModify {
        /// The resource.
        resource_id: String,
    },
    /// A resource of that id exists, deleted ones included.
    #[error("Resource '{resource_id}' already exists.")]
    DuplicateResource {
        /// The id.
        resource_id: String,
    },
    /// The revision was written with another schema version.
    #[error(
        "Revision '{revision_id}' has schema version {found}, the resource has {expected}: migrate the revision first"
    )]
    NotMigrated {
        /// The revision.
        revision_id: String,
        /// Its version.
        found: String,
        /// The resource's version.
        expected: String,
    },
    /// The stored content has another schema version, and nothing can be made of it.
    #[error("Revision '{revision_id}' of schema version {version} cannot be read: {reason}")]
    Undecodable {
        /// The revision.
        revision_id: String,
        /// Its version.
        version: String,
        /// Why.
        reason: String,
    },
    /// The content refers to resources that do not exist, are deleted, or do not exist for the caller.
    #[error("Reference target(s) not found: {}{}", targets(missing), and_more(*more))]
    TargetsMissing {
        /// The first fields with an id that leads nowhere.
        missing: Vec<MissingTarget>,
        /// How many more there are.
        more: usize,
    },
    /// The content names files that are not stored.
    #[error("Blob(s) not found: {}", quoted(file_ids))]
    BlobsMissing {
        /// Each of them.
        file_ids: Vec<String>,
    },
    /// No file has this id.
    #[error("Blob '{file_id}' not found.")]
    BlobNotFound {
        /// The id.
        file_id: String,
    },
    /// The request has to do with files, and the application keeps none.
    #[error("this application has no blob storage")]
    NoBlobStorage,
    /// Nobody, or somebody else, has begun an upload session of this id.
    #[error("Upload session '{upload_id}' not found.")]
    UploadNotFound {
        /// The id.
        upload_id: String,
    },
    /// An upload session is not in a state that allows this.
    #[error("{reason}")]
    UploadConflict {
        /// Why, in words.
        reason: String,
    },
    /// Files cannot be uploaded, because the application keeps none.
    #[error("this application has no blob storage")]
    UploadsNotImplemented,
    /// No byte of a file lies in a range that was asked for.
    #[error("the file has {size} bytes, and the range lies behind them")]
    RangeNotSatisfiable {
        /// How many bytes the file has.
        size: u64,
    },
    /// What is to become current, or live again, refers to resources that are gone.
    #[error("Resource '{resource_id}' refers to what is missing or deleted: {}", targets(missing))]
    TargetsGone {
        /// The resource.
        resource_id: String,
        /// Each field with the id that leads nowhere.
        missing: Vec<MissingTarget>,
    },
    /// References with `on_delete = "restrict"` keep the resource from being deleted.
    #[error("Cannot delete '{resource_id}': still referenced by {}.", blocked_by(referrers, *more))]
    Referenced {
        /// The resource.
        resource_id: String,
        /// The first of those that refer to it.
        referrers: Vec<Referrer>,
        /// How many more there are.
        more: u64,
    },
    /// The resource, or one that depends on it, is not in a state that allows this.
    #[error("{0}")]
    Conflict(String),
    /// One request would change more resources than one commit may.
    #[error(
        "{found} resources match, at most {limit} can be changed at once: narrow the filter or set a limit"
    )]
    TooManyChanges {
        /// How many match, at least.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The resource is not in the state the caller expects.
    #[error(
        "Precondition failed for '{resource_id}': expected current revision '{expected}', got '{actual}'."
    )]
    PreconditionFailed {
        /// The resource.
        resource_id: String,
        /// What the caller expects.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// An import in several commits ended before its last one.
    #[error(
        "the first {stored} of {total} resources are stored, and an import with `resume` goes on behind them; \
         it ended with: {cause}"
    )]
    ImportStopped {
        /// Why.
        cause: Box<Error>,
        /// How many resources of the archive are stored.
        stored: u64,
        /// How many it has.
        total: u64,
    },
    /// The database, or an encoder of texts, is away or too busy; try again later.
    #[error("The service is temporarily unavailable.")]
    Unavailable {
        /// Why, for the log.
        reason: String,
        /// Seconds until a new attempt makes sense.
        retry_after: u32,
    },
    /// The application cannot be built or served: every reason at once. No request causes this.
    #[error("the application cannot start: {}", problems.join("; "))]
    CannotStart {
        /// Each reason, in words.
        problems: Vec<String>,
    },
    /// A fault of this program; the client sees only the id.
    #[error("Internal server error (id {id}).")]
    Internal {
        /// Also in the log.
        id: uuid::Uuid,
    },
}

/// The first few, each in quotes.
fn quoted(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("'{name}'")).collect();
    format!("{}{}", first.join(", "), and_more(names.len().saturating_sub(MOST_NAMED)))
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Error {
    /// References that lead nowhere, of which only the first are named.
    pub(crate) fn targets_missing(mut missing: Vec<MissingTarget>) -> Self {
        let more = missing.len().saturating_sub(MOST_NAMED);
        missing.truncate(MOST_NAMED);
        Self::TargetsMissing { missing, more }
    }

    /// A fault of this program: logs the cause under a new id and gives the error that names only the id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let id = uuid::Uuid::now_v7();
        tracing::error!(%id, cause = %cause, "internal error");
        Self::Internal { id }
    }

    /// What ended an operation that had done a part of its work; else the error itself.
    pub(crate) fn root(&self) -> &Self {
        if let Self::ImportStopped { cause, .. } = self { cause.root() } else { self }
    }

    /// The row of the table this error belongs to.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Decode(_)
            | Self::Validation(_)
            | Self::UnknownField { .. }
            | Self::ReservedField
            | Self::ReadOnlyField { .. }
            | Self::InvalidId { .. }
            | Self::TargetsMissing { .. } => ErrorKind::Validation,
            Self::TargetsGone { .. }
            | Self::Conflict(_)
            | Self::JobExists { .. }
            | Self::AnsweredBefore
            | Self::LeaseLost => ErrorKind::Conflict,
            Self::KeyReused => ErrorKind::KeyReused,
            Self::Referenced { .. } => ErrorKind::Referenced,
            Self::UploadConflict { .. } => ErrorKind::UploadConflict,
            Self::UploadsNotImplemented => ErrorKind::NotImplemented,
            Self::RangeNotSatisfiable { .. } => ErrorKind::RangeNotSatisfiable,
            Self::MalformedJson { .. }
            | Self::MissingBody
            | Self::InvalidParameter { .. }
            | Self::UnknownParameter { .. } => ErrorKind::Parameter,
            Self::MissingReplacement
            | Self::BadRequest(_)
            | Self::BlobsMissing { .. }
            | Self::NoBlobStorage => ErrorKind::BadRequest,
            Self::InvalidQuery(_) | Self::InvalidExpression { .. } => ErrorKind::Query,
            Self::ParameterConflict { .. } => ErrorKind::ParameterConflict,
            Self::InvalidPatch(_) => ErrorKind::Patch,
            Self::UnsupportedMediaType { .. } => ErrorKind::UnsupportedMediaType,
            Self::PayloadTooLarge { .. } => ErrorKind::PayloadTooLarge,
            Self::Unauthenticated | Self::InvalidToken | Self::TokenExpired => ErrorKind::Unauthenticated,
            Self::PermissionDenied { .. } | Self::OutsideScope { .. } | Self::WrittenByAction { .. } => {
                ErrorKind::PermissionDenied
            }
            Self::NotFound { .. } | Self::TargetNotFound { .. } | Self::UnknownRoute => ErrorKind::NotFound,
            Self::BlobNotFound { .. } | Self::UploadNotFound { .. } => ErrorKind::BlobNotFound,
            Self::Deleted { .. } => ErrorKind::Deleted,
            Self::RevisionNotFound { .. } => ErrorKind::RevisionNotFound,
            Self::MethodNotAllowed => ErrorKind::MethodNotAllowed,
            Self::UniqueConflict { .. } => ErrorKind::UniqueConflict,
            Self::CannotModify { .. } => ErrorKind::CannotModify,
            Self::DuplicateResource { .. } => ErrorKind::Duplicate,
            Self::NotMigrated { .. } => ErrorKind::NotMigrated,
            Self::Undecodable { .. } => ErrorKind::Undecodable,
            Self::TooManyChanges { .. } => ErrorKind::TooManyChanges,
            Self::PreconditionFailed { .. } => ErrorKind::PreconditionFailed,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::ImportStopped { cause, .. } => cause.kind(),
            Self::CannotStart { .. } | Self::Internal { .. } => ErrorKind::Internal,
        }
    }
}
