//! The one route table of a resource.
//!
//! Handlers are mounted from it, query parameters are checked against it, and the OpenAPI document is
//! written from it, so that none of the three can say something else than the other two. A new route is a
//! new [`Operation`] and a new row.

mod parameter;
mod table;

use std::fmt::Write;

use axum::routing::MethodFilter;

pub use parameter::{Location, Parameter, Shape, parameters};
pub use table::{GLOBAL_ROUTES, ROUTES};

use crate::error::ErrorKind;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A page of resources.
    List,
    /// A new resource.
    Create,
    /// Soft-deletes every match.
    BatchDelete,
    /// A page of payloads.
    ListData,
    /// A page of metadata.
    ListMeta,
    /// A page of revision infos.
    ListRevisionInfo,
    /// The old spelling of [`Operation::List`].
    ListFull,
    /// How many resources match.
    Count,
    /// Restores every match.
    BatchRestore,
    /// One resource.
    Read,
    /// One payload.
    ReadData,
    /// The metadata of one resource.
    ReadMeta,
    /// One revision info.
    ReadRevisionInfo,
    /// The old spelling of [`Operation::Read`].
    ReadFull,
    /// The history of one resource.
    RevisionList,
    /// Replaces the payload, rewrites it in place, or creates under a chosen id.
    Replace,
    /// Changes parts of the payload.
    Patch,
    /// Soft-deletes one resource.
    Delete,
    /// Removes one resource and its history.
    DeletePermanently,
    /// Undoes a soft delete.
    Restore,
    /// Makes another revision the current one.
    Switch,
    /// Takes back what a revision changed.
    Undo,
    /// The difference between two revisions.
    Diff,
    /// Who refers to one resource.
    Referrers,
    /// What happened to one resource.
    ResourceChanges,
    /// What happened to the resources of a type.
    Changes,
    /// Tries a migration of every match.
    TestMigration,
    /// Migrates every match.
    ExecuteMigration,
    /// Migrates one resource.
    MigrateOne,
    /// Takes the migration of one resource back.
    RollbackMigration,
    /// Every declared reference.
    Relationships,
    /// What happened to all resources.
    AllChanges,
    /// A file, of one resource.
    ReadResourceBlob,
    /// A new file.
    UploadBlob,
    /// A file.
    ReadBlob,
    /// A new upload session.
    BeginUpload,
    /// An upload session.
    ReadUpload,
    /// A part of an upload session.
    PutUploadContent,
    /// Makes a file of an upload session.
    FinalizeUpload,
    /// Gives an upload session up.
    AbortUpload,
    /// Has a job run again.
    RerunJob,
    /// Calls a job off.
    CancelJob,
    /// The log of a job.
    JobLogs,
    /// How far a job is.
    JobProgress,
    /// How many jobs stand in each queue.
    JobQueues,
    /// Whether jobs are worked on.
    JobHealth,
    /// `GET /{m}/export`
    Export,
    /// `POST /{m}/import`
    Import,
    /// `GET /_backup/export`
    ExportAll,
    /// `POST /_backup/import`
    ImportAll,
}

impl Operation {
    /// Whether it takes as long as its bytes do: then it is given up when nothing comes any more, and not after a
    /// time.
    pub const fn takes_long(self) -> bool {
        matches!(
            self,
            Self::UploadBlob
                | Self::PutUploadContent
                | Self::FinalizeUpload
                | Self::Export
                | Self::Import
                | Self::ExportAll
                | Self::ImportAll
        )
    }
}

impl Operation {
    /// Whether it is there for types with a schema version only, unless the application says otherwise.
    pub const fn is_migration(self) -> bool {
        matches!(
            self,
            Self::TestMigration | Self::ExecuteMigration | Self::MigrateOne | Self::RollbackMigration
        )
    }

    /// Whether it is there for jobs only.
    pub const fn is_job(self) -> bool {
        matches!(
            self,
            Self::RerunJob
                | Self::CancelJob
                | Self::JobLogs
                | Self::JobProgress
                | Self::JobQueues
                | Self::JobHealth
        )
    }
}

