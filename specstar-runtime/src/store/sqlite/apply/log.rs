//! What a change leaves in the log.

use rusqlite::CachedStatement;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::super::connection::{is_duplicate, store_error};
use super::{Applier, Binder};
use crate::change::{ChangeKind, HeadUpdate, ModelIndex, NewEvent, NewHead, Removal};
use crate::meta::Stamp;
use crate::store::StoreError;
use crate::store::layout::kind_number;

/// A change that was applied, as the log keeps it.
pub(super) struct Entry<'a> {
    model: ModelIndex,
    pk: i64,
    resource_id: &'a str,
    kind: ChangeKind,
    seq: i64,
    version: i64,
    at: &'a Stamp,
}

impl<'a> Entry<'a> {
    pub(super) fn created(new: &'a NewHead, pk: i64) -> Self {
        Self {
            model: new.model,
            pk,
            resource_id: &new.resource_id,
            kind: ChangeKind::Created,
            seq: new.revision.seq,
            version: 1,
            at: &new.revision.created,
        }
    }

    pub(super) fn updated(update: &'a HeadUpdate) -> Self {
        Self {
            model: update.of.model,
            pk: update.of.pk,
            resource_id: &update.of.resource_id,
            kind: update.kind,
            seq: update.seq,
            version: update.of.version + 1,
            at: &update.updated,
        }
    }

    /// The version after the last one, which no head has any more.
    pub(super) fn purged(removal: &'a Removal) -> Self {
        let version = removal.of.version + 1;
        Self { kind: ChangeKind::Purged, version, ..Self::pruned(removal) }
    }

    pub(super) fn pruned(removal: &'a Removal) -> Self {
        Self {
            model: removal.of.model,
            pk: removal.of.pk,
            resource_id: &removal.of.resource_id,
            kind: ChangeKind::Pruned,
            seq: removal.seq,
            version: removal.of.version,
            at: &removal.at,
        }
    }
}

impl Applier<'_> {
    pub(super) fn log_change(&mut self, entry: &Entry<'_>) -> Result<(), StoreError> {
        let model_id = self.models.get(entry.model)?.layout.model_id;
        let text = &self.models.log().insert_change;
        self.log(text, |bind| {
            bind.value(model_id)?;
            bind.value(entry.pk)?;
            bind.text(entry.resource_id)?;
            bind.value(kind_number(entry.kind))?;
            bind.value(entry.seq)?;
            bind.value(entry.version)?;
            bind.stamp(entry.at)
        })
    }

    pub(super) fn log_event(&mut self, event: &NewEvent) -> Result<(), StoreError> {
        let text = &self.models.log().insert_event;
        self.log(text, |bind| {
            bind.stamp(&event.at)?;
            bind.text(&event.name)?;
            bind.value(ToSqlOutput::Borrowed(ValueRef::Text(&event.body)))
        })
    }

    /// The position is bound and not given by the engine, which would write it to a table of its own each time
    /// in order to never give it again.
    fn log(
        &mut self,
        sql: &str,
        values: impl FnOnce(&mut Binder<'_, '_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        #[cfg(test)]
        if self.memory.log.is_off {
            return Ok(());
        }
        let position = self.memory.log.last(self.connection, self.models)?.saturating_add(1);
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        match insert(&mut statement, position, values) {
            Ok(()) => {}
            Err(error) if is_duplicate(&error) => {
                // Taken by somebody who does not keep to the rules: the next try looks for the end again.
                self.memory.log.forget();
                return Err(StoreError::Unavailable(error.to_string()));
            }
            Err(error) => return Err(store_error(error)),
        }
        self.dirty = true;
        self.memory.log.advance(position);
        Ok(())
    }
}

fn insert(
    statement: &mut CachedStatement<'_>,
    position: i64,
    values: impl FnOnce(&mut Binder<'_, '_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut bind = Binder::new(statement);
    bind.value(position)?;
    values(&mut bind)?;
    statement.raw_execute().map(|_| ())
}
