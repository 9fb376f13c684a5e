//! One change set inside an open transaction.

mod answer;
mod blob;
mod cascade;
mod import;
mod job;
mod log;
mod memory;
mod original;
mod requirement;

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params};
use sea_query::SqliteQueryBuilder;

use self::log::{Entry, First};
pub(super) use self::memory::Memory;
use self::memory::SHAPES;
use super::conflict;
use super::connection::{is_duplicate, store_error};
use super::model::{Model, Models};
use crate::change::{Change, ChangeKind, ChangeSet, Existing, HeadUpdate, ModelIndex, NewHead, Removal};
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::meta::{Revision, Stamp};
use crate::store::layout::IndexPlace;
use crate::store::sql::write::{UpdateShape, update};
use crate::store::values::{self, elements, lists, scalar};
use crate::store::{CommitError, StoreError};

/// Why a change set was not applied.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: CommitError,
    /// Statements before the failing one changed rows, which have to be rolled back.
    pub(super) dirty: bool,
}

/// A head to be inserted.
struct HeadRow<'a> {
    resource_id: &'a str,
    rev_count: i64,
    version: i64,
    created: &'a Stamp,
    updated: &'a Stamp,
    is_deleted: bool,
    revision: &'a Revision,
    index: &'a IndexRow,
    position: i64,
}

/// Applies change sets to a connection with an open transaction.
pub(super) struct Applier<'a> {
    pub(super) connection: &'a Connection,
    pub(super) models: &'a Models,
    pub(super) memory: &'a mut Memory,
    dirty: bool,
    /// Where the log has the imports of the set that replace something, by their positions in the set.
    replaced: HashMap<usize, i64>,
}

impl<'a> Applier<'a> {
    /// For these types.
    pub(super) fn new(connection: &'a Connection, models: &'a Models, memory: &'a mut Memory) -> Self {
        Self { connection, models, memory, dirty: false, replaced: HashMap::new() }
    }

    /// Applies every change, or stops at the first one that fails.
    pub(super) fn apply(&mut self, set: &ChangeSet) -> Result<(), Failure> {
        self.dirty = false;
        self.replaced.clear();
        self.apply_all(set).map_err(|error| Failure { error, dirty: self.dirty })
    }

    fn apply_all(&mut self, set: &ChangeSet) -> Result<(), CommitError> {
        if let Some(answer) = &set.answer {
            self.require_unanswered(answer)?;
        }
        self.require_live(set)?;
        self.require_blobs(set)?;
        let taken_out = self.take_out(set)?;
        for (at, change) in set.changes.iter().enumerate() {
            if !(taken_out && matches!(change, Change::Purge(_))) {
                self.change(at, change)?;
            }
        }
        self.require_after(set)?;
        for event in &set.events {
            self.log_event(event)?;
        }
        if let Some(checkpoint) = &set.checkpoint {
            self.note_checkpoint(checkpoint)?;
        }
        if let Some(answer) = &set.answer {
            self.keep_answer(answer)?;
        }
        Ok(())
    }

    /// A change of a head that is there is logged first: its entry names the one before, which the head knows
    /// until it is changed.
    fn change(&mut self, at: usize, change: &Change) -> Result<(), CommitError> {
        match change {
            Change::Create(new) => {
                let position = self.next_position()?;
                let pk = self.create(at, new, position)?;
                let (stamp, seq) = (&new.revision.created, new.revision.seq);
                let first = First { kind: ChangeKind::Created, seq, version: 1, at: stamp };
                self.enqueue(at, new, pk)?;
                Ok(self.log_first(new.model, &new.resource_id, &first, pk, position)?)
            }
            Change::Update(update) => {
                let position = self.log_next(at, &Entry::updated(update))?;
                self.update(at, update, position)
            }
            Change::Purge(removal) => {
                self.log_next(at, &Entry::purged(removal))?;
                self.purge(at, removal)
            }
            Change::Prune { of, seqs } => {
                let position = self.log_next(at, &Entry::pruned(of))?;
                self.prune(at, of, seqs, position)
            }
            Change::Rewrite(update) => {
                let position = self.log_next(at, &Entry::rewritten(update))?;
                self.rewrite(at, update, position)
            }
            Change::Import(import) => self.import(at, import),
        }
    }

