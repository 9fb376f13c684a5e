//! The rows.

use super::parameter::{Parameter, parameters as p};
use super::{Answer, AnswerHeader, Method, Operation, RequestBody, Route};
use crate::error::ErrorKind as E;

const NONE: &[&Parameter] = &[];
const ETAG: &[AnswerHeader] = &[AnswerHeader::ETag];
const FEED: &[AnswerHeader] = &[AnswerHeader::HasMore, AnswerHeader::NextSince];
const PAGE: &[AnswerHeader] = &[AnswerHeader::HasMore, AnswerHeader::NextCursor, AnswerHeader::TotalCount];

/// The filters of a search, between what a route puts in front of them and behind them.
macro_rules! search {
    ([$($front:ident),*] [$($behind:ident),*]) => {
        &[
            $(&p::$front,)*
            &p::QB,
            &p::CREATED_TIME_START, &p::CREATED_TIME_END,
            &p::UPDATED_TIME_START, &p::UPDATED_TIME_END,
            &p::REV_CREATED_TIME_START, &p::REV_CREATED_TIME_END,
            &p::REV_UPDATED_TIME_START, &p::REV_UPDATED_TIME_END,
            &p::CREATED_BYS, &p::UPDATED_BYS,
            &p::REV_CREATED_BYS, &p::REV_UPDATED_BYS, &p::REV_STATUSES,
            &p::CONDITIONS, &p::DATA_CONDITIONS,
            $(&p::$behind,)*
        ]
    };
}

const LIST: &[&Parameter] =
    search!([RETURNS_LIST, IS_DELETED] [SORTS, LIMIT, OFFSET, CURSOR, PARTIAL, WITH_TOTAL]);
const LIST_SECTION: &[&Parameter] = search!([IS_DELETED] [SORTS, LIMIT, OFFSET, PARTIAL]);
const COUNT: &[&Parameter] = search!([IS_DELETED] []);
/// Without `is_deleted`, which the batch routes set themselves.
const BATCH: &[&Parameter] = search!([] [SORTS, LIMIT, OFFSET]);
const BATCH_RESTORE: &[&Parameter] = search!([] [SORTS, LIMIT, OFFSET, CASCADE]);
const READ: &[&Parameter] =
    &[&p::RESOURCE_ID, &p::RETURNS, &p::REVISION_ID, &p::PARTIAL, &p::INCLUDE_DELETED, &p::IF_NONE_MATCH];

const SEARCH_ERRORS: &[E] =
    &[E::Query, E::PermissionDenied, E::Validation, E::Parameter, E::ParameterConflict];
const READ_ERRORS: &[E] =
    &[E::PermissionDenied, E::NotFound, E::Deleted, E::RevisionNotFound, E::Validation, E::Parameter];

/// What the alias routes share with the route that replaces them.
const SINGLE: Route = Route {
    operation: Operation::Read,
    method: Method::Get,
    path: "/{resource_id}",
    name: "get_resource",
    summary: "Get {m} resource",
    description: "Reads one {m}: its data, the info of the revision and its metadata, or those of them that \
                  `returns` names.",
    parameters: READ,
    ignored: NONE,
    body: RequestBody::None,
    answer: Answer::Envelope,
    headers: ETAG,
    errors: READ_ERRORS,
    deprecated: None,
};

const MANY: Route = Route {
    operation: Operation::List,
    method: Method::Get,
    path: "",
    name: "list_resources",
    summary: "List {m} resources",
    description: "One page of {m} resources: those that meet every given filter.",
    parameters: LIST,
    ignored: NONE,
    body: RequestBody::None,
    answer: Answer::Envelopes,
    headers: PAGE,
    errors: SEARCH_ERRORS,
    deprecated: None,
};

