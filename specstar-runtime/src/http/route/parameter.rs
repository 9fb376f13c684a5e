//! The parameters that routes read.

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// Behind the `?`.
    Query,
    /// In the path.
    Path,
    /// In a header.
    Header,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Any text.
    Text,
    /// Text with at least one character.
    Name,
    /// Visible ASCII, from 1 to 255 characters.
    Key,
    /// `true`, `false` and the spellings of `http-api.md` section 1.2.
    Boolean {
        /// When it is not given.
        default: bool,
    },
    /// The same; what holds when it is not given is up to the application.
    Flag,
    /// An integer in a range.
    Integer {
        /// When it is not given.
        default: i64,
        /// The least.
        minimum: i64,
    },
    /// How many rows of a list: from 1 to the maximum of the application.
    PageSize,
    /// An RFC 3339 instant; without an offset it is UTC.
    DateTime,
    /// One of these.
    Choice {
        /// When it is not given.
        default: Option<&'static str>,
        /// All of them.
        values: &'static [&'static str],
    },
    /// `draft` or `stable`.
    RevisionStatus,
    /// A JSON array of conditions.
    Conditions,
    /// A JSON array of sort keys.
    Sorts,
    /// An expression of the query language.
    Expression,
    /// A comma list of sections, or one `only-…`.
    Sections {
        /// The default is all three; on a single read it is up to the application.
        list: bool,
    },
    /// A revision: its whole id or its number.
    RevisionSelector,
    /// The header `If-Match`.
    IfMatch,
    /// The header `If-None-Match` of a read.
    IfNoneMatch,
    /// The header `If-None-Match` of a replace: only `*` has a meaning.
    CreateOnly,
    /// The number of a part, from 1; it has to be given.
    PartNumber,
    /// An integer from 1.
    PositiveNumber,
    /// The header `Range`.
    Range,
    /// The header `If-None-Match`, or `If-Range`, of a file.
    FileTag,
}

/// Something a route reads besides its body.
#[derive(Debug)]
pub struct Parameter {
    /// Its name in `components.parameters`; two parameters of one name differ here.
    pub component: &'static str,
    /// Its name on the wire.
    pub name: &'static str,
    /// A second spelling that is accepted but not documented: both together make one name in generated
    /// clients.
    pub alias: Option<&'static str>,
    /// Where it stands.
    pub location: Location,
    /// What it takes; of each element, if it may be repeated.
    pub shape: Shape,
    /// May be given several times.
    pub repeated: bool,
    /// What it does.
    pub description: &'static str,
    /// What to use instead of it.
    pub deprecated: Option<&'static str>,
}

const fn query(
    component: &'static str,
    name: &'static str,
    shape: Shape,
    description: &'static str,
) -> Parameter {
    let location = Location::Query;
    Parameter {
        component,
        name,
        alias: None,
        location,
        shape,
        repeated: false,
        description,
        deprecated: None,
    }
}

const fn list(
    component: &'static str,
    name: &'static str,
    shape: Shape,
    description: &'static str,
) -> Parameter {
    Parameter { repeated: true, ..query(component, name, shape, description) }
}

const fn header(
    component: &'static str,
    name: &'static str,
    shape: Shape,
    description: &'static str,
) -> Parameter {
    Parameter { location: Location::Header, ..query(component, name, shape, description) }
}

const fn path(
    component: &'static str,
    name: &'static str,
    shape: Shape,
    description: &'static str,
) -> Parameter {
    Parameter { location: Location::Path, ..query(component, name, shape, description) }
}

/// Every parameter there is.
#[allow(missing_docs)] // each carries its own description
pub mod parameters {
    use super::{Location, Parameter, Shape, header, list, path, query};

    pub static RESOURCE_ID: Parameter =
        path("ResourceId", "resource_id", Shape::Name, "The id of the resource.");
    pub static REVISION_SELECTOR: Parameter = path(
        "RevisionSelector",
        "revision_id",
        Shape::RevisionSelector,
        "The revision: its number, or its whole id.",
    );

