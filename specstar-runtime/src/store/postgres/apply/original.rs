//! Migrations, which keep what was there before.

use sea_orm::ConnectionTrait;

use super::super::db::values;
use super::super::value::push_revision;
use super::{Applied, Applier, forgets_original};
use crate::change::{ChangeKind, Existing, HeadUpdate, ModelIndex, Previous, RevisionUpdate};
use crate::meta::{DataHash, Revision};

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Before the current revision is replaced.
    pub(super) async fn current_original(&self, at: usize, change: &HeadUpdate) -> Applied<()> {
        let model = self.models.get(change.of.model)?;
        let Existing { pk, version, .. } = change.of;
        let hash = change.revision.as_ref().map_or(DataHash(0), |revision| revision.data_hash);
        match change.previous {
            // New content in the place of what a migration made: there is no way back from it, and nothing keeps the
            // files of what was there before.
            Previous::Leave if forgets_original(change) => {
                self.forget_originals(change.of.model, pk, change.seq).await
            }
            Previous::Leave => Ok(()),
            Previous::Keep => {
                let keys = values![hash.0.to_be_bytes().to_vec(), pk, version];
                self.expect_row(at, &model.originals.keep_current, keys).await
            }
            Previous::TakeBack => self.forget_last(at, change.of.model, pk, change.seq).await,
        }
    }

    /// A superseded revision is rewritten, which counts as a change of the resource.
    pub(super) async fn rewrite(&mut self, at: usize, change: &RevisionUpdate) -> Applied<()> {
        let Existing { model: index, pk, version, .. } = change.of;
        let model = self.models.get(index)?;
        let seq = change.revision.seq;
        let position =
            self.log_next(at, &change.of, ChangeKind::Migrated, seq, version + 1, &change.at).await?;
        self.expect_row(at, &model.texts.next_version, values![position, pk, version]).await?;
        match change.previous {
            Previous::Leave => {}
            Previous::Keep => {
                let hash = change.revision.data_hash.0.to_be_bytes().to_vec();
                self.expect_row(at, &model.originals.keep_superseded, values![hash, pk, seq]).await?;
            }
            Previous::TakeBack => self.forget_last(at, index, pk, seq).await?,
        }
        // Pruned in between: a prune leaves the version as it is.
        self.expect_row(at, &model.texts.delete_revision, values![pk, seq]).await?;
        self.insert_revision(index, pk, &change.revision).await?;
        // What it named before stays its own, so that a migration can be taken back.
        self.name_files(index, pk, seq, &change.blobs).await
    }

    pub(super) async fn insert_revision(
        &self,
        model: ModelIndex,
        pk: i64,
        revision: &Revision,
    ) -> Applied<()> {
        let mut values = values![pk];
        push_revision(&mut values, revision);
        self.execute(&self.models.get(model)?.texts.insert_revision, values).await.map(|_| ())
    }

    async fn forget_last(&self, at: usize, model: ModelIndex, pk: i64, seq: i64) -> Applied<()> {
        let sql = &self.models.get(model)?.originals.forget_last;
        self.expect_row(at, sql, values![pk, seq, pk, seq]).await
    }

    /// Of a revision that goes.
    pub(super) async fn forget_originals(&self, model: ModelIndex, pk: i64, seq: i64) -> Applied<()> {
        let sql = &self.models.get(model)?.originals.forget;
        self.execute(sql, values![pk, seq]).await.map(|_| ())
    }
}
