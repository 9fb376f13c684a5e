//! Computing the values of new indexes for rows that were stored before.

use rusqlite::{CachedStatement, Connection, params};
use sea_query::SqliteQueryBuilder;

use super::super::apply::{Binder, Bound};
use super::super::connection::store_error;
use super::super::model::Model;
use super::super::registry::{self, StoredLayout};
use super::in_transaction;
use crate::json::{IndexEntry, IndexRow, IndexValue, fitting_index_row, index_row};
use crate::store::StoreError;
use crate::store::layout::IndexPlace;
use crate::store::sql::write;

/// Rows per transaction: the write lock is held for a moment only, and no more is lost by a crash.
const BATCH: i64 = 500;

/// Computes the pending values, from the row on where an earlier run stopped.
pub(super) fn run(connection: &Connection, model: &Model, layout: &StoredLayout) -> Result<u64, StoreError> {
    if layout.pending.is_empty() {
        return Ok(0);
    }
    let backfill = Backfill::new(connection, model, layout);
    let mut state = layout.clone();
    let mut rows = 0;
    loop {
        match backfill.batch(&mut state)? {
            0 => return Ok(rows),
            done => rows += done,
        }
    }
}

pub(super) struct Backfill<'a> {
    connection: &'a Connection,
    model: &'a Model,
    /// Positions of the pending indexes.
    pending: Vec<usize>,
    /// `None` when only lists are pending.
    update: Option<String>,
}

impl<'a> Backfill<'a> {
    /// For the pending keys of this layout.
    pub(super) fn new(connection: &'a Connection, model: &'a Model, layout: &StoredLayout) -> Self {
        let indexes = model.layout.descriptor.indexes.iter().enumerate();
        let pending: Vec<_> = indexes
            .filter(|(_, index)| layout.pending.iter().any(|key| key == index.key))
            .map(|(at, _)| at)
            .collect();
        let update = write::backfill::<SqliteQueryBuilder>(&model.layout, &pending);
        Self { connection, model, pending, update }
    }

    /// Computes the next rows and notes how far it came; says how many there were.
    pub(super) fn batch(&self, state: &mut StoredLayout) -> Result<u64, StoreError> {
        in_transaction(self.connection, || {
            let batch = self.rows_after(state.done_pk)?;
            for (pk, data) in &batch {
                self.row(*pk, data)?;
            }
            if let Some((pk, _)) = batch.last() {
                state.done_pk = *pk;
                registry::update(self.connection, self.model.layout.descriptor, state)?;
            }
            Ok(batch.len() as u64)
        })
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.connection.prepare_cached(sql).map_err(store_error)
    }

    fn rows_after(&self, pk: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let mut statement = self.prepare(&self.model.reads.all_after)?;
        let rows = statement
            .query_map([pk, BATCH], |row| Ok((row.get(0)?, row.get_ref(1)?.as_bytes()?.to_vec())))
            .map_err(store_error)?;
        rows.collect::<Result<_, _>>().map_err(store_error)
    }

    /// A payload that does not fit an index stays findable by everything else. Content of an older schema version is
    /// read as it stands: what becomes of it is in the index once it is migrated.
    fn row(&self, pk: i64, data: &[u8]) -> Result<(), StoreError> {
        let descriptor = self.model.layout.descriptor;
        if let Err(error) = index_row(descriptor, data) {
            let model = descriptor.id.name;
            tracing::debug!(model, pk, %error, "a stored payload does not fit an index and is left out of it");
        }
        let index = fitting_index_row(descriptor, data);
        self.columns(pk, &index)?;
        self.lists(pk, &index)
    }

    fn columns(&self, pk: i64, index: &IndexRow) -> Result<(), StoreError> {
        let Some(update) = &self.update else { return Ok(()) };
        let mut statement = self.prepare(update)?;
        let mut bind = Binder::new(&mut statement);
        bind.columns(self.model, index, |at| self.pending.contains(&at)).map_err(store_error)?;
        bind.value(pk).map_err(store_error)?;
        statement.raw_execute().map_err(store_error)?;
        Ok(())
    }

    fn lists(&self, pk: i64, index: &IndexRow) -> Result<(), StoreError> {
        for &at in &self.pending {
            if let (IndexPlace::List { field }, Some(IndexEntry::List(Some(values)))) =
                (&self.model.layout.indexes[at], index.entries.get(at))
            {
                for value in values.iter().filter(|value| **value != IndexValue::Null) {
                    let mut statement = self.prepare(&self.model.writes.insert_value)?;
                    statement.execute(params![field, Bound(value), pk]).map_err(store_error)?;
                }
            }
        }
        Ok(())
    }
}
