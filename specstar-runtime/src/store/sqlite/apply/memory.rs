//! What the writer remembers between transactions, so that it need not ask the engine for each change.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::super::connection::store_error;
use super::super::model::Models;
use crate::store::StoreError;
use crate::store::sql::write::UpdateShape;

/// Update texts kept per resource type. More shapes than that write all index columns, so that a type
/// with many of them cannot fill the memory.
pub(super) const SHAPES: usize = 256;

/// What the writer remembers.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Memory {
    /// By [`ModelIndex`](crate::change::ModelIndex).
    pub(super) models: Vec<ModelMemory>,
    /// Where the log ends.
    pub(in crate::store::sqlite) log: LogEnd,
}

/// What it remembers of one resource type.
#[derive(Debug, Default)]
pub(super) struct ModelMemory {
    /// The highest row number that was ever given. Numbers of removed rows are not given again: a change that was
    /// planned for the removed row must not find another one under its number.
    pub(super) last_pk: Option<i64>,
    pub(super) updates: HashMap<UpdateShape, Arc<str>>,
}

impl Memory {
    /// Another process may have written: look again.
    pub(in crate::store::sqlite) fn forget_numbers(&mut self) {
        for model in &mut self.models {
            model.last_pk = None;
        }
        self.log.forget();
    }

    /// New tables for this many types, under the same numbers.
    pub(in crate::store::sqlite) fn begin(&mut self, models: usize) {
        self.models.resize_with(models, ModelMemory::default);
        for model in &mut self.models {
            model.updates.clear();
        }
        self.log.forget();
    }
}

/// The end of the log, as far as it is known.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct LogEnd {
    /// The last position of the transaction at hand.
    last: Option<i64>,
    /// What was told to those who wait for entries: even when another file takes the place of the open one,
    /// no lower position is given.
    told: i64,
    /// Nothing is logged, to measure what the log costs.
    #[cfg(test)]
    pub(in crate::store::sqlite) is_off: bool,
}

/// An end of the log to come back to.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) struct Mark(Option<i64>);

impl LogEnd {
    /// The last position that was given; 0 for none.
    pub(in crate::store::sqlite) fn last(
        &mut self,
        connection: &Connection,
        models: &Models,
    ) -> Result<i64, StoreError> {
        if let Some(last) = self.last {
            return Ok(last);
        }
        let mut statement = connection.prepare_cached(&models.log().last).map_err(store_error)?;
        let last: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(store_error)?;
        let last = last.unwrap_or(0).max(self.told);
        self.last = Some(last);
        Ok(last)
    }

    /// An entry stands at this position.
    pub(super) const fn advance(&mut self, position: i64) {
        self.last = Some(position);
    }

    /// Others, or a rollback, may have moved it.
    pub(in crate::store::sqlite) const fn forget(&mut self) {
        self.last = None;
    }

    /// Where it is, before something that may be taken back.
    pub(in crate::store::sqlite) const fn mark(&self) -> Mark {
        Mark(self.last)
    }

    /// What came since was taken back.
    pub(in crate::store::sqlite) const fn reset(&mut self, mark: Mark) {
        self.last = mark.0;
    }

    /// A higher end than was told before, outside of a transaction.
    pub(in crate::store::sqlite) fn news(&mut self) -> Option<i64> {
        let last = self.last.filter(|last| *last > self.told)?;
        self.told = last;
        Some(last)
    }
}