    /// Inserts a row and tells its number.
    fn create(&mut self, at: usize, new: &NewHead, position: i64) -> Result<i64, CommitError> {
        let pk = self.next_pk(new.model, self.models.get(new.model)?)?;
        let revision = &new.revision;
        let row = HeadRow {
            resource_id: &new.resource_id,
            rev_count: 1,
            version: 1,
            created: &revision.created,
            updated: &revision.updated,
            is_deleted: false,
            revision,
            index: &new.index,
            position,
        };
        self.insert_head(at, new.model, pk, &row)?;
        self.name_files(self.models.get(new.model)?, pk, new.revision.seq, &new.blobs)?;
        Ok(pk)
    }

    /// Inserts a row and its list values.
    fn insert_head(
        &mut self,
        at: usize,
        index: ModelIndex,
        pk: i64,
        row: &HeadRow<'_>,
    ) -> Result<(), CommitError> {
        let model = self.models.get(index)?;
        match self.insert(model, pk, row) {
            Ok(()) => {}
            Err(error) if is_duplicate(&error) => return Err(self.duplicate(at, index, row, pk, &error)),
            Err(error) => return Err(store_error(error).into()),
        }
        self.dirty = true;
        for (entry, field) in lists(&model.layout, row.index) {
            for value in entry {
                self.list_value(&model.writes.insert_value, field, value, pk)?;
            }
        }
        Ok(())
    }

    fn next_pk(&mut self, index: ModelIndex, model: &Model) -> Result<i64, StoreError> {
        let memory = &mut self.memory.models[index.0];
        let last = match memory.last_pk {
            Some(last) => last,
            None => last_pk(self.connection, model)?,
        };
        memory.last_pk = Some(last + 1);
        Ok(last + 1)
    }

    fn insert(&self, model: &Model, pk: i64, row: &HeadRow<'_>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(&model.writes.insert)?;
        let mut bind = Binder::new(&mut statement);
        bind.value(pk)?;
        bind.text(row.resource_id)?;
        bind.value(row.rev_count)?;
        bind.value(row.version)?;
        bind.stamp(row.created)?;
        bind.stamp(row.updated)?;
        bind.value(row.is_deleted)?;
        bind.revision(row.revision)?;
        bind.value(row.position)?;
        bind.columns(model, row.index, |_| true)?;
        statement.raw_execute()?;
        Ok(())
    }

    /// Names what a refused insert collides with: the id first, then the unique constraints as declared.
    fn duplicate(
        &mut self,
        at: usize,
        model: ModelIndex,
        row: &HeadRow<'_>,
        pk: i64,
        error: &rusqlite::Error,
    ) -> CommitError {
        match self.find_duplicate(at, model, row, pk) {
            Ok(Some(conflict)) => conflict,
            Ok(None) => {
                // Neither: the row number itself was taken, by another process.
                self.memory.models[model.0].last_pk = None;
                StoreError::Unavailable(error.to_string()).into()
            }
            Err(error) => error.into(),
        }
    }

    fn find_duplicate(
        &self,
        at: usize,
        index: ModelIndex,
        row: &HeadRow<'_>,
        pk: i64,
    ) -> Result<Option<CommitError>, StoreError> {
        let model = self.models.get(index)?;
        let mut statement = self.connection.prepare_cached(&model.writes.exists).map_err(store_error)?;
        if statement.exists([row.resource_id]).map_err(store_error)? {
            let resource_id = row.resource_id.to_owned();
            return Ok(Some(CommitError::DuplicateId { change: at, resource_id }));
        }
        conflict::find(self.connection, model, index, at, row.index, pk)
    }

    fn update(&mut self, at: usize, change: &HeadUpdate, position: i64) -> Result<(), CommitError> {
        let model = self.models.get(change.of.model)?;
        if change.archive {
            self.expect_row(at, &model.writes.archive, [change.of.pk, change.of.version])?;
        }
        if let Some(seq) = change.take {
            self.expect_row(at, &model.writes.delete_revision, [change.of.pk, seq])?;
        }
        self.current_original(at, change)?;
        match self.update_head(model, change, position) {
            Ok(0) => return Err(CommitError::Stale { change: at }),
            Ok(_) => self.dirty = true,
            Err(error) if is_duplicate(&error) => {
                let Existing { model: index, pk, .. } = change.of;
                let found = conflict::find(self.connection, model, index, at, &change.index_after, pk)?;
                return Err(found.unwrap_or_else(|| StoreError::Internal(error.to_string()).into()));
            }
            Err(error) => return Err(store_error(error).into()),
        }
        self.update_lists(model, change)?;
        self.update_blobs(model, change)?;
        self.move_job(at, change)?;
        Ok(self.update_members(model, change)?)
    }

