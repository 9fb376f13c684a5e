//! The rows of what belongs to no resource.

use super::shared::{FEED, IMPORT_ERRORS, MANY, NONE};
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
        parameters: &[&p::ON_DUPLICATE, &p::DRY_RUN],
        ignored: NONE,
        body: RequestBody::Archive,
        answer: Answer::ImportedAll,
        headers: &[],
        errors: IMPORT_ERRORS,
        deprecated: None,
    },
];
