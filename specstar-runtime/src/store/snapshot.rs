//! Reading much of one moment: everything of some types, whatever is written meanwhile.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{JobRow, StoreError};
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::meta::{Head, Revision};
use crate::query::Predicate;

/// Reads of one moment.
pub trait Snapshots {
    /// Begins to read. The parts come in order, each by ascending row number, and all show the moment of this call.
    /// The reader takes as much memory as a few batches; dropping it ends the reading.
    fn snapshot(&self, request: SnapshotRequest) -> BoxFuture<'_, Result<SnapshotReader, StoreError>>;

    /// How many resources of this archive an import that was not finished has stored; the hash says which archive.
    fn imported<'a>(&'a self, archive: &'a str) -> BoxFuture<'a, Result<Option<u64>, StoreError>>;
}

/// What is to be read.
#[derive(Clone, Debug)]
pub struct SnapshotRequest {
    /// Of each type what.
    pub parts: Vec<SnapshotPart>,
    /// Only what changed since then.
    pub since: Option<LogMark>,
}

/// What is to be read of one type.
#[derive(Clone, Debug)]
pub struct SnapshotPart {
    /// Which type.
    pub model: ModelIndex,
    /// Which resources; nothing is said about deletion unless this does.
    pub predicate: Arc<Predicate>,
    /// Whether resources are named that were removed for good since the mark.
    pub purged: bool,
}

/// A place in the log of one database: the position, and something of what stands there, so that the log of another
/// database is not taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogMark {
    /// The position; 0 is the begin of every log.
    pub position: i64,
    /// Depends on the entry.
    pub fingerprint: u64,
}

/// What is read.
#[derive(Debug)]
pub struct SnapshotReader {
    /// The moment.
    pub mark: LogMark,
    /// Whether the log has the place that the request names; nothing is read otherwise.
    pub since_is_known: bool,
    /// The batches, in order. The last one is empty and of no part: without it, the reading has ended early.
    pub batches: mpsc::Receiver<Result<SnapshotBatch, StoreError>>,
}

/// Some rows of a part.
#[derive(Debug, Default)]
pub struct SnapshotBatch {
    /// Position of the part in the request.
    pub part: usize,
    /// Resources.
    pub rows: Vec<SnapshotRow>,
    /// Ids of resources that were removed for good.
    pub purged: Vec<String>,
}

/// A resource with its history.
#[derive(Clone, Debug)]
pub struct SnapshotRow {
    /// The head, with the current revision.
    pub head: Head,
    /// The others, by ascending number.
    pub older: Vec<Revision>,
    /// The files that some revision names.
    pub files: Vec<String>,
    /// Of a job: what stands beside its document.
    pub job: Option<JobPlace>,
}

/// When a job is due, and before which others: what an archive has of the row of a job. The rest of the row follows the
/// document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlace {
    /// It does not begin before this instant.
    pub run_at: Timestamp,
    /// The higher, the earlier.
    pub priority: i16,
    /// The cron expression of its times.
    pub schedule: Option<String>,
    /// How often it was begun since it was asked for.
    pub attempt: u32,
}

impl From<JobRow> for JobPlace {
    fn from(row: JobRow) -> Self {
        Self { run_at: row.run_at, priority: row.priority, schedule: row.schedule, attempt: row.attempt }
    }
}
