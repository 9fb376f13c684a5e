//! Migrations, which keep what was there before.

use rusqlite::params;

use super::super::model::Model;
use super::Applier;
use crate::change::{ChangeKind, Existing, HeadUpdate, Previous, RevisionUpdate};
use crate::meta::DataHash;
use crate::store::{CommitError, StoreError};

impl Applier<'_> {
    /// Before the current revision is replaced.
    pub(super) fn current_original(&mut self, at: usize, change: &HeadUpdate) -> Result<(), CommitError> {
        let model = self.models.get(change.of.model)?;
        let Existing { pk, version, .. } = change.of;
        let hash = change.revision.as_ref().map_or(DataHash(0), |revision| revision.data_hash);
        match change.previous {
            // New content in the place of what a migration made: there is no way back from it, and nothing keeps the
            // files of what was there before.
            Previous::Leave if change.kind == ChangeKind::Modified && change.revision.is_some() => {
                Ok(self.forget_originals(model, pk, change.seq)?)
            }
            Previous::Leave => Ok(()),
            Previous::Keep => {
                let keys = params![&hash.0.to_be_bytes()[..], pk, version];
                self.expect_row(at, &model.originals.keep_current, keys)
            }
            Previous::TakeBack => self.forget_last(at, model, pk, change.seq),
        }
    }

    /// A superseded revision is rewritten, which counts as a change of the resource.
    pub(super) fn rewrite(
        &mut self,
        at: usize,
        change: &RevisionUpdate,
        position: i64,
    ) -> Result<(), CommitError> {
        let model = self.models.get(change.of.model)?;
        let Existing { pk, version, .. } = change.of;
        let seq = change.revision.seq;
        self.expect_row(at, &model.writes.next_version, [position, pk, version])?;
        match change.previous {
            Previous::Leave => {}
            Previous::Keep => {
                let keys = params![&change.revision.data_hash.0.to_be_bytes()[..], pk, seq];
                self.expect_row(at, &model.originals.keep_superseded, keys)?;
            }
            Previous::TakeBack => self.forget_last(at, model, pk, seq)?,
        }
        // Pruned in between: a prune leaves the version as it is.
        self.expect_row(at, &model.writes.delete_revision, [pk, seq])?;
        self.insert_revision(change.of.model, pk, &change.revision)?;
        // What it named before stays its own, so that a migration can be taken back.
        Ok(self.name_files(model, pk, seq, &change.blobs)?)
    }

    fn forget_last(&mut self, at: usize, model: &Model, pk: i64, seq: i64) -> Result<(), CommitError> {
        self.expect_row(at, &model.originals.forget_last, [pk, seq, pk, seq])
    }

    /// Of a revision that goes.
    pub(super) fn forget_originals(&mut self, model: &Model, pk: i64, seq: i64) -> Result<(), StoreError> {
        self.execute(&model.originals.forget, [pk, seq]).map(|_| ())
    }

    /// Of a resource that goes.
    pub(super) fn forget_all_originals(&mut self, model: &Model, pk: i64) -> Result<(), StoreError> {
        self.execute(&model.originals.forget_all, [pk]).map(|_| ())
    }
}
