//! What a change leaves in the log.

use rusqlite::CachedStatement;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::super::connection::{is_duplicate, store_error};
use super::{Applier, Binder};
use crate::change::{
    ChangeKind, Existing, HeadUpdate, Import, ModelIndex, NewEvent, Removal, RevisionUpdate,
};
use crate::meta::Stamp;
use crate::store::layout::kind_number;
use crate::store::{CommitError, StoreError};

/// The first change of a head, as the log keeps it.
pub(super) struct First<'a> {
    pub(super) kind: ChangeKind,
    pub(super) seq: i64,
    pub(super) version: i64,
    pub(super) at: &'a Stamp,
}

/// A change of a head that is there, as the log keeps it.
pub(super) struct Entry<'a> {
    of: &'a Existing,
    kind: ChangeKind,
    seq: i64,
    version: i64,
    at: &'a Stamp,
}

impl<'a> Entry<'a> {
    pub(super) fn updated(update: &'a HeadUpdate) -> Self {
        Self {
            of: &update.of,
            kind: update.kind,
            seq: update.seq,
            version: update.of.version + 1,
            at: update.at.as_ref().unwrap_or(&update.updated),
        }
    }

    /// It is about the superseded revision.
    pub(super) fn rewritten(update: &'a RevisionUpdate) -> Self {
        let (of, seq) = (&update.of, update.revision.seq);
        Self { of, kind: ChangeKind::Migrated, seq, version: of.version + 1, at: &update.at }
    }

    /// With the version afterwards.
    pub(super) fn imported(import: &'a Import, of: &'a Existing) -> Self {
        let seq = import.head.revision.seq;
        Self { of, kind: ChangeKind::Imported, seq, version: import.version(), at: &import.at }
    }

    /// The version after the last one, which no head has any more.
    pub(super) fn purged(removal: &'a Removal) -> Self {
        let version = removal.of.version + 1;
        Self { kind: ChangeKind::Purged, version, ..Self::pruned(removal) }
    }

    pub(super) fn pruned(removal: &'a Removal) -> Self {
        Self {
            of: &removal.of,
            kind: ChangeKind::Pruned,
            seq: removal.seq,
            version: removal.of.version,
            at: &removal.at,
        }
    }
}

impl Applier<'_> {
    /// The position of the next entry. It is bound and not given by the engine, which would write it to a table
    /// of its own each time in order to never give it again.
    pub(super) fn next_position(&mut self) -> Result<i64, StoreError> {
        Ok(self.memory.log.last(self.connection, self.models)?.saturating_add(1))
    }

    /// The first entry of a resource.
    pub(super) fn log_first(
        &mut self,
        model: ModelIndex,
        resource_id: &str,
        first: &First<'_>,
        pk: i64,
        position: i64,
    ) -> Result<(), StoreError> {
        let model_id = self.models.get(model)?.layout.model_id;
        let text = &self.models.log().insert_change;
        self.log(text, position, |bind| {
            bind.value(model_id)?;
            bind.value(pk)?;
            bind.text(resource_id)?;
            bind.value(kind_number(first.kind))?;
            bind.value(first.seq)?;
            bind.value(first.version)?;
            bind.stamp(first.at)?;
            bind.value(0)
        })?;
        Ok(())
    }

    /// The next entry of a resource, and where it stands. The statement reads where the last one does: not from
    /// the head the change was planned for, since a prune in between leaves its version as it is.
    pub(super) fn log_next(&mut self, at: usize, entry: &Entry<'_>) -> Result<i64, CommitError> {
        let text = &self.models.get(entry.of.model)?.writes.log;
        let position = self.next_position()?;
        let added = self.log(text, position, |bind| {
            bind.value(kind_number(entry.kind))?;
            bind.value(entry.seq)?;
            bind.value(entry.version)?;
            bind.stamp(entry.at)?;
            bind.value(entry.of.pk)?;
            bind.value(entry.of.version)
        })?;
        if added { Ok(position) } else { Err(CommitError::Stale { change: at }) }
    }

    pub(super) fn log_event(&mut self, event: &NewEvent) -> Result<(), StoreError> {
        let text = &self.models.log().insert_event;
        let position = self.next_position()?;
        self.log(text, position, |bind| {
            bind.stamp(&event.at)?;
            bind.text(&event.name)?;
            bind.value(ToSqlOutput::Borrowed(ValueRef::Text(&event.body)))
        })?;
        Ok(())
    }

    /// Runs a statement that adds an entry at this position, and says whether it did.
    fn log(
        &mut self,
        sql: &str,
        position: i64,
        values: impl FnOnce(&mut Binder<'_, '_>) -> rusqlite::Result<()>,
    ) -> Result<bool, StoreError> {
        #[cfg(test)]
        if self.memory.log.is_off {
            return Ok(true);
        }
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let added = match insert(&mut statement, position, values) {
            Ok(rows) => rows > 0,
            Err(error) if is_duplicate(&error) => {
                // Taken by somebody who does not keep to the rules: the next try looks for the end again.
                self.memory.log.forget();
                return Err(StoreError::Unavailable(error.to_string()));
            }
            Err(error) => return Err(store_error(error)),
        };
        if added {
            self.dirty = true;
            self.memory.log.advance(position);
        }
        Ok(added)
    }
}

fn insert(
    statement: &mut CachedStatement<'_>,
    position: i64,
    values: impl FnOnce(&mut Binder<'_, '_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<usize> {
    let mut bind = Binder::new(statement);
    bind.value(position)?;
    values(&mut bind)?;
    statement.raw_execute()
}