    /// Runs a statement that must find the row the change was planned for.
    fn expect_row(&mut self, at: usize, sql: &str, keys: impl rusqlite::Params) -> Result<(), CommitError> {
        let changed = self.execute(sql, keys)?;
        if changed == 0 { Err(CommitError::Stale { change: at }) } else { Ok(()) }
    }

    fn execute(&mut self, sql: &str, keys: impl rusqlite::Params) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let changed = statement.execute(keys).map_err(store_error)?;
        self.dirty |= changed > 0;
        Ok(changed)
    }

    fn update_head(&mut self, model: &Model, change: &HeadUpdate, position: i64) -> rusqlite::Result<usize> {
        let shape = self.shape(change);
        let text = self.update_text(model, change.of.model, shape);
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut bind = Binder::new(&mut statement);
        bind.stamp(&change.updated)?;
        bind.value(position)?;
        if let Some(is_deleted) = change.is_deleted {
            bind.value(is_deleted)?;
        }
        if let Some(revision) = &change.revision {
            bind.revision(revision)?;
        }
        if let Some(rev_count) = change.rev_count {
            bind.value(rev_count)?;
        }
        bind.columns(model, &change.index_after, |index| shape.writes(index))?;
        bind.value(change.of.pk)?;
        bind.value(change.of.version)?;
        statement.raw_execute()
    }

    fn shape(&self, change: &HeadUpdate) -> UpdateShape {
        let mut shape = UpdateShape {
            is_deleted: change.is_deleted.is_some(),
            revision: change.revision.is_some(),
            rev_count: change.rev_count.is_some(),
            indexes: 0,
        };
        let (before, after) = (&change.index_before.entries, &change.index_after.entries);
        for (at, entry) in after.iter().enumerate() {
            if matches!(entry, IndexEntry::Scalar(_)) && before.get(at) != Some(entry) {
                shape.mark(at);
            }
        }
        let known = &self.memory.models[change.of.model.0].updates;
        if shape.indexes != 0 && known.len() >= SHAPES && !known.contains_key(&shape) {
            shape.indexes = u64::MAX;
        }
        shape
    }

    fn update_text(&mut self, model: &Model, index: ModelIndex, shape: UpdateShape) -> Arc<str> {
        let texts = &mut self.memory.models[index.0].updates;
        let text =
            texts.entry(shape).or_insert_with(|| update::<SqliteQueryBuilder>(&model.layout, shape).into());
        Arc::clone(text)
    }

    fn update_lists(&mut self, model: &Model, change: &HeadUpdate) -> Result<(), StoreError> {
        for (at, place) in model.layout.indexes.iter().enumerate() {
            let IndexPlace::List { field } = place else { continue };
            let (before, after) = (change.index_before.entries.get(at), change.index_after.entries.get(at));
            if before == after {
                continue;
            }
            let difference = values::difference(elements(before), elements(after));
            for value in difference.gone {
                self.list_value(&model.writes.delete_value, *field, value, change.of.pk)?;
            }
            for value in difference.new {
                self.list_value(&model.writes.insert_value, *field, value, change.of.pk)?;
            }
        }
        Ok(())
    }

    /// A null element is not in the table: it is never looked for by value.
    fn list_value(&self, sql: &str, field: i64, value: &IndexValue, pk: i64) -> Result<(), StoreError> {
        if *value == IndexValue::Null {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        statement.execute(params![field, Bound(value), pk]).map_err(store_error)?;
        Ok(())
    }

    fn purge(&mut self, at: usize, removal: &Removal) -> Result<(), CommitError> {
        let of = &removal.of;
        let model = self.models.get(of.model)?;
        let data = self.delete_head(model, of)?.ok_or(CommitError::Stale { change: at })?;
        self.dirty = true;
        self.execute(&model.writes.delete_revisions, [of.pk])?;
        self.execute(&model.writes.note_purge, [of.pk])?;
        self.release_all(model, of.pk, removal.at.time)?;
        self.forget_all_originals(model, of.pk)?;
        self.forget_members(model, of.pk)?;
        self.forget_job(of.model, of.pk)?;
        Ok(self.purge_lists(model, of.pk, &data)?)
    }

    fn delete_head(&self, model: &Model, of: &Existing) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached(&model.writes.delete_head).map_err(store_error)?;
        let mut rows = statement.query([of.pk, of.version]).map_err(store_error)?;
        let Some(row) = rows.next().map_err(store_error)? else { return Ok(None) };
        let data = row.get_ref(0).map_err(store_error)?.as_bytes().unwrap_or_default().to_vec();
        // The statement is only finished when it has been run to its end.
        while rows.next().map_err(store_error)?.is_some() {}
        Ok(Some(data))
    }

    /// The list table is clustered by value, so the payload says which rows to remove. One that cannot
    /// be read costs a scan instead.
    fn purge_lists(&mut self, model: &Model, pk: i64, data: &[u8]) -> Result<(), StoreError> {
        if !model.layout.has_lists() {
            return Ok(());
        }
        let Ok(index) = crate::json::index_row(model.layout.descriptor, data) else {
            return self.execute(&model.writes.delete_values, [pk]).map(|_| ());
        };
        for (entry, field) in lists(&model.layout, &index) {
            for value in entry {
                self.list_value(&model.writes.delete_value, field, value, pk)?;
            }
        }
        Ok(())
    }

    fn prune(
        &mut self,
        at: usize,
        removal: &Removal,
        seqs: &[i64],
        position: i64,
    ) -> Result<(), CommitError> {
        let of = &removal.of;
        let model = self.models.get(of.model)?;
        self.expect_row(at, &model.writes.set_last, [position, of.pk, of.version])?;
        for seq in seqs {
            self.execute(&model.writes.delete_revision, [of.pk, *seq])?;
            self.forget_originals(model, of.pk, *seq)?;
            self.release(model, of.pk, *seq, &[], removal.at.time)?;
        }
        Ok(())
    }
}

