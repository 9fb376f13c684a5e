//! Which files revisions name.

use std::collections::{BTreeSet, HashSet};

use sea_orm::ConnectionTrait;

use super::super::db::{Values, rows, values};
use super::super::row::Columns;
use super::{Applied, Applier};
use crate::change::{Change, ChangeSet, HeadUpdate, ModelIndex, Previous};
use crate::datetime::Timestamp;
use crate::store::CommitError;
use crate::store::layout::BLOB_TABLE;

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Decided before anything is changed. The files cannot be removed from then on until the transaction ends.
    pub(super) async fn require_blobs(&self, set: &ChangeSet) -> Applied<()> {
        let mut named: Vec<&String> =
            set.changes.iter().flat_map(|change| named(change).iter().chain(imported(change))).collect();
        let mut seen = HashSet::new();
        named.retain(|file_id| seen.insert(*file_id));
        if named.is_empty() {
            return Ok(());
        }
        // No file is called by a U+0000, which the engine refuses.
        let ids: BTreeSet<&String> = named.iter().copied().filter(|id| !id.contains('\0')).collect();
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let sql = format!(
            "SELECT file_id FROM {BLOB_TABLE} WHERE file_id = ANY($1) ORDER BY file_id FOR KEY SHARE"
        );
        let mut known: HashSet<String> = HashSet::new();
        for found in rows(self.on, sql, values![ids]).await? {
            known.insert(Columns::of(&found)?.get(0)?);
        }
        let missing: Vec<String> = named.into_iter().filter(|id| !known.contains(*id)).cloned().collect();
        if missing.is_empty() { Ok(()) } else { Err(CommitError::MissingBlob { file_ids: missing }.into()) }
    }

    /// A revision names these files from now on.
    pub(super) async fn name_files(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
        file_ids: &[String],
    ) -> Applied<()> {
        for file_id in file_ids {
            let sql = &self.models.get(model)?.texts.name_file;
            self.execute(sql, values![pk, seq, file_id.as_str()]).await?;
            self.execute(&self.models.blob().claim, values![file_id.as_str()]).await?;
        }
        Ok(())
    }

    /// New content of a revision: one that is rewritten in place may have named others before.
    pub(super) async fn update_blobs(&self, change: &HeadUpdate) -> Applied<()> {
        let Some(file_ids) = &change.blobs else { return Ok(()) };
        let (model, pk) = (change.of.model, change.of.pk);
        // What a migrated revision named before stays its own, so that the migration can be taken back.
        if (!change.archive || change.take.is_some()) && change.previous == Previous::Leave {
            self.release(model, pk, change.seq, file_ids, change.updated.time).await?;
        }
        self.name_files(model, pk, change.seq, file_ids).await
    }

    /// A revision names no files any more but these.
    pub(super) async fn release(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
        kept: &[String],
        now: Timestamp,
    ) -> Applied<()> {
        let texts = &self.models.get(model)?.texts;
        let mut gone = self.files(&texts.named_by, values![pk, seq]).await?;
        if gone.is_empty() {
            return Ok(());
        }
        self.execute(&texts.unname, values![pk, seq]).await?;
        gone.retain(|file_id| !kept.contains(file_id));
        self.idle(&gone, now).await
    }

    /// No revision of a resource names a file any more.
    pub(super) async fn release_all(&self, model: ModelIndex, pk: i64, now: Timestamp) -> Applied<()> {
        let texts = &self.models.get(model)?.texts;
        let gone = self.files(&texts.named_by_all, values![pk]).await?;
        if gone.is_empty() {
            return Ok(());
        }
        self.execute(&texts.unname_all, values![pk]).await?;
        self.idle(&gone, now).await
    }

    async fn files(&self, sql: &str, keys: Values) -> Applied<Vec<String>> {
        let mut files = BTreeSet::new();
        for found in rows(self.on, sql, keys).await? {
            files.insert(Columns::of(&found)?.get(0)?);
        }
        Ok(files.into_iter().collect())
    }

    /// Those that nobody names wait for the collection from now on. Who names one holds its row until it commits, so
    /// that it is seen here.
    async fn idle(&self, file_ids: &[String], now: Timestamp) -> Applied<()> {
        if file_ids.is_empty() {
            return Ok(());
        }
        let sql = format!("SELECT 1 FROM {BLOB_TABLE} WHERE file_id = ANY($1) ORDER BY file_id FOR UPDATE");
        rows(self.on, sql, values![file_ids.to_vec()]).await?;
        for file_id in file_ids {
            self.execute(&self.models.blob().release, values![now.0, file_id.as_str()]).await?;
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
