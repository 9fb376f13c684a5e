//! Many change sets, one transaction.

use rusqlite::{Connection, params};

use super::super::apply::{Applier, Failure, Memory};
use super::super::connection::store_error;
use super::super::model::Models;
use super::Task;
use crate::store::{CommitError, StoreError};

/// What became of one change set.
pub(super) type Outcome = Result<(), CommitError>;

/// A connection and what is needed to apply change sets to it.
pub(super) struct Group<'a> {
    pub(super) connection: &'a Connection,
    pub(super) models: &'a Models,
    pub(super) memory: &'a mut Memory,
    pub(super) seen: &'a mut i64,
}

impl Group<'_> {
    /// Commits the sets that can be applied. An error is one of the database, and nothing is committed.
    ///
    /// The sets run without savepoints, which cost more than failures do: a set that fails before it
    /// changed anything is just left out; when another one fails, the whole group is rolled back and run
    /// again with a savepoint around each set.
    pub(super) fn commit<'s>(
        &mut self,
        sets: impl ExactSizeIterator<Item = &'s Task> + Clone,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.begin()?;
        let result = match self.run_bare(sets.clone()) {
            Ok(None) => self.rollback().and_then(|()| self.begin()).and_then(|()| self.run_apart(sets)),
            Ok(Some(outcomes)) => Ok(outcomes),
            Err(error) => Err(error),
        };
        let result = result.and_then(|outcomes| self.run("COMMIT").map(|()| outcomes));
        if result.is_err() {
            self.memory.log.forget();
        }
        if result.is_err() && !self.connection.is_autocommit() {
            // The error that is reported is the first one; a transaction that stays open shows itself.
            let _ = self.rollback();
        }
        result
    }

    /// `None` when a set failed after it had changed something.
    fn run_bare<'s>(
        &mut self,
        sets: impl Iterator<Item = &'s Task>,
    ) -> Result<Option<Vec<Outcome>>, StoreError> {
        let mut outcomes = Vec::with_capacity(sets.size_hint().0);
        for set in sets {
            match self.apply(set)? {
                Err(failure) if failure.dirty => return Ok(None),
                outcome => outcomes.push(outcome.map_err(|failure| failure.error)),
            }
        }
        Ok(Some(outcomes))
    }

    fn run_apart<'s>(&mut self, sets: impl Iterator<Item = &'s Task>) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(sets.size_hint().0);
        for set in sets {
            self.run("SAVEPOINT change_set")?;
            let end = self.memory.log.mark();
            let outcome = self.apply(set)?.map_err(|failure| failure.error);
            if outcome.is_err() {
                self.run("ROLLBACK TO change_set")?;
                self.memory.log.reset(end);
            }
            self.run("RELEASE change_set")?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// The outer error is one of the database, which no set of the group survives.
    fn apply(&mut self, task: &Task) -> Result<Result<(), Failure>, StoreError> {
        let result = match task {
            Task::Apply(set) => Applier::new(self.connection, self.models, self.memory).apply(set),
            Task::Claim(task) => Applier::new(self.connection, self.models, self.memory)
                .claim(task)
                .map_err(|error| Failure { error, dirty: true }),
            Task::Work(work) => (work.0)(self.connection, self.models)
                .map_err(|error| Failure { error: error.into(), dirty: true }),
            Task::Acknowledge { subscriber, position } => self
                .acknowledge(subscriber, *position)
                .map_err(|error| Failure { error: store_error(error).into(), dirty: false }),
        };
        match result {
            Err(Failure { error: CommitError::Store(error), .. })
                if matches!(error, StoreError::Unavailable(_)) || self.connection.is_autocommit() =>
            {
                Err(error)
            }
            result => Ok(result),
        }
    }

    fn acknowledge(&self, subscriber: &str, position: i64) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(&self.models.log().acknowledge)?;
        statement.execute(params![subscriber, position]).map(|_| ())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        look(self.connection, self.memory, self.seen)
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.memory.log.forget();
        self.run("ROLLBACK")
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute([]).map(|_| ()).map_err(store_error)
    }
}

/// Numbers are counted by the writer, so that a commit of another process makes it look again.
pub(super) fn look(connection: &Connection, memory: &mut Memory, seen: &mut i64) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").map_err(store_error)?;
    let version = statement.query_row([], |row| row.get(0)).map_err(store_error)?;
    if *seen != version {
        *seen = version;
        memory.forget_numbers();
    }
    Ok(())
}
