//! Resources out of archives.

use sea_orm::ConnectionTrait;

use super::super::db::values;
use super::head::{HeadRow, Noted};
use super::{Applied, Applier};
use crate::change::{Change, ChangeKind, ChangeSet, Checkpoint, Import};

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Removes what the imports of a set replace, and what goes for good with them, all of it before anything is put
    /// there: it may have unique values of what comes. Notes it in the log. Whether there are imports at all.
    pub(super) async fn take_out(&mut self, set: &ChangeSet) -> Applied<bool> {
        if !set.changes.iter().any(|change| matches!(change, Change::Import(_))) {
            return Ok(false);
        }
        for (at, change) in set.changes.iter().enumerate() {
            match change {
                Change::Import(import) => {
                    let Some(of) = &import.replaces else { continue };
                    let (seq, version) = (import.head.revision.seq, import.version());
                    let position =
                        self.log_next(at, of, ChangeKind::Imported, seq, version, &import.at).await?;
                    self.replaced.insert(at, position);
                    self.remove(at, of, import.at.time).await?;
                }
                Change::Purge(removal) => self.purge(at, removal).await?,
                _ => {}
            }
        }
        Ok(true)
    }

    /// Puts a resource there.
    pub(super) async fn import(&mut self, at: usize, import: &Import) -> Applied<()> {
        let head = &import.head;
        let row = HeadRow {
            resource_id: &head.resource_id,
            rev_count: head.rev_count,
            version: import.version(),
            created: &head.created,
            updated: &head.updated,
            is_deleted: head.is_deleted,
            revision: &head.revision,
            index: &import.index,
        };
        let noted = match self.replaced.get(&at) {
            Some(position) => Noted::At(*position),
            None => Noted::First(ChangeKind::Imported, &import.at),
        };
        let pk = import.replaces.as_ref().map(|of| of.pk);
        let pk = self.insert_head(import.model, pk, &row, &noted).await?;
        for revision in &import.older {
            self.insert_revision(import.model, pk, revision).await?;
        }
        for (seq, file_id) in &import.blobs {
            self.name_files(import.model, pk, *seq, std::slice::from_ref(file_id)).await?;
        }
        self.enqueue_imported(import, pk).await
    }

    /// How far an import is with this set.
    pub(super) async fn note_checkpoint(&self, checkpoint: &Checkpoint) -> Applied<()> {
        let texts = self.models.imports();
        let archive = checkpoint.archive.as_str();
        match checkpoint.done {
            Some(done) => {
                let done = i64::try_from(done).unwrap_or(i64::MAX);
                self.execute(&texts.note, values![archive, done]).await
            }
            None => self.execute(&texts.forget, values![archive]).await,
        }
        .map(|_| ())
    }
}