/// The method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The filter under which axum mounts a handler. `GET` also takes `HEAD`, as axum does itself.
    pub const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// The body a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// None.
    None,
    /// The whole payload as `application/json`.
    Payload,
    /// A JSON Patch or a merge patch.
    Patch,
    /// A form with a file, or the file itself.
    File,
    /// What is said of a file before it comes.
    Announcement,
    /// An archive, as it is or as a file of a form.
    Archive,
}

/// The body a route answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The sections of one resource.
    Envelope,
    /// The payload.
    Data,
    /// `ResourceMeta`.
    Meta,
    /// `RevisionInfo`.
    RevisionInfo,
    /// `RevisionListResponse`.
    RevisionList,
    /// A JSON Patch.
    Diff,
    /// An array of `Referrers`.
    Referrers,
    /// An array of `Relationship`.
    Relationships,
    /// An array of `Change`, or a stream of them.
    Changes,
    /// `MigrateProgress`.
    MigrateProgress,
    /// Lines of `MigrateProgress` and one `MigrateResult`.
    MigrateLines,
    /// A JSON integer.
    Count,
    /// An array of [`Answer::Envelope`].
    Envelopes,
    /// An array of [`Answer::Data`].
    DataList,
    /// An array of [`Answer::Meta`].
    Metas,
    /// An array of [`Answer::RevisionInfo`].
    RevisionInfos,
    /// `JobProgress`.
    JobProgress,
    /// The same, with 202.
    JobCancelled,
    /// Lines of text, or 204.
    JobLog,
    /// An array of `JobCount`.
    JobQueues,
    /// `JobHealth`.
    JobHealth,
    /// The bytes of a file.
    File,
    /// `Binary`.
    Binary,
    /// `UploadSession`.
    UploadSession,
    /// Nothing, with 204.
    Nothing,
    /// An archive.
    Archive,
    /// What an import of one type did.
    Imported,
    /// What an import did, by type.
    ImportedAll,
}

/// A header of a successful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerHeader {
    /// `ETag` of the revision.
    ETag,
    /// `Idempotent-Replayed`: the request was answered before.
    Replayed,
    /// `X-Has-More`: is there a further page.
    HasMore,
    /// `X-Next-Cursor`, only while there is a further page.
    NextCursor,
    /// `X-Total-Count`, only with `with_total`.
    TotalCount,
    /// `X-Next-Since`: where the next page of a feed begins.
    NextSince,
    /// `ETag` of a file.
    FileTag,
    /// `Accept-Ranges`: parts of the file can be asked for.
    AcceptRanges,
    /// `Cache-Control` of a file.
    CacheControl,
    /// `Content-Disposition`, unless the file is one that browsers may show.
    ContentDisposition,
}

impl AnswerHeader {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ETag | Self::FileTag => "ETag",
            Self::AcceptRanges => "Accept-Ranges",
            Self::CacheControl => "Cache-Control",
            Self::ContentDisposition => "Content-Disposition",
            Self::Replayed => "Idempotent-Replayed",
            Self::HasMore => "X-Has-More",
            Self::NextCursor => "X-Next-Cursor",
            Self::TotalCount => "X-Total-Count",
            Self::NextSince => "X-Next-Since",
        }
    }
}

/// The value of the `Deprecation` header (RFC 9745) of a route with [`Route::deprecated`]: 2025-01-01 UTC,
/// before the first release, since these spellings were deprecated from the start.
pub const DEPRECATION: &str = "@1735689600";

/// The value of `Cache-Control` of a file: an id is a hash of the bytes, so they never change; what one caller may
/// read another one may not.
pub const FILE_CACHING: &str = "private, max-age=31536000, immutable";

/// What every route can answer besides its own [`Route::errors`].
pub const COMMON_ERRORS: &[ErrorKind] = &[ErrorKind::Internal, ErrorKind::Unavailable];

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// What it does.
    pub operation: Operation,
    /// Its method.
    pub method: Method,
    /// Below the path of the resource type, in axum's syntax: `""`, `"/count"`, `"/{resource_id}"`.
    pub path: &'static str,
    /// The beginning of its operation id.
    pub name: &'static str,
    /// One line; `{m}` stands for the resource name.
    pub summary: &'static str,
    /// What the summary leaves out; `{m}` stands for the resource name.
    pub description: &'static str,
    /// Everything it reads besides the body, in the order of the documentation.
    pub parameters: &'static [&'static Parameter],
    /// Query parameters it accepts although they change nothing, because all searches share one set.
    pub ignored: &'static [&'static Parameter],
    /// The body it reads.
    pub body: RequestBody,
    /// The body of its 200.
    pub answer: Answer,
    /// The headers of its 200.
    pub headers: &'static [AnswerHeader],
    /// Why it can fail, besides [`COMMON_ERRORS`] and a refused authentication.
    pub errors: &'static [ErrorKind],
    /// What to use instead of it.
    pub deprecated: Option<&'static str>,
}