    pub static RETURNS_LIST: Parameter = query(
        "ListReturns",
        "returns",
        Shape::Sections { list: true },
        "Which sections each entry has, separated by commas: `data`, `revision_info`, `meta`. One of \
         `only-data`, `only-meta`, `only-revision_info` alone gives the bare section.",
    );
    pub static RETURNS: Parameter = query(
        "Returns",
        "returns",
        Shape::Sections { list: false },
        "Which sections the answer has, separated by commas: `data`, `revision_info`, `meta`. One of \
         `only-data`, `only-meta`, `only-revision_info` alone gives the bare section. Without it, the \
         sections the server is set to; all three normally.",
    );
    pub static REVISION_ID: Parameter = query(
        "RevisionId",
        "revision_id",
        Shape::Text,
        "The whole id of the revision to read; the current one without it, or when it is empty.",
    );
    pub static INCLUDE_DELETED: Parameter = query(
        "IncludeDeleted",
        "include_deleted",
        Shape::Boolean { default: false },
        "Also read a soft-deleted resource.",
    );
    pub static CASCADE: Parameter = query(
        "Cascade",
        "cascade",
        Shape::Flag,
        "Whether to restore also what was deleted together with it because it refers to it; the application says \
         what holds without it.",
    );
    pub static WRITE_BACK: Parameter = query(
        "WriteBack",
        "write_back",
        Shape::Flag,
        "Whether to write what comes of it, which holds without it; else it is only tried.",
    );
    pub static MIGRATE_REVISION: Parameter = query(
        "MigrateRevision",
        "revision_id",
        Shape::Text,
        "The revision, by id or number; the current one without it, or when it is empty.",
    );
    pub static MIGRATE_REVISIONS: Parameter = query(
        "MigrateRevisions",
        "revision_id",
        Shape::Text,
        "Which revisions: the current one of each resource without it, `all`, or the one of this id.",
    );
    pub static FROM: Parameter = query(
        "From",
        "from",
        Shape::RevisionSelector,
        "The revision to start from, as its id or number; without it the one `to` was made from.",
    );
    pub static TO: Parameter = query(
        "To",
        "to",
        Shape::RevisionSelector,
        "The revision to arrive at, as its id or number; without it the current one.",
    );
    pub static SINCE: Parameter = query(
        "Since",
        "since",
        Shape::Integer { default: 0, minimum: 0 },
        "Only changes behind this position of the feed; 0 is its beginning.",
    );
    pub static ARCHIVE_FORMAT: Parameter = query(
        "ArchiveFormat",
        "format",
        Shape::Choice { default: None, values: &["ssbak", "acbak"] },
        "The format of the archive: our own, or that of SpecStar 0.12 for Python; the application says which one \
         holds without it.",
    );
    pub static ARCHIVE_SINCE: Parameter = query(
        "ArchiveSince",
        "since",
        Shape::Text,
        "Only what changed since the state with this token, which an archive has in its manifest. Our own format \
         only.",
    );
    pub static ARCHIVE_MODELS: Parameter =
        list("ArchiveModels", "models", Shape::Name, "The resource types to take; all of them without it.");
    pub static ON_DUPLICATE: Parameter = query(
        "OnDuplicate",
        "on_duplicate",
        Shape::Choice { default: Some("overwrite"), values: &["overwrite", "skip", "raise_error"] },
        "What happens where a resource of the id exists: the one of the archive replaces it with its whole history, \
         it stays, or nothing is imported.",
    );
    pub static DRY_RUN: Parameter = query(
        "DryRun",
        "dry_run",
        Shape::Boolean { default: false },
        "Only look whether it could be imported, and say what stands in the way.",
    );
    pub static RESUME: Parameter = query(
        "Resume",
        "resume",
        Shape::Boolean { default: false },
        "Go on where an import of the same archive has ended early: what it has stored is passed over. Only archives \
         too large for one commit can end half-way.",
    );
    pub static LAST_EVENT_ID: Parameter = Parameter {
        location: Location::Header,
        ..query(
            "LastEventId",
            "Last-Event-ID",
            Shape::Integer { default: 0, minimum: 0 },
            "Where a broken stream ended, as browsers send it; it overrides `since`.",
        )
    };
    pub static PARTIAL: Parameter = Parameter {
        alias: Some("partial[]"),
        ..list(
            "Partial",
            "partial",
            Shape::Text,
            "A field to keep, as a slash path such as `/address/city`; everything else is left out, required \
             fields too. `meta/…`, `info/…` and `data/…` name the section. In a list, a number is an index, \
             `a:b` a slice and `-` every element. Repeat it for several fields; commas do not separate.",
        )
    };
    pub static WITH_TOTAL: Parameter = query(
        "WithTotal",
        "with_total",
        Shape::Boolean { default: false },
        "Send `X-Total-Count`: how many resources match, whatever the page. It is counted after the page was read.",
    );

