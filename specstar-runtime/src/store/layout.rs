//! Which tables and columns hold a resource type: names, and where each declared index stands.

pub(crate) mod plan;
pub(crate) mod stored;

use crate::change::ChangeKind;
use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor, UniqueDescriptor};
#[cfg(feature = "sqlite")]
use crate::store::sql::search::TextCache;

/// The revisions that are no longer current, of every resource type.
pub(crate) const REVISION_TABLE: &str = "ss_revision";

/// The highest row number of each type that was removed for good: no number is given twice.
#[cfg(feature = "sqlite")]
pub(crate) const PURGED_TABLE: &str = "ss_purged";

/// Which resource types this database knows, and how far their tables are.
pub(crate) const MODEL_TABLE: &str = "ss_model";

/// What happened, in the order of the commits.
pub(crate) const LOG_TABLE: &str = "ss_change";

/// How far subscribers have read the log.
pub(crate) const SUBSCRIBER_TABLE: &str = "ss_subscriber";

/// How far imports of archives are that were not finished.
pub(crate) const IMPORT_TABLE: &str = "ss_import";

/// What deletes took along.
pub(crate) const CASCADE_TABLE: &str = "ss_cascade";

/// The files that are stored.
pub(crate) const BLOB_TABLE: &str = "ss_blob";

/// Which revisions name which file.
pub(crate) const BLOB_REF_TABLE: &str = "ss_blob_ref";

/// The keys under which there may be bytes that are no file's.
pub(crate) const BLOB_KEY_TABLE: &str = "ss_blob_key";

/// The columns of [`BLOB_TABLE`], in the order readers rely on.
pub(crate) const BLOB_COLUMNS: [&str; 7] =
    ["file_id", "key", "size", "content_type", "created_at", "idle_since", "quarantined_at"];

/// What revisions were before they were migrated.
pub(crate) const ORIGINAL_TABLE: &str = "ss_original";

/// The columns of [`ORIGINAL_TABLE`] after the key, in the order readers rely on.
pub(crate) const ORIGINAL_COLUMNS: [&str; 5] =
    ["schema_version", "parent_schema_version", "data_hash", "migrated_hash", "data"];

/// The columns of [`LOG_TABLE`], in the order readers rely on: the ones of every entry and of changes, and the
/// two of messages. `prev` is the position of the entry before of the same resource, 0 for none: with
/// [`LOG_AT`] a chain through all of them, which costs less to keep than an index.
pub(crate) const LOG_COLUMNS: [&str; 12] = [
    "position",
    "model_id",
    "pk",
    "resource_id",
    "kind",
    "seq",
    "version",
    "at",
    "by",
    "prev",
    "name",
    "body",
];

/// Answers to requests that may come again.
pub(crate) const ANSWER_TABLE: &str = "ss_answer";

/// The columns of [`ANSWER_TABLE`], in the order readers rely on.
pub(crate) const ANSWER_COLUMNS: [&str; 6] = ["key", "fingerprint", "status", "headers", "body", "at"];

/// Upload sessions.
pub(crate) const UPLOAD_TABLE: &str = "ss_upload";

/// The parts of upload sessions.
pub(crate) const UPLOAD_PART_TABLE: &str = "ss_upload_part";

/// Who has uploaded which file.
pub(crate) const UPLOADER_TABLE: &str = "ss_uploader";

/// The columns of [`UPLOAD_TABLE`], in the order readers rely on. `key` is where the bytes of a single request are
/// put; `is_open` says whether the state is one that can end, for the indexes.
pub(crate) const UPLOAD_COLUMNS: [&str; 18] = [
    "upload_id",
    "owner",
    "state",
    "method",
    "content_type",
    "size",
    "total_parts",
    "checksum",
    "key",
    "file_id",
    "file_size",
    "idempotency_key",
    "created_at",
    "expires_at",
    "lease_until",
    "version",
    "is_open",
    "changed_at",
];

/// The head column with the position of the last entry of the log of this resource; 0 where the log began
/// after its last change. It concerns nobody who reads a head.
pub(crate) const LOG_AT: &str = "log_at";

/// The numbers that stand for the kinds of changes in [`LOG_TABLE`]. They are never used for another kind.
const CHANGE_KINDS: [(ChangeKind, i64); 10] = [
    (ChangeKind::Created, 1),
    (ChangeKind::Updated, 2),
    (ChangeKind::Modified, 3),
    (ChangeKind::Switched, 4),
    (ChangeKind::Deleted, 5),
    (ChangeKind::Restored, 6),
    (ChangeKind::Purged, 7),
    (ChangeKind::Pruned, 8),
    (ChangeKind::Migrated, 9),
    (ChangeKind::Imported, 10),
];

/// The number of a kind.
pub(crate) fn kind_number(kind: ChangeKind) -> i64 {
    CHANGE_KINDS.iter().find(|(of, _)| *of == kind).map_or(0, |(_, number)| *number)
}

/// The kind of a number.
pub(crate) fn kind_of(number: i64) -> Option<ChangeKind> {
    CHANGE_KINDS.iter().find(|(_, of)| *of == number).map(|(kind, _)| *kind)
}

