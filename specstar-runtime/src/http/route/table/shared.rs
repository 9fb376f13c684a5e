//! What several rows have in common.

use crate::error::ErrorKind as E;
use crate::http::route::parameter::{Parameter, parameters as p};
use crate::http::route::{Answer, AnswerHeader, Method, Operation, RequestBody, Route};

pub(super) const NONE: &[&Parameter] = &[];
pub(super) const ETAG: &[AnswerHeader] = &[AnswerHeader::ETag];
pub(super) const FEED: &[AnswerHeader] = &[AnswerHeader::HasMore, AnswerHeader::NextSince];
pub(super) const FILE: &[AnswerHeader] = &[
    AnswerHeader::FileTag,
    AnswerHeader::AcceptRanges,
    AnswerHeader::CacheControl,
    AnswerHeader::ContentDisposition,
];
pub(super) const FILE_PARAMETERS: &[&Parameter] = &[&p::FILE_ID, &p::RANGE, &p::IF_RANGE, &p::IF_NONE_FILE];
pub(super) const PAGE: &[AnswerHeader] =
    &[AnswerHeader::HasMore, AnswerHeader::NextCursor, AnswerHeader::TotalCount];

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

pub(super) const LIST: &[&Parameter] =
    search!([RETURNS_LIST, IS_DELETED] [SORTS, LIMIT, OFFSET, CURSOR, PARTIAL, WITH_TOTAL]);
pub(super) const LIST_SECTION: &[&Parameter] = search!([IS_DELETED] [SORTS, LIMIT, OFFSET, PARTIAL]);
/// Without a page: an export has everything.
pub(super) const EXPORT: &[&Parameter] = search!([IS_DELETED] [ARCHIVE_FORMAT, ARCHIVE_SINCE]);
pub(super) const COUNT: &[&Parameter] = search!([IS_DELETED] []);
/// Without `is_deleted`, which the batch routes set themselves.
pub(super) const BATCH: &[&Parameter] = search!([] [SORTS, LIMIT, OFFSET]);
pub(super) const BATCH_RESTORE: &[&Parameter] = search!([] [SORTS, LIMIT, OFFSET, CASCADE, IDEMPOTENCY_KEY]);
pub(super) const READ: &[&Parameter] =
    &[&p::RESOURCE_ID, &p::RETURNS, &p::REVISION_ID, &p::PARTIAL, &p::INCLUDE_DELETED, &p::IF_NONE_MATCH];

pub(super) const SEARCH_ERRORS: &[E] =
    &[E::Query, E::PermissionDenied, E::Validation, E::Undecodable, E::Parameter, E::ParameterConflict];
pub(super) const IMPORT_ERRORS: &[E] = &[
    E::BadRequest,
    E::PermissionDenied,
    E::Duplicate,
    E::UniqueConflict,
    E::Conflict,
    E::PayloadTooLarge,
    E::Validation,
    E::Parameter,
];
pub(super) const READ_ERRORS: &[E] = &[
    E::PermissionDenied,
    E::NotFound,
    E::Deleted,
    E::RevisionNotFound,
    E::Validation,
    E::Undecodable,
    E::Parameter,
];

pub(super) const MIGRATE: &[&Parameter] = search!([MIGRATE_REVISIONS, IS_DELETED] [SORTS, LIMIT, OFFSET]);
pub(super) const MIGRATE_STREAM_ERRORS: &[E] =
    &[E::BadRequest, E::Query, E::PermissionDenied, E::Validation, E::Parameter, E::ParameterConflict];
pub(super) const MIGRATE_ONE_ERRORS: &[E] = &[
    E::BadRequest,
    E::PermissionDenied,
    E::NotFound,
    E::RevisionNotFound,
    E::UniqueConflict,
    E::Conflict,
    E::Undecodable,
    E::Parameter,
];

/// What the alias routes share with the route that replaces them.
pub(super) const SINGLE: Route = Route {
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

pub(super) const MANY: Route = Route {
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
