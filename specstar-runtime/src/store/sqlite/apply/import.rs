//! Resources out of archives.

use rusqlite::params;

use super::super::connection::store_error;
use super::log::{Entry, First};
use super::{Applier, Binder, HeadRow};
use crate::change::{Change, ChangeKind, ChangeSet, Checkpoint, Existing, Import, ModelIndex};
use crate::datetime::Timestamp;
use crate::meta::Revision;
use crate::store::{CommitError, StoreError};

impl Applier<'_> {
    /// Removes what the imports of a set replace, and what goes for good with them, all of it before anything is put
    /// there: it may have unique values of what comes. Notes it in the log. Whether there are imports at all.
    pub(super) fn take_out(&mut self, set: &ChangeSet) -> Result<bool, CommitError> {
        if !set.changes.iter().any(|change| matches!(change, Change::Import(_))) {
            return Ok(false);
        }
        for (at, change) in set.changes.iter().enumerate() {
            match change {
                Change::Import(import) => {
                    let Some(of) = &import.replaces else { continue };
                    let position = self.log_next(at, &Entry::imported(import, of))?;
                    self.replaced.insert(at, position);
                    self.remove(at, of, import.at.time)?;
                }
                Change::Purge(_) => self.change(at, change)?,
                _ => {}
            }
        }
        Ok(true)
    }

    /// The row with everything that belongs to it; its number is not given up.
    fn remove(&mut self, at: usize, of: &Existing, now: Timestamp) -> Result<(), CommitError> {
        let model = self.models.get(of.model)?;
        let data = self.delete_head(model, of)?.ok_or(CommitError::Stale { change: at })?;
        self.dirty = true;
        self.execute(&model.writes.delete_revisions, [of.pk])?;
        self.release_all(model, of.pk, now)?;
        self.forget_all_originals(model, of.pk)?;
        self.forget_members(model, of.pk)?;
        self.forget_job(of.model, of.pk)?;
        Ok(self.purge_lists(model, of.pk, &data)?)
    }

    /// Puts a resource there.
    pub(super) fn import(&mut self, at: usize, import: &Import) -> Result<(), CommitError> {
        let head = &import.head;
        let (pk, position) = match &import.replaces {
            Some(of) => (of.pk, self.replaced.get(&at).copied().unwrap_or_default()),
            None => (self.next_pk(import.model, self.models.get(import.model)?)?, self.next_position()?),
        };
        let row = HeadRow {
            resource_id: &head.resource_id,
            rev_count: head.rev_count,
            version: import.version(),
            created: &head.created,
            updated: &head.updated,
            is_deleted: head.is_deleted,
            revision: &head.revision,
            index: &import.index,
            position,
        };
        self.insert_head(at, import.model, pk, &row)?;
        for revision in &import.older {
            self.insert_revision(import.model, pk, revision)?;
        }
        let model = self.models.get(import.model)?;
        for (seq, file_id) in &import.blobs {
            self.name_files(model, pk, *seq, std::slice::from_ref(file_id))?;
        }
        self.enqueue_imported(at, import, pk)?;
        if import.replaces.is_none() {
            let (version, seq) = (import.version(), head.revision.seq);
            let first = First { kind: ChangeKind::Imported, seq, version, at: &import.at };
            self.log_first(import.model, &head.resource_id, &first, pk, position)?;
        }
        Ok(())
    }

    /// How far an import is with this set.
    pub(super) fn note_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let texts = self.models.imports();
        match checkpoint.done {
            Some(done) => self
                .execute(&texts.note, params![checkpoint.archive, i64::try_from(done).unwrap_or(i64::MAX)]),
            None => self.execute(&texts.forget, [&checkpoint.archive]),
        }?;
        Ok(())
    }

    pub(super) fn insert_revision(
        &self,
        model: ModelIndex,
        pk: i64,
        revision: &Revision,
    ) -> Result<(), StoreError> {
        let sql = &self.models.get(model)?.writes.insert_revision;
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let mut bind = Binder::new(&mut statement);
        let bound = bind.value(pk).and_then(|()| bind.revision(revision));
        bound.and_then(|()| statement.raw_execute()).map(|_| ()).map_err(store_error)
    }
}
