//! Where resources are kept: one small semantic trait, and the adapters that implement it.

mod answer;
mod blob;
pub mod inspect;
mod job;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod layout;
mod observe;
#[cfg(feature = "postgres")]
mod postgres;
mod slow;
mod snapshot;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod upload;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod values;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::change::{CascadeMember, ChangeSet, Logged, ModelIndex};
use crate::descriptor::ResourceDescriptor;
use crate::json::IndexValue;
use crate::meta::{Head, HeadRef, Revision};
use crate::query::{Position, Predicate, SortKey};

pub use answer::Answers;
pub use blob::{BlobCounts, BlobIndex, BlobKey, BlobOwner, BlobRecord, BlobSweep, NewBlob, Published, Swept};
pub use inspect::Inspect;
pub use job::{
    Claimed, ClaimedJob, Held, JobBeat, JobClaim, JobCount, JobLine, JobRow, JobSign, Jobs, WorkerRow,
};
pub use observe::{Observe, StoreMetrics};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
pub use slow::SlowQueries;
pub use snapshot::{
    JobPlace, LogMark, SnapshotBatch, SnapshotPart, SnapshotReader, SnapshotRequest, SnapshotRow, Snapshots,
};
#[cfg(feature = "sqlite")]
#[doc(hidden)]
pub use sql::search::SearchTexts;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, Synchronous};
pub use upload::{UploadChanged, UploadIndex, UploadSweep};
pub use versions::{Original, VersionCount, Versions};

/// A head and every superseded revision of it, by ascending number and with empty payloads, of one moment.
pub type Timeline = (Head, Vec<Revision>);

/// A place that keeps resources. Every call is one consistent read or one atomic write.
pub trait Store:
    Answers + Versions + BlobIndex + Inspect + Jobs + Observe + Snapshots + UploadIndex + Send + Sync + 'static
{
    /// Creates or adapts the tables of these models and reports what changed. Called once, before any other call.
    fn ensure_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutReport, StoreError>>;

    /// Applies every change of the set, or none.
    fn commit(&self, changes: ChangeSet) -> BoxFuture<'_, Result<(), CommitError>>;

    /// The head of one resource, deleted or not.
    fn head<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>>;

    /// The live head with these values under the unique constraint at that position of the descriptor.
    fn find_unique<'a>(
        &'a self,
        model: ModelIndex,
        unique: usize,
        values: &'a [IndexValue],
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>>;

    /// One superseded revision. The current one stands in the head.
    fn revision(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Revision>, StoreError>>;

    /// The head of one resource, deleted or not, and its superseded revisions.
    fn timeline<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Timeline>, StoreError>>;

    /// Hands each head of one page to `visit`, in order. It reads one row more than `limit` to learn
    /// whether there is a next page; that row is not visited.
    fn search(&self, search: Search, visit: Visit) -> BoxFuture<'_, Result<PageEnd, StoreError>>;

    /// How many heads match.
    fn count(
        &self,
        model: ModelIndex,
        predicate: Arc<Predicate>,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// What the last delete of this resource took along; empty once it was restored.
    fn cascaded(&self, model: ModelIndex, pk: i64) -> BoxFuture<'_, Result<Vec<CascadeMember>, StoreError>>;

    /// A page of the log of changes, in the order of the commits.
    fn log(&self, request: LogRequest) -> BoxFuture<'_, Result<LogPage, StoreError>>;

    /// The position of the last entry of the log, 0 when it is empty.
    fn log_end(&self) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// Tells each new end of the log, soon after the commit; commits of other processes within a second.
    fn watch_log(&self) -> watch::Receiver<i64>;

    /// Has a subscriber that the database does not know begin at the end of the log.
    fn subscribe<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the lead of a subscriber for so long, or keeps it: who has it reads the log for the subscriber, and nobody
    /// else of all who share the database does. How far it was read; `None` while somebody else has the lead.
    fn lead<'a>(
        &'a self,
        subscriber: &'a str,
        leader: &'a str,
        length: Duration,
    ) -> BoxFuture<'a, Result<Option<i64>, StoreError>>;

    /// Gives the lead of a subscriber up.
    fn resign<'a>(&'a self, subscriber: &'a str, leader: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Remembers how far a subscriber has read the log.
    fn acknowledge<'a>(&'a self, subscriber: &'a str, position: i64)
    -> BoxFuture<'a, Result<(), StoreError>>;

    /// How far a subscriber has read the log; `None` when it never said.
    fn acknowledged<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<Option<i64>, StoreError>>;

    /// Finishes every write that was accepted and closes the connections.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Which entries of the log are wanted.
#[derive(Clone, Debug)]
pub struct LogRequest {
    /// Only what stands behind this position.
    pub after: i64,
    /// Of which resources.
    pub of: LogScope,
    /// At most this many.
    pub limit: usize,
}

/// Of which resources entries of the log are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogScope {
    /// Of all, and the messages of the program.
    Everything,
    /// Of one type.
    Model(ModelIndex),
    /// Of one resource that is there, deleted or not: one that was purged has none any more in this scope, but in
    /// the others.
    Resource {
        /// Its type.
        model: ModelIndex,
        /// Its row number.
        pk: i64,
        /// Its id: a row number can have belonged to an older resource that was removed.
        resource_id: String,
    },
}

/// A page of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The entries, by ascending position. Entries of types that are not registered any more are left out.
    pub entries: Vec<Logged>,
    /// Every wanted entry up to this position has been given: the next page begins behind it.
    pub end: i64,
    /// There is at least one more.
    pub has_more: bool,
}

