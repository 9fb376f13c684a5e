//! The rows of what belongs to no resource.

use super::job;
use super::shared::{FEED, FILE, FILE_PARAMETERS, IMPORT_ERRORS, MANY, NONE};
use crate::error::ErrorKind as E;
use crate::http::route::parameter::parameters as p;
use crate::http::route::{Answer, Method, Operation, RequestBody, Route};

/// Every route that belongs to no resource, in the order of the documentation; the paths stand below the base path.
pub const GLOBAL_ROUTES: &[Route] = &[
    Route {
        operation: Operation::Relationships,
        path: "/_relationships",
        name: "_list_relationships",
        summary: "List all resource relationships",
        description: "Every declared reference between resource types, in the order of registration.",
        parameters: NONE,
        answer: Answer::Relationships,
        headers: &[],
        errors: &[E::Parameter],
        ..MANY
    },
    Route {
        operation: Operation::AllChanges,
        path: "/_changes",
        name: "list_all_changes",
        summary: "Follow the changes of all resources",
        description: "One page of what happened to the resources of every type that the caller may search, in the \
                      order of the commits. With `Accept: text/event-stream` the stream goes on with what happens \
                      from now on.",
        parameters: &[&p::SINCE, &p::LIMIT, &p::LAST_EVENT_ID],
        answer: Answer::Changes,
        headers: FEED,
        errors: &[E::PermissionDenied, E::Parameter],
        ..MANY
    },
    Route {
        operation: Operation::UploadBlob,
        method: Method::Post,
        path: "/blobs/upload",
        name: "upload_blob",
        summary: "Upload a file",
        description: "Stores a file, and answers what a field of a resource says of it. Equal bytes are stored once \
                      and have one id. A file that no resource names within an hour is removed some time later; \
                      until then only its uploader can read it.",
        parameters: NONE,
        body: RequestBody::File,
        answer: Answer::Binary,
        headers: &[],
        errors: &[E::BadRequest, E::PermissionDenied, E::PayloadTooLarge, E::Parameter, E::NotImplemented],
        ..MANY
    },
    Route {
        operation: Operation::ReadBlob,
        path: "/blobs/{file_id}",
        name: "get_blob_direct",
        summary: "Get a file",
        description: "The bytes of a file, for those who may read a resource that names it, and for its uploader.",
        parameters: FILE_PARAMETERS,
        answer: Answer::File,
        headers: FILE,
        errors: &[
            E::PermissionDenied,
            E::BlobNotFound,
            E::RangeNotSatisfiable,
            E::Parameter,
            E::NotImplemented,
        ],
        ..MANY
    },
    Route {
        operation: Operation::BeginUpload,
        method: Method::Post,
        path: "/blobs/upload-sessions",
        name: "create_upload_session",
        summary: "Begin an upload session",
        description: "Begins to upload a large file: in numbered parts that are sent one by one, again where one \
                      breaks off, or with one request to the storage itself. What is announced is checked when the \
                      session is finalized. A session belongs to whoever began it.",
        parameters: &[&p::IDEMPOTENCY_KEY],
        body: RequestBody::Announcement,
        answer: Answer::UploadSession,
        headers: &[],
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::PayloadTooLarge,
            E::UnsupportedMediaType,
            E::Validation,
            E::Parameter,
            E::NotImplemented,
        ],
        ..MANY
    },
    Route {
        operation: Operation::ReadUpload,
        path: "/blobs/upload-sessions/{upload_id}",
        name: "get_upload_session",
        summary: "Get an upload session",
        description: "How far an upload session is, and which parts of it have been received.",
        parameters: &[&p::UPLOAD_ID],
        answer: Answer::UploadSession,
        headers: &[],
        errors: &[E::PermissionDenied, E::BlobNotFound, E::Parameter, E::NotImplemented],
        ..MANY
    },
    Route {
        operation: Operation::PutUploadContent,
        method: Method::Put,
        path: "/blobs/upload-sessions/{upload_id}/content",
        name: "upload_session_content",
        summary: "Upload a part",
        description: "Stores one part of an upload session. A part that comes again replaces the earlier one while \
                      parts before it are missing, and is ignored afterwards.",
        parameters: &[&p::UPLOAD_ID, &p::PART_NUMBER],
        body: RequestBody::File,
        answer: Answer::UploadSession,
        headers: &[],
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::BlobNotFound,
            E::UploadConflict,
            E::PayloadTooLarge,
            E::Parameter,
            E::NotImplemented,
        ],
        ..MANY
    },
    Route {
        operation: Operation::FinalizeUpload,
        method: Method::Post,
        path: "/blobs/upload-sessions/{upload_id}/finalize",
        name: "finalize_upload_session",
        summary: "Finalize an upload session",
        description: "Joins the parts of an upload session in the order of their numbers, checks what was announced, \
                      and stores the file. When the client goes away, the work goes on: `Idempotency-Key` gets the \
                      answer later.",
        parameters: &[&p::UPLOAD_ID, &p::IDEMPOTENCY_KEY],
        answer: Answer::Binary,
        headers: &[],
        errors: &[
            E::PermissionDenied,
            E::BlobNotFound,
            E::UploadConflict,
            E::PayloadTooLarge,
            E::Parameter,
            E::NotImplemented,
        ],
        ..MANY
    },
    Route {
        operation: Operation::AbortUpload,
        method: Method::Post,
        path: "/blobs/upload-sessions/{upload_id}/abort",
        name: "abort_upload_session",
        summary: "Abort an upload session",
        description: "Gives an upload session up and removes what it has stored. Nothing happens if that was done \
                      before.",
        parameters: &[&p::UPLOAD_ID, &p::IDEMPOTENCY_KEY],
        answer: Answer::Nothing,
        headers: &[],
        errors: &[E::PermissionDenied, E::BlobNotFound, E::UploadConflict, E::Parameter, E::NotImplemented],
        ..MANY
    },
    job::QUEUES,
    job::HEALTH,
    Route {
        operation: Operation::ExportAll,
        path: "/_backup/export",
        name: "export_all",
        summary: "Export everything",
        description: "An archive of the resources of the named types, or of all, with their histories and files, \
                      as they are at one moment. An archive that ends early has no end, and is refused by an import.",
        parameters: &[&p::ARCHIVE_MODELS, &p::ARCHIVE_FORMAT, &p::ARCHIVE_SINCE],
        answer: Answer::Archive,
        headers: &[],
        errors: &[E::BadRequest, E::PermissionDenied, E::Parameter],
        ..MANY
    },
    Route {
        operation: Operation::ImportAll,
        method: Method::Post,
        path: "/_backup/import",
        name: "import_all",
        summary: "Import everything",
        description: "Stores the resources of an archive, whatever its format, with their histories and files. \
                      Everything is looked at before anything is stored; what is refused leaves nothing.",
        parameters: &[&p::ON_DUPLICATE, &p::DRY_RUN, &p::RESUME],
        ignored: NONE,
        body: RequestBody::Archive,
        answer: Answer::ImportedAll,
        headers: &[],
        errors: IMPORT_ERRORS,
        deprecated: None,
    },
];
