//! Changes as plain data: what the [timeline](crate::timeline) plans and a [store](crate::store) applies.

use crate::json::IndexRow;
use crate::meta::{HeadRef, Revision, Stamp};

mod answer;
mod import;
mod job;
mod log;

pub use answer::{Answer, RequestKey, Response};
pub use import::{Checkpoint, Import};
pub use job::{JobGuard, JobLease, JobMove, JobStart};
pub use log::{ChangeKind, Logged, LoggedChange, LoggedEvent, NewEvent};

/// Position of a resource type among the registered ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelIndex(pub usize);

/// Changes that are applied together or not at all.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// In the order they are applied.
    pub changes: Vec<Change>,
    /// What must hold as well, or nothing is applied.
    pub requirements: Vec<Requirement>,
    /// Messages to subscribers, logged behind the changes.
    pub events: Vec<NewEvent>,
    /// How far the import is that the changes belong to.
    pub checkpoint: Option<Checkpoint>,
    /// The answer to the request that asks for it. Nothing is applied when its request was answered before.
    pub answer: Option<Box<Answer>>,
}

impl From<Vec<Change>> for ChangeSet {
    fn from(changes: Vec<Change>) -> Self {
        Self { changes, ..Self::default() }
    }
}

/// A condition on other resources, decided in the transaction of the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The resource exists and is not soft-deleted, before the changes are applied.
    Live {
        /// Which resource type.
        model: ModelIndex,
        /// Its id.
        resource_id: String,
    },
    /// No live resource refers to this id once the changes are applied.
    Unreferenced {
        /// The type of the resources that could refer to it.
        model: ModelIndex,
        /// The position of their reference in the descriptor's `indexes`.
        index: usize,
        /// The id.
        resource_id: String,
        /// The ids of those that may refer to it still, because a later change takes care of them.
        except: Vec<String>,
    },
    /// A live resource of this id exists when everything was applied.
    LiveAfter {
        /// Of which type.
        model: ModelIndex,
        /// Its id.
        resource_id: String,
    },
}

/// A change of one resource.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new resource.
    Create(Box<NewHead>),
    /// A change of an existing head.
    Update(Box<HeadUpdate>),
    /// Removes the head and all its history.
    Purge(Removal),
    /// Removes superseded revisions, and nothing else.
    Prune {
        /// Whose.
        of: Removal,
        /// Which.
        seqs: Vec<i64>,
    },
    /// Rewrites a superseded revision in place.
    Rewrite(Box<RevisionUpdate>),
    /// Puts a resource with its history in the place of the one of its id, or makes it.
    Import(Box<Import>),
}

/// A superseded revision as it is to be. The resource counts as changed, at the time it had.
#[derive(Clone, Debug)]
pub struct RevisionUpdate {
    /// Whose, and the version that its head must still have.
    pub of: Existing,
    /// The revision, under the number it has.
    pub revision: Revision,
    /// The files that it names besides those it named before.
    pub blobs: Vec<String>,
    /// What becomes of its content as it was.
    pub previous: Previous,
    /// Who does it, and when.
    pub at: Stamp,
}

/// What becomes of the content that a change replaces in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Previous {
    /// Nothing: it is gone.
    #[default]
    Leave,
    /// It is kept, so that the change can be taken back.
    Keep,
    /// What was kept last comes back, and is no longer kept.
    TakeBack,
}

/// A change that leaves nothing behind to say who made it and when, but the log.
#[derive(Clone, Debug)]
pub struct Removal {
    /// Which head.
    pub of: Existing,
    /// The number of its current revision.
    pub seq: i64,
    /// Who does it, and when.
    pub at: Stamp,
}

/// A resource that a delete took along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CascadeMember {
    /// Which resource type.
    pub model: ModelIndex,
    /// Its row: another resource can have the id later.
    pub pk: i64,
    /// Its id.
    pub resource_id: String,
    /// Its version after that delete: one that moved on since is not part of the cascade any more.
    pub version: i64,
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
    /// The files that its content names, each once. They must be stored.
    pub blobs: Vec<String>,
    /// Of a job: what is asked of it besides.
    pub job: Option<Box<JobStart>>,
}

impl NewHead {
    /// As it will be read once it is inserted, apart from its row number.
    pub fn as_head(&self) -> HeadRef<'_> {
        let revision = self.revision.as_ref();
        HeadRef {
            pk: 0,
            resource_id: &self.resource_id,
            rev_count: revision.seq,
            version: 1,
            created_time: revision.created_time,
            created_by: revision.created_by,
            updated_time: revision.updated_time,
            updated_by: revision.updated_by,
            is_deleted: false,
            revision,
        }
    }
}

/// A change of a head: each part is written only when it is given.
#[derive(Clone, Debug)]
pub struct HeadUpdate {
    /// Which head, and the version it must still have.
    pub of: Existing,
    /// What the log says of it.
    pub kind: ChangeKind,
    /// The number of the current revision after the change.
    pub seq: i64,
    /// `updated_time` and `updated_by` of the resource.
    pub updated: Stamp,
    /// Who does it and when, where that is not what `updated` says.
    pub at: Option<Stamp>,
    /// What becomes of the content that is replaced in place.
    pub previous: Previous,
    /// New deletion state.
    pub is_deleted: Option<bool>,
    /// With a delete: what else it deletes, remembered until the resource is restored or removed for good.
    pub cascade: Vec<CascadeMember>,
    /// The head's current revision goes into history before `revision` replaces it.
    pub archive: bool,
    /// This superseded revision leaves history, because `revision` puts it into the head again (switch).
    pub take: Option<i64>,
    /// New current revision.
    pub revision: Option<Revision>,
    /// New `rev_count`, where a number was issued.
    pub rev_count: Option<i64>,
    /// With new content: the files that it names, each once. They must be stored.
    pub blobs: Option<Vec<String>>,
    /// Index values before, to write only what differs. Equal to `index_after` when the payload stays.
    pub index_before: IndexRow,
    /// Index values after; also names the values of a unique conflict.
    pub index_after: IndexRow,
    /// Of a job: where it goes. Without it, the job stands where its new content says.
    pub job: Option<Box<JobMove>>,
}
