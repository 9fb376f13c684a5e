//! Changes as plain data: what the [timeline](crate::timeline) plans and a [store](crate::store) applies.

use crate::json::IndexRow;
use crate::meta::{Revision, Stamp};

/// Position of a resource type among the registered ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelIndex(pub usize);

/// Changes that are applied together or not at all.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// In the order they are applied.
    pub changes: Vec<Change>,
}

/// A change of one resource.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new resource.
    Create(Box<NewHead>),
    /// A change of an existing head.
    Update(Box<HeadUpdate>),
    /// Removes the head and all its history.
    Purge(Existing),
    /// Removes superseded revisions, and nothing else.
    Prune {
        /// Whose.
        of: Existing,
        /// Which.
        seqs: Vec<i64>,
    },
}

/// A head as it was read; the change fails as stale when its version has moved on.
#[derive(Clone, Debug)]
pub struct Existing {
    /// Which resource type.
    pub model: ModelIndex,
    /// Its row.
    pub pk: i64,
    /// Its id, for error messages.
    pub resource_id: String,
    /// The version that was read.
    pub version: i64,
}

/// A resource to insert: version 1, revision 1, live.
#[derive(Clone, Debug)]
pub struct NewHead {
    /// Which resource type.
    pub model: ModelIndex,
    /// Its id.
    pub resource_id: String,
    /// Its first revision; `created` and `updated` of the resource are those of the revision.
    pub revision: Revision,
    /// Its index values.
    pub index: IndexRow,
}

/// A change of a head: each part is written only when it is given.
#[derive(Clone, Debug)]
pub struct HeadUpdate {
    /// Which head, and the version it must still have.
    pub of: Existing,
    /// `updated_time` and `updated_by` of the resource.
    pub updated: Stamp,
    /// New deletion state.
    pub is_deleted: Option<bool>,
    /// The head's current revision goes into history before `revision` replaces it.
    pub archive: bool,
    /// This superseded revision leaves history, because `revision` puts it into the head again (switch).
    pub take: Option<i64>,
    /// New current revision.
    pub revision: Option<Revision>,
    /// New `rev_count`, where a number was issued.
    pub rev_count: Option<i64>,
    /// Index values before, to write only what differs. Equal to `index_after` when the payload stays.
    pub index_before: IndexRow,
    /// Index values after; also names the values of a unique conflict.
    pub index_after: IndexRow,
}