/// What a head is read from, in the order readers rely on. The payload stands last, so that the
/// other columns never lie behind its overflow pages.
pub(crate) const HEAD_COLUMNS: [&str; 21] = [
    "pk",
    "resource_id",
    "rev_count",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "is_deleted",
    "rev_seq",
    "rev_uid",
    "rev_parent_seq",
    "schema_version",
    "parent_schema_version",
    "rev_status",
    "data_hash",
    "rev_created_at",
    "rev_created_by",
    "rev_updated_at",
    "rev_updated_by",
    "data",
];

/// The head columns that make up the current revision: what an update archives and replaces.
pub(crate) const HEAD_REVISION_COLUMNS: [&str; 12] = [
    "rev_seq",
    "rev_uid",
    "rev_parent_seq",
    "schema_version",
    "parent_schema_version",
    "rev_status",
    "data_hash",
    "rev_created_at",
    "rev_created_by",
    "rev_updated_at",
    "rev_updated_by",
    "data",
];

/// The columns of [`REVISION_TABLE`] after `model_id` and `pk`, each holding what
/// [`HEAD_REVISION_COLUMNS`] names at the same position.
pub(crate) const REVISION_COLUMNS: [&str; 12] = [
    "seq",
    "uid",
    "parent_seq",
    "schema_version",
    "parent_schema_version",
    "status",
    "data_hash",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "data",
];

/// The table of the heads of a resource type.
pub(crate) fn head_table(name: &str) -> String {
    format!("h_{name}")
}

/// The table of the list values of a resource type: `(field, value, pk)`.
pub(crate) fn list_table(name: &str) -> String {
    format!("l_{name}")
}

/// The head column of a scalar index.
pub(crate) fn index_column(key: &str) -> String {
    format!("ix_{key}")
}

/// The head column with the case-folded copy of a text index, for unique constraints that ignore case.
pub(crate) fn folded_column(key: &str) -> String {
    format!("uf_{key}")
}

/// Where one resource type is kept in one database file.
#[derive(Debug)]
pub(crate) struct ModelLayout {
    /// The constants of the type.
    pub(crate) descriptor: &'static ResourceDescriptor,
    /// Its number in the shared tables; stable in a database, different between databases.
    pub(crate) model_id: i64,
    /// [`head_table`] of its name.
    pub(crate) head_table: String,
    /// [`list_table`] of its name. The table exists when some index is a list.
    pub(crate) list_table: String,
    /// Where each of the descriptor's `indexes` stands, in the same order.
    pub(crate) indexes: Vec<IndexPlace>,
    /// Search texts that were built before, by the shape of the predicate.
    #[cfg(feature = "sqlite")]
    pub(crate) texts: TextCache,
}

/// Where the values of one index stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexPlace {
    /// A column of the head table.
    Column {
        /// Its name, [`index_column`] of the key.
        name: String,
        /// The column with the folded copy, when a unique constraint ignores the case of this text.
        folded: Option<String>,
    },
    /// Rows of the list table.
    List {
        /// The value of their `field` column: given once per key and never used for another one.
        field: i64,
    },
    /// Nowhere but in the document: a vector is compared as a whole, and its numbers are never looked for.
    Document,
}

impl ModelLayout {
    /// The layout of a type whose list indexes have these `field` numbers, by key.
    pub(crate) fn new(
        descriptor: &'static ResourceDescriptor,
        model_id: i64,
        field_of: impl Fn(&str) -> i64,
    ) -> Self {
        let indexes = descriptor.indexes.iter().enumerate();
        Self {
            descriptor,
            model_id,
            head_table: head_table(descriptor.id.name),
            list_table: list_table(descriptor.id.name),
            indexes: indexes.map(|(at, index)| IndexPlace::of(descriptor, at, index, &field_of)).collect(),
            #[cfg(feature = "sqlite")]
            texts: TextCache::default(),
        }
    }

    /// Whether some index needs the list table.
    pub(crate) fn has_lists(&self) -> bool {
        self.indexes.iter().any(|place| matches!(place, IndexPlace::List { .. }))
    }

    /// The columns a unique constraint compares: the folded copy where it ignores case and there is one.
    pub(crate) fn unique_columns<'a>(
        &'a self,
        unique: &'a UniqueDescriptor,
    ) -> impl Iterator<Item = &'a str> {
        unique.indexes.iter().filter_map(|&at| match &self.indexes[at] {
            IndexPlace::Column { name, folded } => match folded {
                Some(folded) if unique.case_insensitive => Some(folded.as_str()),
                _ => Some(name.as_str()),
            },
            IndexPlace::List { .. } | IndexPlace::Document => None,
        })
    }
}

impl IndexPlace {
    fn of(
        descriptor: &ResourceDescriptor,
        at: usize,
        index: &IndexDescriptor,
        field_of: impl Fn(&str) -> i64,
    ) -> Self {
        if index.vector.is_some() {
            return Self::Document;
        }
        if index.list {
            return Self::List { field: field_of(index.key) };
        }
        Self::Column {
            name: index_column(index.key),
            folded: is_folded(descriptor, at).then(|| folded_column(index.key)),
        }
    }
}

/// Whether a unique constraint compares this text index after case folding.
pub(crate) fn is_folded(descriptor: &ResourceDescriptor, at: usize) -> bool {
    descriptor.indexes[at].kind == IndexKind::Text
        && descriptor.uniques.iter().any(|unique| unique.case_insensitive && unique.indexes.contains(&at))
}