/// Every route of a resource, in the order of the documentation.
pub const ROUTES: &[Route] = &[
    MANY,
    Route {
        operation: Operation::Create,
        method: Method::Post,
        path: "",
        name: "create_resource",
        summary: "Create {m}",
        description: "Makes a new {m} under an id the server chooses, with its first revision.",
        parameters: NONE,
        ignored: NONE,
        body: RequestBody::Payload,
        answer: Answer::RevisionInfo,
        headers: ETAG,
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::UniqueConflict,
            E::Duplicate,
            E::PayloadTooLarge,
            E::UnsupportedMediaType,
            E::Validation,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::BatchDelete,
        method: Method::Delete,
        path: "",
        name: "batch_delete",
        summary: "Batch delete {m}",
        description: "Soft-deletes every {m} that meets the filters, or none if one of them cannot be. \
                      Without a filter this is every {m} there is.",
        parameters: BATCH,
        ignored: &[&p::IS_DELETED, &p::PARTIAL],
        body: RequestBody::None,
        answer: Answer::Metas,
        headers: &[],
        errors: &[
            E::Query,
            E::PermissionDenied,
            E::Referenced,
            E::Conflict,
            E::TooManyChanges,
            E::Parameter,
            E::ParameterConflict,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Count,
        path: "/count",
        name: "get_resources_count",
        summary: "Count {m} Resources",
        description: "How many {m} resources meet every given filter.",
        parameters: COUNT,
        ignored: &[&p::SORTS, &p::LIMIT, &p::OFFSET, &p::PARTIAL],
        answer: Answer::Count,
        headers: &[],
        ..MANY
    },
    Route {
        operation: Operation::BatchRestore,
        method: Method::Post,
        path: "/restore",
        name: "batch_restore",
        summary: "Batch restore deleted {m}",
        description: "Restores every soft-deleted {m} that meets the filters, or none if one of them cannot \
                      be. Without a filter this is every deleted {m}.",
        parameters: BATCH_RESTORE,
        ignored: &[&p::IS_DELETED, &p::PARTIAL],
        body: RequestBody::None,
        answer: Answer::Metas,
        headers: &[],
        errors: &[
            E::Query,
            E::PermissionDenied,
            E::UniqueConflict,
            E::Conflict,
            E::TooManyChanges,
            E::Parameter,
            E::ParameterConflict,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::ListData,
        path: "/data",
        name: "list_resources_data",
        summary: "List {m} data",
        description: "One page of the bare data of {m} resources.",
        parameters: LIST_SECTION,
        answer: Answer::DataList,
        headers: &[],
        deprecated: Some("`GET` of the collection with `returns=only-data`"),
        ..MANY
    },
    Route {
        operation: Operation::ListMeta,
        path: "/meta",
        name: "list_resources_meta",
        summary: "List {m} metadata",
        description: "One page of the metadata of {m} resources.",
        parameters: LIST_SECTION,
        answer: Answer::Metas,
        headers: &[],
        deprecated: Some("`GET` of the collection with `returns=only-meta`"),
        ..MANY
    },
    Route {
        operation: Operation::ListRevisionInfo,
        path: "/revision-info",
        name: "list_resources_revision_info",
        summary: "List {m} revision infos",
        description: "One page of the current revision infos of {m} resources.",
        parameters: LIST_SECTION,
        answer: Answer::RevisionInfos,
        headers: &[],
        deprecated: Some("`GET` of the collection with `returns=only-revision_info`"),
        ..MANY
    },
    Route {
        operation: Operation::ListFull,
        path: "/full",
        name: "list_resources_full",
        summary: "List full {m} resources",
        description: "One page of {m} resources: those that meet every given filter.",
        deprecated: Some("`GET` of the collection"),
        ..MANY
    },
    SINGLE,
    Route {
        operation: Operation::Replace,
        method: Method::Put,
        path: "/{resource_id}",
        name: "update_resource",
        summary: "Update {m}",
        description: "Replaces the data of one {m}. `mode=update` makes a new revision, unless the data is the \
                      same as before; `mode=modify` rewrites a draft in place and may also change its status \
                      alone, then without a body. With `If-None-Match: *` it creates the {m} under this id.",
        parameters: &[
            &p::RESOURCE_ID,
            &p::MODE,
            &p::CHANGE_STATUS,
            &p::EXPECTED_REVISION_ID,
            &p::IF_MATCH,
            &p::CREATE_ONLY,
        ],
        ignored: NONE,
        body: RequestBody::Payload,
        answer: Answer::RevisionInfo,
        headers: ETAG,
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::UniqueConflict,
            E::CannotModify,
            E::PreconditionFailed,
            E::PayloadTooLarge,
            E::UnsupportedMediaType,
            E::Validation,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Patch,
        method: Method::Patch,
        path: "/{resource_id}",
        name: "patch_resource",
        summary: "Partially update {m}",
        description: "Changes parts of the data of one {m}, by a JSON Patch (RFC 6902) or a merge patch \
                      (RFC 7396); as plain `application/json`, an array is the one and an object the other.",
        parameters: &[&p::RESOURCE_ID, &p::MODE, &p::CHANGE_STATUS, &p::EXPECTED_REVISION_ID, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::Patch,
        answer: Answer::RevisionInfo,
        headers: ETAG,
        errors: &[
            E::BadRequest,
            E::Patch,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::UniqueConflict,
            E::CannotModify,
            E::PreconditionFailed,
            E::PayloadTooLarge,
            E::UnsupportedMediaType,
            E::Validation,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Delete,
        method: Method::Delete,
        path: "/{resource_id}",
        name: "delete_resource",
        summary: "Delete {m}",
        description: "Soft-deletes one {m} and what depends on it: all can be restored, and their history stays. \
                      What else refers to it loses the reference, or keeps it from being deleted, as declared.",
        parameters: &[&p::RESOURCE_ID, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::None,
        answer: Answer::Meta,
        headers: &[],
        errors: &[
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::Referenced,
            E::Conflict,
            E::TooManyChanges,
            E::PreconditionFailed,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::DeletePermanently,
        method: Method::Delete,
        path: "/{resource_id}/permanently",
        name: "permanently_delete_resource",
        summary: "Permanently delete {m}",
        description: "Removes one {m}, soft-deleted or not, with all its revisions. There is no way back. \
                      The answer is the metadata as it was before.",
        parameters: &[&p::RESOURCE_ID, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::None,
        answer: Answer::Meta,
        headers: &[],
        errors: &[
            E::PermissionDenied,
            E::NotFound,
            E::Referenced,
            E::Conflict,
            E::TooManyChanges,
            E::PreconditionFailed,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Restore,
        method: Method::Post,
        path: "/{resource_id}/restore",
        name: "restore_resource",
        summary: "Restore deleted {m}",
        description: "Undoes the soft delete of one {m}. Nothing happens if it is not deleted.",
        parameters: &[&p::RESOURCE_ID, &p::CASCADE, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::None,
        answer: Answer::Meta,
        headers: &[],
        errors: &[
            E::PermissionDenied,
            E::NotFound,
            E::UniqueConflict,
            E::Conflict,
            E::TooManyChanges,
            E::PreconditionFailed,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Switch,
        method: Method::Post,
        path: "/{resource_id}/switch/{revision_id}",
        name: "switch_revision",
        summary: "Switch {m} to specific revision",
        description: "Makes a revision of one {m} the current one, older or newer. No revision is made.",
        parameters: &[&p::RESOURCE_ID, &p::REVISION_SELECTOR, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::None,
        answer: Answer::Meta,
        headers: &[],
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::RevisionNotFound,
            E::UniqueConflict,
            E::NotMigrated,
            E::Conflict,
            E::PreconditionFailed,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Undo,
        method: Method::Post,
        path: "/{resource_id}/undo/{revision_id}",
        name: "undo_revision",
        summary: "Undo a revision of a {m}",
        description: "Makes a new revision of one {m} without what a revision changed: the difference between that \
                      revision and the one it was made from is applied backwards to the current one. Where a later \
                      revision changed the same values, nothing is done.",
        parameters: &[&p::RESOURCE_ID, &p::REVISION_SELECTOR, &p::EXPECTED_REVISION_ID, &p::IF_MATCH],
        ignored: NONE,
        body: RequestBody::None,
        answer: Answer::RevisionInfo,
        headers: ETAG,
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::RevisionNotFound,
            E::UniqueConflict,
            E::NotMigrated,
            E::Conflict,
            E::PreconditionFailed,
            E::Validation,
            E::Parameter,
        ],
        deprecated: None,
    },
    Route {
        operation: Operation::Diff,
        path: "/{resource_id}/diff",
        name: "diff_revisions",
        summary: "Compare revisions of a {m}",
        description: "The JSON Patch (RFC 6902) that makes one revision of a {m} out of another one.",
        parameters: &[&p::RESOURCE_ID, &p::FROM, &p::TO, &p::INCLUDE_DELETED],
        answer: Answer::Diff,
        headers: &[],
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::RevisionNotFound,
            E::Parameter,
        ],
        ..SINGLE
    },
    Route {
        operation: Operation::Referrers,
        path: "/{resource_id}/referrers",
        name: "_list_referrers",
        summary: "List referrers of a {m} resource",
        description: "One page of the resources that refer to one {m}, by the field that refers.",
        parameters: &[&p::RESOURCE_ID, &p::LIMIT, &p::OFFSET],
        answer: Answer::Referrers,
        headers: &[AnswerHeader::HasMore],
        errors: &[E::PermissionDenied, E::NotFound, E::Parameter],
        ..SINGLE
    },
    Route {
        operation: Operation::ResourceChanges,
        path: "/{resource_id}/changes",
        name: "list_resource_changes",
        summary: "Follow the changes of a {m} resource",
        description: "One page of what happened to one {m}, in the order of the commits. With \
                      `Accept: text/event-stream` the stream goes on with what happens from now on.",
        parameters: &[&p::RESOURCE_ID, &p::SINCE, &p::LIMIT, &p::LAST_EVENT_ID],
        answer: Answer::Changes,
        headers: FEED,
        errors: &[E::PermissionDenied, E::NotFound, E::Parameter],
        ..SINGLE
    },
    Route {
        operation: Operation::Changes,
        path: "/changes",
        name: "list_changes",
        summary: "Follow the changes of {m} resources",
        description: "One page of what happened to {m} resources, in the order of the commits. With \
                      `Accept: text/event-stream` the stream goes on with what happens from now on.",
        parameters: &[&p::SINCE, &p::LIMIT, &p::LAST_EVENT_ID],
        answer: Answer::Changes,
        headers: FEED,
        errors: &[E::PermissionDenied, E::Parameter],
        ..MANY
    },
    Route {
        operation: Operation::RevisionList,
        path: "/{resource_id}/revision-list",
        name: "get_resource_revision_list",
        summary: "Get {m} Revision History",
        description: "One page of the revisions of one {m}, with its metadata.",
        parameters: &[
            &p::RESOURCE_ID,
            &p::REVISION_LIMIT,
            &p::REVISION_OFFSET,
            &p::REVISION_SORT,
            &p::REVISION_TIME_START,
            &p::REVISION_TIME_END,
            &p::FROM_REVISION_ID,
            &p::CHAIN_ONLY,
            &p::PARTIAL,
            &p::INCLUDE_DELETED,
        ],
        answer: Answer::RevisionList,
        headers: &[],
        errors: &[
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::RevisionNotFound,
            E::Parameter,
        ],
        ..SINGLE
    },
    Route {
        operation: Operation::ReadData,
        path: "/{resource_id}/data",
        name: "get_resource_data",
        summary: "Get {m} data",
        description: "The bare data of one {m}.",
        parameters: &[&p::RESOURCE_ID, &p::REVISION_ID, &p::PARTIAL, &p::INCLUDE_DELETED, &p::IF_NONE_MATCH],
        answer: Answer::Data,
        deprecated: Some("`GET` of the resource with `returns=only-data`"),
        ..SINGLE
    },
    Route {
        operation: Operation::ReadMeta,
        path: "/{resource_id}/meta",
        name: "get_resource_meta",
        summary: "Get {m} metadata",
        description: "The metadata of one {m}.",
        parameters: &[&p::RESOURCE_ID, &p::PARTIAL, &p::INCLUDE_DELETED, &p::IF_NONE_MATCH],
        answer: Answer::Meta,
        errors: &[E::PermissionDenied, E::NotFound, E::Deleted, E::Parameter],
        deprecated: Some("`GET` of the resource with `returns=only-meta`"),
        ..SINGLE
    },
    Route {
        operation: Operation::ReadRevisionInfo,
        path: "/{resource_id}/revision-info",
        name: "get_resource_revision_info",
        summary: "Get {m} revision info",
        description: "The info of one revision of one {m}.",
        parameters: &[&p::RESOURCE_ID, &p::REVISION_ID, &p::PARTIAL, &p::IF_NONE_MATCH],
        answer: Answer::RevisionInfo,
        deprecated: Some("`GET` of the resource with `returns=only-revision_info`"),
        ..SINGLE
    },
    Route {
        operation: Operation::ReadFull,
        path: "/{resource_id}/full",
        name: "get_resource_full",
        summary: "Get full {m} resource",
        description: "Reads one {m}: its data, the info of the revision and its metadata.",
        deprecated: Some("`GET` of the resource"),
        ..SINGLE
    },
];

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
];