    pub static QB: Parameter = query(
        "Qb",
        "qb",
        Shape::Expression,
        "An expression of the query language: conditions on metadata and indexed fields, joined by `&`, `|` and \
         `~`, with an order and a page, such as \
         `((QB[\"age\"] >= 18) & QB[\"tags\"].contains(\"a\")).sort(\"-age\").limit(20)`. It excludes the other \
         filters and `sorts`; without a condition on `is_deleted` it finds live resources. Empty is none.",
    );
    pub static IS_DELETED: Parameter = query(
        "IsDeleted",
        "is_deleted",
        Shape::Boolean { default: false },
        "`true` finds the soft-deleted resources, `false` the others.",
    );
    pub static CREATED_TIME_START: Parameter = query(
        "CreatedTimeStart",
        "created_time_start",
        Shape::DateTime,
        "Created at this instant or later. Without an offset it is UTC.",
    );
    pub static CREATED_TIME_END: Parameter = query(
        "CreatedTimeEnd",
        "created_time_end",
        Shape::DateTime,
        "Created at this instant or earlier. Without an offset it is UTC.",
    );
    pub static UPDATED_TIME_START: Parameter = query(
        "UpdatedTimeStart",
        "updated_time_start",
        Shape::DateTime,
        "Last changed at this instant or later. Without an offset it is UTC.",
    );
    pub static UPDATED_TIME_END: Parameter = query(
        "UpdatedTimeEnd",
        "updated_time_end",
        Shape::DateTime,
        "Last changed at this instant or earlier. Without an offset it is UTC.",
    );
    pub static REV_CREATED_TIME_START: Parameter = query(
        "RevCreatedTimeStart",
        "rev_created_time_start",
        Shape::DateTime,
        "The current revision was made at this instant or later. Without an offset it is UTC.",
    );
    pub static REV_CREATED_TIME_END: Parameter = query(
        "RevCreatedTimeEnd",
        "rev_created_time_end",
        Shape::DateTime,
        "The current revision was made at this instant or earlier. Without an offset it is UTC.",
    );
    pub static REV_UPDATED_TIME_START: Parameter = query(
        "RevUpdatedTimeStart",
        "rev_updated_time_start",
        Shape::DateTime,
        "The current revision was last written at this instant or later. Without an offset it is UTC.",
    );
    pub static REV_UPDATED_TIME_END: Parameter = query(
        "RevUpdatedTimeEnd",
        "rev_updated_time_end",
        Shape::DateTime,
        "The current revision was last written at this instant or earlier. Without an offset it is UTC.",
    );
    pub static CREATED_BYS: Parameter =
        list("CreatedBys", "created_bys", Shape::Text, "Created by one of these users. Repeatable.");
    pub static UPDATED_BYS: Parameter =
        list("UpdatedBys", "updated_bys", Shape::Text, "Last changed by one of these users. Repeatable.");
    pub static REV_CREATED_BYS: Parameter = list(
        "RevCreatedBys",
        "rev_created_bys",
        Shape::Text,
        "The current revision was made by one of these users. Repeatable.",
    );
    pub static REV_UPDATED_BYS: Parameter = list(
        "RevUpdatedBys",
        "rev_updated_bys",
        Shape::Text,
        "The current revision was last written by one of these users. Repeatable.",
    );
    pub static REV_STATUSES: Parameter = list(
        "RevStatuses",
        "rev_statuses",
        Shape::RevisionStatus,
        "The current revision has one of these statuses. Repeatable.",
    );
    pub static CONDITIONS: Parameter = query(
        "Conditions",
        "conditions",
        Shape::Conditions,
        "A JSON array of conditions on metadata or indexed fields, all of which must hold. `[]` is none.",
    );
    pub static DATA_CONDITIONS: Parameter = query(
        "DataConditions",
        "data_conditions",
        Shape::Conditions,
        "A JSON array of conditions on indexed fields, all of which must hold. `[]` is none.",
    );
    pub static SORTS: Parameter = query(
        "Sorts",
        "sorts",
        Shape::Sorts,
        "A JSON array of sort keys, the first one most significant. Nulls come first ascending and last \
         descending; equal rows come in the order of creation.",
    );
    pub static LIMIT: Parameter = query("Limit", "limit", Shape::PageSize, "At most this many resources.");
    pub static OFFSET: Parameter = query(
        "Offset",
        "offset",
        Shape::Integer { default: 0, minimum: 0 },
        "Skip this many resources first.",
    );

    pub static CURSOR: Parameter = query(
        "Cursor",
        "cursor",
        Shape::Text,
        "Continue behind the page whose answer had this `X-Next-Cursor`, with the same filters and order. It stays \
         in its place whatever is written meanwhile, and costs the same at every depth. Excludes `offset`; the \
         offset of an expression counts for the first page only. Empty is none.",
    );

