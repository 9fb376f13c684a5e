//! Which files revisions name.

use std::collections::HashSet;

use rusqlite::params;

use super::super::connection::store_error;
use super::super::model::Model;
use super::Applier;
use crate::change::{Change, ChangeSet, HeadUpdate, Previous};
use crate::datetime::Timestamp;
use crate::store::{CommitError, StoreError};

impl Applier<'_> {
    /// Decided before anything is changed, as [`require_live`](Self::require_live) is.
    pub(super) fn require_blobs(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let (mut missing, mut seen) = (Vec::new(), HashSet::new());
        for file_id in set.changes.iter().flat_map(|change| named(change).iter().chain(imported(change))) {
            if seen.insert(file_id) && !self.has_file(file_id)? {
                missing.push(file_id.clone());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(CommitError::MissingBlob { file_ids: missing }) }
    }

    fn has_file(&self, file_id: &str) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&self.models.blob().exists).map_err(store_error)?;
        statement.exists([file_id]).map_err(store_error)
    }

    /// A revision names these files from now on.
    pub(super) fn name_files(
        &mut self,
        model: &Model,
        pk: i64,
        seq: i64,
        file_ids: &[String],
    ) -> Result<(), StoreError> {
        for file_id in file_ids {
            self.execute(&model.writes.name_file, params![pk, seq, file_id])?;
            self.execute(&self.models.blob().claim, [file_id])?;
        }
        Ok(())
    }

    /// New content of a revision: one that is rewritten in place may have named others before.
    pub(super) fn update_blobs(&mut self, model: &Model, change: &HeadUpdate) -> Result<(), StoreError> {
        let Some(file_ids) = &change.blobs else { return Ok(()) };
        // What a migrated revision named before stays its own, so that the migration can be taken back.
        if (!change.archive || change.take.is_some()) && change.previous == Previous::Leave {
            self.release(model, change.of.pk, change.seq, file_ids, change.updated.time)?;
        }
        self.name_files(model, change.of.pk, change.seq, file_ids)
    }

    /// A revision names no files any more but these.
    pub(super) fn release(
        &mut self,
        model: &Model,
        pk: i64,
        seq: i64,
        kept: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut gone = self.files(&model.writes.named_by, params![pk, seq])?;
        if gone.is_empty() {
            return Ok(());
        }
        self.execute(&model.writes.unname, params![pk, seq])?;
        let kept: HashSet<&String> = kept.iter().collect();
        gone.retain(|file_id| !kept.contains(file_id));
        self.idle(&gone, now)
    }

    /// No revision of a resource names a file any more.
    pub(super) fn release_all(&mut self, model: &Model, pk: i64, now: Timestamp) -> Result<(), StoreError> {
        let gone = self.files(&model.writes.named_by_all, params![pk])?;
        if gone.is_empty() {
            return Ok(());
        }
        self.execute(&model.writes.unname_all, params![pk])?;
        self.idle(&gone, now)
    }

    fn files(&self, sql: &str, keys: impl rusqlite::Params) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let rows = statement.query_map(keys, |row| row.get(0)).map_err(store_error)?;
        rows.collect::<Result<_, _>>().map_err(store_error)
    }

    /// Those that nobody names wait for the collection from now on.
    fn idle(&mut self, file_ids: &[String], now: Timestamp) -> Result<(), StoreError> {
        for file_id in file_ids {
            self.execute(&self.models.blob().release, params![now.0, file_id])?;
        }
        Ok(())
    }
}

/// The files of the new content of a change.
fn named(change: &Change) -> &[String] {
    match change {
        Change::Create(new) => &new.blobs,
        Change::Update(update) => update.blobs.as_deref().unwrap_or_default(),
        Change::Rewrite(update) => &update.blobs,
        Change::Purge(_) | Change::Prune { .. } | Change::Import(_) => &[],
    }
}

/// The files of the revisions of an import.
fn imported(change: &Change) -> impl Iterator<Item = &String> {
    let blobs = match change {
        Change::Import(import) => &import.blobs[..],
        _ => &[],
    };
    blobs.iter().map(|(_, file_id)| file_id)
}