fn last_pk(connection: &Connection, model: &Model) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(&model.writes.last_pk).map_err(store_error)?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(store_error)?;
    let mut statement = connection.prepare_cached(&model.writes.last_purged).map_err(store_error)?;
    let purged = statement.query_row([], |row| row.get(0)).optional().map_err(store_error)?;
    Ok(last.max(purged).unwrap_or(0))
}

/// An index value as the engine takes it.
pub(super) struct Bound<'a>(pub(super) &'a IndexValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            IndexValue::Null => ValueRef::Null,
            IndexValue::Text(text) => ValueRef::Text(text.as_bytes()),
            IndexValue::Integer(number) => ValueRef::Integer(*number),
            IndexValue::Float(number) => ValueRef::Real(*number),
        }))
    }
}

/// Binds one value after the other.
pub(super) struct Binder<'a, 'c> {
    statement: &'a mut CachedStatement<'c>,
    at: usize,
}

impl<'a, 'c> Binder<'a, 'c> {
    /// From the first place on.
    pub(super) fn new(statement: &'a mut CachedStatement<'c>) -> Self {
        Self { statement, at: 0 }
    }

    /// The next value.
    pub(super) fn value(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)
    }

    fn text(&mut self, text: &str) -> rusqlite::Result<()> {
        self.value(text)
    }

    fn stamp(&mut self, stamp: &Stamp) -> rusqlite::Result<()> {
        self.value(stamp.time.0)?;
        self.text(&stamp.by)
    }

    /// In the order of `HEAD_REVISION_COLUMNS`.
    fn revision(&mut self, revision: &Revision) -> rusqlite::Result<()> {
        self.value(revision.seq)?;
        self.value(&revision.uid.as_bytes()[..])?;
        self.value(revision.parent_seq)?;
        self.value(revision.schema_version.as_deref())?;
        self.value(revision.parent_schema_version.as_deref())?;
        self.text(revision.status.as_str())?;
        self.value(&revision.data_hash.0.to_be_bytes()[..])?;
        self.stamp(&revision.created)?;
        self.stamp(&revision.updated)?;
        self.value(ToSqlOutput::Borrowed(ValueRef::Text(revision.stored_data())))
    }

    /// The columns of the chosen indexes, each followed by its folded copy.
    pub(super) fn columns(
        &mut self,
        model: &Model,
        index: &IndexRow,
        chosen: impl Fn(usize) -> bool,
    ) -> rusqlite::Result<()> {
        for (at, place) in model.layout.indexes.iter().enumerate() {
            let IndexPlace::Column { folded, .. } = place else { continue };
            if !chosen(at) {
                continue;
            }
            let value = scalar(index, at);
            self.value(Bound(value))?;
            if folded.is_some() {
                self.value(values::folded(value))?;
            }
        }
        Ok(())
    }
}
