//! Many change sets, one transaction.

use rusqlite::Connection;

use super::super::apply::{Applier, Failure, Memory};
use super::super::connection::store_error;
use super::super::model::Models;
use crate::change::ChangeSet;
use crate::store::{CommitError, StoreError};

/// What became of one change set.
pub(super) type Outcome = Result<(), CommitError>;

/// A connection and what is needed to apply change sets to it.
pub(super) struct Group<'a> {
    pub(super) connection: &'a Connection,
    pub(super) models: &'a Models,
    pub(super) memory: &'a mut [Memory],
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
        sets: impl ExactSizeIterator<Item = &'s ChangeSet> + Clone,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.begin()?;
        let result = match self.run_bare(sets.clone()) {
            Ok(None) => self.rollback().and_then(|()| self.begin()).and_then(|()| self.run_apart(sets)),
            Ok(Some(outcomes)) => Ok(outcomes),
            Err(error) => Err(error),
        };
        let result = result.and_then(|outcomes| self.run("COMMIT").map(|()| outcomes));
        if result.is_err() && !self.connection.is_autocommit() {
            // The error that is reported is the first one; a transaction that stays open shows itself.
            let _ = self.rollback();
        }
        result
    }

    /// `None` when a set failed after it had changed something.
    fn run_bare<'s>(
        &mut self,
        sets: impl Iterator<Item = &'s ChangeSet>,
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

    fn run_apart<'s>(
        &mut self,
        sets: impl Iterator<Item = &'s ChangeSet>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(sets.size_hint().0);
        for set in sets {
            self.run("SAVEPOINT change_set")?;
            let outcome = self.apply(set)?.map_err(|failure| failure.error);
            if outcome.is_err() {
                self.run("ROLLBACK TO change_set")?;
            }
            self.run("RELEASE change_set")?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// The outer error is one of the database, which no set of the group survives.
    fn apply(&mut self, set: &ChangeSet) -> Result<Result<(), Failure>, StoreError> {
        let result = Applier::new(self.connection, self.models, self.memory).apply(set);
        match result {
            Err(Failure { error: CommitError::Store(error), .. })
                if matches!(error, StoreError::Unavailable(_)) || self.connection.is_autocommit() =>
            {
                Err(error)
            }
            result => Ok(result),
        }
    }

    /// Row numbers are counted here, so that a commit of another process makes us look again.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let mut statement = self.connection.prepare_cached("PRAGMA data_version").map_err(store_error)?;
        let version = statement.query_row([], |row| row.get(0)).map_err(store_error)?;
        if *self.seen != version {
            *self.seen = version;
            self.memory.iter_mut().for_each(Memory::forget_last_pk);
        }
        Ok(())
    }

    fn rollback(&self) -> Result<(), StoreError> {
        self.run("ROLLBACK")
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute([]).map(|_| ()).map_err(store_error)
    }
}