impl Route {
    /// Whether a request that comes again under the same `Idempotency-Key` is answered as the first time. The end of
    /// an upload session has a key of its own.
    pub fn is_repeatable(&self) -> bool {
        let keyed =
            self.parameters.iter().any(|parameter| parameter.name == parameters::IDEMPOTENCY_KEY.name);
        keyed && self.operation != Operation::FinalizeUpload
    }

    /// The row of an operation.
    ///
    /// ```
    /// use specstar_runtime::http::route::{Operation, Route};
    /// assert_eq!(Route::of(Operation::Count).path, "/count");
    /// ```
    pub fn of(operation: Operation) -> &'static Self {
        let mut all = ROUTES.iter().chain(GLOBAL_ROUTES);
        let found = all.find(|route| route.operation == operation);
        // A test walks over all operations, so the fallback never happens; it only avoids a panic path.
        found.unwrap_or(&ROUTES[0])
    }

    /// Every query parameter name this route accepts, alternative spellings included.
    pub fn query_names(&self) -> impl Iterator<Item = &'static str> {
        let all = self.parameters.iter().chain(self.ignored);
        all.filter(|parameter| parameter.location == Location::Query)
            .flat_map(|parameter| std::iter::once(parameter.name).chain(parameter.alias))
    }

    /// Whether a query parameter of this name belongs to the route.
    ///
    /// ```
    /// use specstar_runtime::http::route::{Operation, Route};
    /// let list = Route::of(Operation::List);
    /// assert!(list.accepts("partial[]") && !list.accepts("limt"));
    /// ```
    pub fn accepts(&self, name: &str) -> bool {
        self.query_names().any(|known| known == name)
    }

    /// The known query parameter nearest to a misspelt one.
    pub fn suggest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.query_names().filter(|known| !known.ends_with("[]")))
    }

    /// The operation id below `base` (`""` or `/v1`) for the resource name: handler name, path and method,
    /// with everything that is neither letter nor digit as `_`. A global route has no resource name.
    ///
    /// ```
    /// use specstar_runtime::http::route::{Operation, Route};
    /// let id = Route::of(Operation::ReadRevisionInfo).operation_id("/v1", "game-event");
    /// assert_eq!(id, "get_resource_revision_info_v1_game_event__resource_id__revision_info_get");
    /// ```
    pub fn operation_id(&self, base: &str, resource: &str) -> String {
        let below = if resource.is_empty() { String::new() } else { format!("/{resource}") };
        operation_id(self.name, &format!("{base}{below}{}", self.path), self.method)
    }
}

/// The operation id of a handler at a path.
pub(crate) fn operation_id(name: &str, path: &str, method: Method) -> String {
    let id = format!("{name}{path}_{}", method.as_str());
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The known name nearest to a misspelt one, if it is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// The value of `Allow` for a path of the table; `HEAD` and `OPTIONS` join where they are answered.
///
/// ```
/// use specstar_runtime::http::route::allow;
/// assert_eq!(allow("/count", true), "GET, HEAD, OPTIONS");
/// assert_eq!(allow("", false), "GET, POST, DELETE");
/// ```
pub fn allow(path: &str, head_and_options: bool) -> String {
    let mut text = String::new();
    for route in ROUTES.iter().chain(GLOBAL_ROUTES).filter(|route| route.path == path) {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}", route.method.as_str());
        if head_and_options && route.method == Method::Get {
            text.push_str(", HEAD");
        }
    }
    if head_and_options && !text.is_empty() {
        text.push_str(", OPTIONS");
    }
    text
}

#[cfg(test)]
mod tests;