    pub static REVISION_LIMIT: Parameter = query(
        "RevisionLimit",
        "limit",
        Shape::Integer { default: 10, minimum: 1 },
        "At most this many revisions.",
    );
    pub static REVISION_OFFSET: Parameter = query(
        "RevisionOffset",
        "offset",
        Shape::Integer { default: 0, minimum: 0 },
        "Skip this many revisions first.",
    );
    pub static REVISION_SORT: Parameter = query(
        "RevisionSort",
        "sort",
        Shape::Choice { default: Some("-created_time"), values: &["-created_time", "created_time"] },
        "Newest first with `-`, else oldest first.",
    );
    pub static REVISION_TIME_START: Parameter = query(
        "RevisionTimeStart",
        "created_time_start",
        Shape::DateTime,
        "Revisions made at this instant or later. Without an offset it is UTC.",
    );
    pub static REVISION_TIME_END: Parameter = query(
        "RevisionTimeEnd",
        "created_time_end",
        Shape::DateTime,
        "Revisions made at this instant or earlier. Without an offset it is UTC.",
    );
    pub static FROM_REVISION_ID: Parameter = query(
        "FromRevisionId",
        "from_revision_id",
        Shape::Text,
        "Start with this revision, in the order of `sort`.",
    );
    pub static CHAIN_ONLY: Parameter = query(
        "ChainOnly",
        "chain_only",
        Shape::Boolean { default: false },
        "Only the revision of `from_revision_id`, or the current one, and its ancestors, newest first.",
    );

    pub static MODE: Parameter = query(
        "Mode",
        "mode",
        Shape::Choice { default: Some("update"), values: &["update", "modify"] },
        "`update` makes a new revision; `modify` rewrites the current one in place, if it is a draft.",
    );
    pub static CHANGE_STATUS: Parameter = query(
        "ChangeStatus",
        "change_status",
        Shape::RevisionStatus,
        "The status the revision gets; only with `mode=modify`.",
    );
    pub static EXPECTED_REVISION_ID: Parameter = query(
        "ExpectedRevisionId",
        "expected_revision_id",
        Shape::Text,
        "Do nothing (412) unless this is the current revision: its id, or the entity tag of a read. With \
         `If-Match`, both must say the same.",
    );
    pub static IF_MATCH: Parameter = header(
        "IfMatch",
        "If-Match",
        Shape::IfMatch,
        "Do nothing (412) unless the resource has one of these entity tags, or revision ids; `*` stands for \
         any.",
    );
    pub static IF_NONE_MATCH: Parameter = header(
        "IfNoneMatch",
        "If-None-Match",
        Shape::IfNoneMatch,
        "Answer 304 without a body when the resource still has one of these entity tags.",
    );
    pub static FILE_ID: Parameter =
        path("FileId", "file_id", Shape::Name, "The id of the file, as an upload or a resource says it.");
    pub static UPLOAD_ID: Parameter =
        path("UploadId", "upload_id", Shape::Name, "The id of the upload session.");
    pub static PART_NUMBER: Parameter = query(
        "PartNumber",
        "part_number",
        Shape::PartNumber,
        "The place of the part in the file, from 1. Parts may come in any order.",
    );
    pub static ATTEMPT: Parameter = query(
        "Attempt",
        "attempt",
        Shape::PositiveNumber,
        "The number of the run whose log is wanted, from 1; without it, that of the last one that has a log.",
    );
    pub static RANGE: Parameter = header(
        "Range",
        "Range",
        Shape::Range,
        "Send only these bytes (RFC 9110), such as `bytes=0-1023`, with 206; several ranges as \
         `multipart/byteranges`. Other units, and more ranges than 16, are ignored.",
    );
    pub static IF_RANGE: Parameter =
        header("IfRange", "If-Range", Shape::FileTag, "Send the whole file unless this is its entity tag.");
    pub static IF_NONE_FILE: Parameter = header(
        "IfNoneFile",
        "If-None-Match",
        Shape::FileTag,
        "Answer 304 without a body when one of these is the entity tag of the file.",
    );
    pub static IDEMPOTENCY_KEY: Parameter = header(
        "IdempotencyKey",
        "Idempotency-Key",
        Shape::Key,
        "Names the request: when it is sent again under the same name, it is answered as the first time.",
    );
    pub static CREATE_ONLY: Parameter = header(
        "CreateOnly",
        "If-None-Match",
        Shape::CreateOnly,
        "`*` creates the resource under the id of the path, and answers 412 if there is one. Another value \
         changes nothing.",
    );
}
