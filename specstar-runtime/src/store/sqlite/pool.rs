//! Connections to read with, shared by everyone: take one, use it, put it back.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, Transaction, params};

use super::conflict;
use super::connection::{FileId, Reader, store_error};
use super::counts::Counts;
use super::model::Models;
use super::{Shared, SqliteOptions, row};
use crate::change::ModelIndex;
use crate::json::IndexValue;
use crate::meta::{Head, Revision};
use crate::store::{StoreError, Timeline};

/// How long the file is taken to be there without looking.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The idle readers of the file that is open.
#[derive(Debug)]
pub(super) struct Pool {
    options: SqliteOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` while the file is lost: only the writer opens it again.
    file: Option<FileId>,
    /// Changes when other readers are needed; one of an earlier generation does not come back.
    generation: u64,
    models: Models,
    idle: Vec<Reader>,
    looked: Instant,
    closed: bool,
}

impl Pool {
    /// Without readers; the writer says when there is a file.
    pub(super) fn new(options: SqliteOptions) -> Self {
        let state = State {
            file: None,
            generation: 0,
            models: Models::default(),
            idle: Vec::new(),
            looked: Instant::now(),
            closed: false,
        };
        Self { options, state: Mutex::new(state) }
    }

    /// A panic while the lock is held leaves a state that is as good as before.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this file is read, with these types.
    pub(super) fn publish(&self, file: FileId, models: Models) {
        let mut state = self.state();
        state.file = Some(file);
        state.models = models;
        state.generation += 1;
        state.looked = Instant::now();
        let retired = std::mem::take(&mut state.idle);
        drop(state);
        drop(retired);
    }

    /// The file is not there any more.
    pub(super) fn lose(&self) {
        let retired = lose(&mut self.state());
        drop(retired);
    }

    /// No more readers.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let retired = lose(&mut state);
        drop(state);
        drop(retired);
    }

    fn put_back(&self, reader: Reader, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.idle.push(reader);
        }
    }
}

/// The idle readers are handed out, because closing one takes time and the lock is held here.
fn lose(state: &mut State) -> Vec<Reader> {
    state.file = None;
    state.generation += 1;
    std::mem::take(&mut state.idle)
}

/// A reader, until it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Arc<Shared>,
    /// `None` only while it is being put back.
    reader: Option<Reader>,
    generation: u64,
    models: Models,
    /// The file did not answer: the next reader starts from the file as it is then.
    failed: Cell<bool>,
    /// Its slow statements that are not told yet.
    slow: RefCell<Vec<(String, Duration)>>,
}

impl Lease {
    /// A reader of the open file; `None` when the file is lost.
    pub(super) fn take(shared: &Arc<Shared>) -> Result<Option<Self>, StoreError> {
        let pool = &shared.pool;
        let mut state = pool.state();
        if state.closed {
            return Err(super::closed());
        }
        // Before another reader is opened too: it would open what has the name now, while those that are put
        // back later still read the file that had it.
        let look = state.idle.is_empty() || state.looked.elapsed() >= LOOK_EVERY;
        if state.file.is_some() && look {
            state.looked = Instant::now();
            if FileId::of(&pool.options.path) != state.file {
                let retired = lose(&mut state);
                drop(state);
                drop(retired);
                return Ok(None);
            }
        }
        if state.file.is_none() {
            return Ok(None);
        }
        let (reader, generation, models) = (state.idle.pop(), state.generation, state.models.clone());
        drop(state);
        let reader = match reader {
            Some(reader) => reader,
            None => Reader::open(&pool.options)?,
        };
        Ok(Some(Self {
            shared: Arc::clone(shared),
            reader: Some(reader),
            generation,
            models,
            failed: Cell::new(false),
            slow: RefCell::default(),
        }))
    }

    fn reader(&self) -> Result<&Reader, StoreError> {
        self.reader.as_ref().ok_or_else(|| StoreError::Internal("a reader was used after it failed".into()))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) const fn slow(&self) -> &RefCell<Vec<(String, Duration)>> {
        &self.slow
    }

    /// Limits the time of what follows.
    pub(super) fn limit(&self, time: Option<Duration>) {
        if let Some(reader) = &self.reader {
            reader.limit(time);
        }
    }

    /// Limits the engine steps of one read.
    pub(super) fn within<T>(
        &self,
        steps: u64,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let reader = self.reader()?;
        reader.limit_steps(Some(steps));
        let result = read();
        reader.limit_steps(None);
        result
    }

    /// Whether the read at hand was ended because its steps are used up.
    pub(super) fn is_spent(&self) -> bool {
        self.reader.as_ref().is_some_and(Reader::is_spent)
    }

    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.reader().map(|reader| &reader.connection)
    }

    /// The counts that the reader remembers.
    pub(super) fn with_counts<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> Result<T, StoreError> {
        Ok(work(&mut self.reader()?.counts.borrow_mut()))
    }

    /// A transaction, unless one is open already.
    pub(super) fn read_transaction(&self) -> Result<Option<Transaction<'_>>, StoreError> {
        let connection = self.connection()?;
        let begun = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose();
        begun.map_err(|error| self.error(error))
    }

    /// Ends it.
    pub(super) fn finish(&self, transaction: Option<Transaction<'_>>) -> Result<(), StoreError> {
        transaction.map_or(Ok(()), Transaction::finish).map_err(|error| self.error(error))
    }

    /// From now on the reader belongs to this lease alone: it is closed with it.
    pub(super) fn keep(&self) {
        self.failed.set(true);
    }

    pub(super) const fn models(&self) -> &Models {
        &self.models
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.reader()?.connection.prepare_cached(sql).map_err(|error| self.error(error))
    }

    /// What an error means, remembered when it concerns the connection.
    pub(super) fn error(&self, error: rusqlite::Error) -> StoreError {
        let error = store_error(error);
        if matches!(error, StoreError::Unavailable(_)) {
            self.failed.set(true);
        }
        error
    }

    /// See [`Store::head`](crate::store::Store::head).
    pub(super) fn head(&self, model: ModelIndex, resource_id: &str) -> Result<Option<Head>, StoreError> {
        let mut statement = self.prepare(&self.models.get(model)?.reads.head)?;
        let mut rows = statement.query([resource_id]).map_err(|error| self.error(error))?;
        let row = rows.next().map_err(|error| self.error(error))?;
        row.map(|row| Ok(row::head(row)?.to_owned())).transpose()
    }

    /// See [`Store::find_unique`](crate::store::Store::find_unique).
    pub(super) fn find_unique(
        &self,
        model: ModelIndex,
        unique: usize,
        values: &[IndexValue],
    ) -> Result<Option<Head>, StoreError> {
        // One transaction, so that the head that is read still has the values that were found.
        let connection = &self.reader()?.connection;
        let transaction = connection.unchecked_transaction().map_err(|error| self.error(error))?;
        let holder = conflict::owner(connection, self.models.get(model)?, unique, values)
            .map_err(|error| self.error(error))?;
        let found = holder.map_or(Ok(None), |resource_id| self.head(model, &resource_id));
        transaction.finish().map_err(|error| self.error(error))?;
        found
    }

    /// See [`Store::revision`](crate::store::Store::revision).
    pub(super) fn revision(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> Result<Option<Revision>, StoreError> {
        let mut statement = self.prepare(&self.models.get(model)?.reads.revision)?;
        let mut rows = statement.query([pk, seq]).map_err(|error| self.error(error))?;
        let row = rows.next().map_err(|error| self.error(error))?;
        row.map(|row| Ok(row::revision(row)?.to_owned())).transpose()
    }

    /// See [`Store::timeline`](crate::store::Store::timeline).
    pub(super) fn timeline(
        &self,
        model: ModelIndex,
        resource_id: &str,
    ) -> Result<Option<Timeline>, StoreError> {
        let transaction = self.read_transaction()?;
        let found = match self.head(model, resource_id)? {
            Some(head) => Some((self.history(model, head.pk)?, head)),
            None => None,
        };
        self.finish(transaction)?;
        Ok(found.map(|(history, head)| (head, history)))
    }

    /// The superseded revisions of a row, without their payloads.
    fn history(&self, model: ModelIndex, pk: i64) -> Result<Vec<Revision>, StoreError> {
        let mut statement = self.prepare(&self.models.get(model)?.reads.history)?;
        let mut rows = statement.query(params![pk]).map_err(|error| self.error(error))?;
        let mut history = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            history.push(row::revision(row)?.to_owned());
        }
        Ok(history)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take()
            && !self.failed.get()
        {
            self.shared.pool.put_back(reader, self.generation);
        }
    }
}