/// Called with each row of a page; it may run on a thread of the store.
pub type Visit = Box<dyn FnMut(HeadRef<'_>) + Send>;

/// How current a search or a count has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Of everything that was committed before.
    #[default]
    Current,
    /// Somebody looks at it and nothing is decided by it: a copy of the database may answer, which can be late.
    MayLag,
}

/// One page of a search.
#[derive(Clone, Debug)]
pub struct Search {
    /// Which resource type.
    pub model: ModelIndex,
    /// Which rows; the deletion filter is part of it.
    pub predicate: Arc<Predicate>,
    /// Order; ties and an empty list end in the order of creation.
    pub sorts: Vec<SortKey>,
    /// Only rows behind this position, which must [fit](Position::fits) the order.
    pub after: Option<Position>,
    /// At most this many rows.
    pub limit: u64,
    /// After skipping this many.
    pub offset: u64,
    /// Whether a copy of the database may be asked.
    pub freshness: Freshness,
}

/// How a page ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageEnd {
    /// There is at least one more row.
    pub has_more: bool,
    /// Where the last row stands that was visited, when there are more behind it.
    pub last: Option<Position>,
}

/// Why a change set was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A head has another version than the change expects, or is gone.
    #[error("stale: change {change} expects another version")]
    Stale {
        /// Position in the set.
        change: usize,
    },
    /// A resource of that id exists.
    #[error("resource `{resource_id}` exists already")]
    DuplicateId {
        /// Position in the set.
        change: usize,
        /// The id.
        resource_id: String,
    },
    /// A unique value is taken by another live resource.
    #[error("unique constraint {unique} is violated by change {change}")]
    Unique {
        /// Position in the set.
        change: usize,
        /// Which resource type.
        model: ModelIndex,
        /// Position in the descriptor's `uniques`: the first in declared order that conflicts.
        unique: usize,
        /// The values, in the order of the constraint's indexes.
        values: Vec<IndexValue>,
        /// Who has them.
        conflicting_resource_id: String,
    },
    /// Resources that must be live are not.
    #[error("{} required resources are missing or deleted", requirements.len())]
    Missing {
        /// The positions of every such requirement in the set.
        requirements: Vec<usize>,
    },
    /// Files that the content names are not stored.
    #[error("{} files are not stored", file_ids.len())]
    MissingBlob {
        /// Each of them, once.
        file_ids: Vec<String>,
    },
    /// A live resource refers to one that nobody may refer to.
    #[error("requirement {requirement}: a live resource refers to it")]
    Referenced {
        /// Its position in the set.
        requirement: usize,
    },
    /// The lease under which a job was changed does not hold any more.
    #[error("the lease of change {change} is over")]
    LeaseLost {
        /// Position in the set.
        change: usize,
    },
    /// There is a job of that idempotency key.
    #[error("there is a job of the key `{key}`")]
    JobKey {
        /// Position in the set.
        change: usize,
        /// The key.
        key: String,
    },
    /// The request of the set was answered before.
    #[error("the request was answered before")]
    Answered,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store call failed for reasons outside the request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is locked, full or lost; a later call may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A statement took longer than it may.
    #[error("the statement took too long")]
    Timeout,
    /// A value, or several together, are longer than the engine can hold in an index.
    #[error("longer than the database can index: {0}")]
    TooLong(String),
    /// One commit makes more changes than the engine can number; several smaller ones may succeed.
    #[error("one commit cannot have more than {most} changes")]
    TooMany {
        /// The most that it can.
        most: usize,
    },
    /// The stored data is not what this program wrote.
    #[error("stored data is not readable: {0}")]
    Corrupt(String),
    /// The tables cannot become what the program declares. Nothing was changed; somebody has to act.
    #[error("the tables cannot be adapted: {0}")]
    Layout(String),
    /// A fault of this program.
    #[error("internal store error: {0}")]
    Internal(String),
}

/// What [`Store::ensure_layout`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayoutReport {
    /// One entry per model that was created or changed.
    pub models: Vec<ModelLayoutChange>,
}

/// How the tables of one model changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLayoutChange {
    /// The resource's name.
    pub model: String,
    /// Its tables did not exist.
    pub created: bool,
    /// Index keys that are new or have another type.
    pub indexes_added: Vec<String>,
    /// Index keys that are gone.
    pub indexes_removed: Vec<String>,
    /// Rows whose index values were computed again.
    pub rows_backfilled: u64,
}
