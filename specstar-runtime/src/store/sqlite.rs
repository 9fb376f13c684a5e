//! The embedded database: rusqlite on one file.
//!
//! One thread owns the only connection that writes and commits everything that waits in one
//! transaction ([`writer`]). Point reads run where they are called, on a connection of a small pool
//! ([`pool`]). Searches, counts and histories run on threads of their own, under a time limit
//! ([`scan`]), so that a slow one never holds a thread of the async runtime.

mod answer;
mod apply;
mod blob;
mod conflict;
mod connection;
mod counts;
mod inspect;
mod job;
mod log;
mod migrate;
mod model;
mod observe;
mod page;
mod pool;
mod registry;
mod row;
mod scan;
mod search;
mod slow;
mod snapshot;
#[cfg(test)]
mod tests;
mod upload;
mod versions;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};

use self::model::Models;
use self::pool::{Lease, Pool};
use self::scan::ScanThreads;
use self::writer::{Message, Task, Work, Writer};
use super::{
    CommitError, Freshness, LayoutReport, LogPage, LogRequest, PageEnd, Search, SlowQueries, Store,
    StoreError, StoreMetrics, Timeline, Visit,
};
use crate::change::{CascadeMember, ChangeSet, ModelIndex};
use crate::descriptor::ResourceDescriptor;
use crate::json::IndexValue;
use crate::meta::{Head, Revision};
use crate::query::Predicate;

/// Writes that may wait for the writer before a caller has to wait to hand its own over.
const QUEUE: usize = 1024;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Each commit is on the disk before it is answered: it survives a loss of power.
    #[default]
    Full,
    /// The disk decides: a loss of power may take back the last commits, but the file stays consistent.
    Normal,
}

/// How a [`SqliteStore`] is opened.
///
/// ```
/// use specstar_runtime::store::{SqliteOptions, Synchronous};
/// let options = SqliteOptions { synchronous: Synchronous::Normal, ..SqliteOptions::new("data/app.db") };
/// assert_eq!(options.reader_threads, 2);
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file. It and its folders are made when they do not exist.
    pub path: PathBuf,
    /// When a commit counts as done.
    pub synchronous: Synchronous,
    /// Threads for searches, counts and histories; at least one.
    pub reader_threads: usize,
    /// The longest time one of these may take.
    pub statement_timeout: Duration,
    /// The longest wait for another process that has locked the file.
    pub busy_timeout: Duration,
    /// Bytes of the file that are read through a mapping of memory; the rest is read by calls. A page that was read so
    /// counts as resident, although the system takes it back whenever it needs the room. 0 maps nothing.
    pub mapped_bytes: u64,
}

impl SqliteOptions {
    /// The defaults, for this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::Full,
            reader_threads: 2,
            statement_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            mapped_bytes: 2 << 30,
        }
    }
}

/// Resources in one `SQLite` file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use specstar_runtime::store::SqliteStore;
/// let store = SqliteStore::temporary()?;
/// assert!(store.path().exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: mpsc::Sender<Message>,
    /// The end of the log of changes, as the writer tells it.
    log_end: watch::Receiver<i64>,
    scans: ScanThreads,
}

/// What the threads of a store have in common.
#[derive(Debug)]
struct Shared {
    options: SqliteOptions,
    pool: Pool,
    metrics: StoreMetrics,
    slow: SlowQueries,
    /// Goes with the last of them, after every connection into it.
    folder: Mutex<Option<TempDir>>,
}

impl Shared {
    /// Removes the folder of a temporary store.
    fn remove_folder(&self) {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = folder.map(TempDir::close) {
            tracing::warn!(%error, "the folder of a temporary database could not be removed");
        }
    }
}

impl SqliteStore {
    /// Opens the file, or makes it, and starts the threads.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        Self::start(options, None)
    }

    /// A store on a file of its own in a temporary folder, which is removed when the store is closed or
    /// dropped.
    pub fn temporary() -> Result<Self, StoreError> {
        let folder = tempfile::Builder::new().prefix("specstar-").tempdir().map_err(unavailable)?;
        Self::start(SqliteOptions::new(folder.path().join("specstar.db")), Some(folder))
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.shared.options.path
    }

    fn start(mut options: SqliteOptions, folder: Option<TempDir>) -> Result<Self, StoreError> {
        // A later change of the working directory must not move the database.
        options.path = std::path::absolute(&options.path).map_err(unavailable)?;
        if let Some(parent) = options.path.parent() {
            std::fs::create_dir_all(parent).map_err(unavailable)?;
        }
        let (pool, metrics, slow) =
            (Pool::new(options.clone()), StoreMetrics::default(), SlowQueries::default());
        let shared = Arc::new(Shared { pool, options, metrics, slow, folder: Mutex::new(folder) });
        let (writer, queue) = mpsc::channel(QUEUE);
        let thread = Writer::open(Arc::clone(&shared))?;
        let log_end = thread.log_end();
        thread.spawn(queue)?;
        let scans = ScanThreads::start(&shared)?;
        Ok(Self { shared, writer, log_end, scans })
    }

    /// A connection to read with. When the file was lost, the writer looks for it first.
    async fn lease(&self) -> Result<Lease, StoreError> {
        if let Some(lease) = Lease::take(&self.shared)? {
            return Ok(lease);
        }
        self.ask(Message::Recover).await??;
        Lease::take(&self.shared)?.ok_or_else(|| StoreError::Unavailable("the database file is lost".into()))
    }

    /// Sends the writer a message and waits for its answer.
    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(message(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())
    }

    /// Has the writer do something that is no change set, in a transaction that it shares with others. It may be
    /// run more than once; what the last run gave is the answer.
    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection, &Models) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::new(Mutex::new(None));
        let result = Arc::clone(&slot);
        let task = Task::Work(Work(Box::new(move |connection, models| {
            let done = work(connection, models)?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            Ok(())
        })));
        match self.ask(|reply| Message::Commit { task, reply }).await? {
            Ok(()) => {}
            Err(CommitError::Store(error)) => return Err(error),
            Err(error) => return Err(StoreError::Internal(error.to_string())),
        }
        let done = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        done.ok_or_else(|| StoreError::Internal("the writer answered without doing it".into()))
    }
}

impl Store for SqliteStore {
    fn ensure_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutReport, StoreError>> {
        let models = models.to_vec();
        Box::pin(async move { self.ask(|reply| Message::Layout { models, reply }).await? })
    }

    fn commit(&self, changes: ChangeSet) -> BoxFuture<'_, Result<(), CommitError>> {
        let task = Task::Apply(changes);
        Box::pin(async move { self.ask(|reply| Message::Commit { task, reply }).await? })
    }

    fn head<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>> {
        Box::pin(async move { self.lease().await?.head(model, resource_id) })
    }

    fn find_unique<'a>(
        &'a self,
        model: ModelIndex,
        unique: usize,
        values: &'a [IndexValue],
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>> {
        Box::pin(async move { self.lease().await?.find_unique(model, unique, values) })
    }

    fn revision(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Revision>, StoreError>> {
        Box::pin(async move { self.lease().await?.revision(model, pk, seq) })
    }

    fn timeline<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Timeline>, StoreError>> {
        Box::pin(async move {
            let (lease, resource_id) = (self.lease().await?, resource_id.to_owned());
            self.scans.run(lease, move |lease| lease.timeline(model, &resource_id)).await
        })
    }

    fn search(&self, search: Search, mut visit: Visit) -> BoxFuture<'_, Result<PageEnd, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.search(&search, &mut visit)).await
        })
    }

    fn count(
        &self,
        model: ModelIndex,
        predicate: Arc<Predicate>,
        _: Freshness,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.count(model, &predicate)).await
        })
    }

    fn cascaded(&self, model: ModelIndex, pk: i64) -> BoxFuture<'_, Result<Vec<CascadeMember>, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.cascaded(model, pk)).await
        })
    }

    fn log(&self, request: LogRequest) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.log(&request)).await
        })
    }

    fn log_end(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(async move { self.lease().await?.log_end() })
    }

    fn watch_log(&self) -> watch::Receiver<i64> {
        self.log_end.clone()
    }

    fn subscribe<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if self.acknowledged(subscriber).await?.is_some() {
                return Ok(());
            }
            let end = self.log_end().await?;
            self.acknowledge(subscriber, end).await
        })
    }

    /// There is one process, so it has every lead.
    fn lead<'a>(
        &'a self,
        subscriber: &'a str,
        _: &'a str,
        _: Duration,
    ) -> BoxFuture<'a, Result<Option<i64>, StoreError>> {
        Box::pin(async move { Ok(Some(self.acknowledged(subscriber).await?.unwrap_or(0))) })
    }

    fn resign<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn acknowledge<'a>(
        &'a self,
        subscriber: &'a str,
        position: i64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let task = Task::Acknowledge { subscriber: subscriber.to_owned(), position };
        Box::pin(async move {
            match self.ask(|reply| Message::Commit { task, reply }).await? {
                Ok(()) => Ok(()),
                Err(CommitError::Store(error)) => Err(error),
                Err(error) => Err(StoreError::Internal(error.to_string())),
            }
        })
    }

    fn acknowledged<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<Option<i64>, StoreError>> {
        Box::pin(async move { self.lease().await?.acknowledged(subscriber) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.scans.close().await;
            // A second close finds the writer gone, which is what it asks for.
            let _ = self.ask(Message::Close).await;
            Ok(())
        })
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

#[allow(clippy::needless_pass_by_value)] // used as a function in `map_err`
fn unavailable(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
