//! Migrations: stored content of older schema versions is brought to the declared one, for good.

mod batch;
mod progress;
mod single;
mod work;

pub use batch::Migration;
pub use progress::{MigrateOutcome, MigrateProgress, MigrateStatus, MigrateSummary};
pub use single::MigrateRequest;

use super::service::store_error;
use super::{Caller, Model, Repository, Selection, Service};
use crate::error::{Error, Result};
use crate::store::VersionCount;

/// Which revisions of a resource are migrated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Revisions {
    /// The current one.
    #[default]
    Current,
    /// Every one, superseded ones too.
    All,
    /// The one of this id. It stays the current one or a superseded one.
    One(String),
}

/// Revisions whose originals one commit forgets.
const FORGOTTEN: usize = 500;

/// How a migration of many resources is done.
#[derive(Clone, Debug)]
pub struct MigrateOptions {
    /// The steps, the validator and the constraints are tried on every resource, and nothing is written. A unique value
    /// is taken when a resource has it that keeps it, or when the run has met it before, as long as it has met no more
    /// than a million.
    pub dry_run: bool,
    /// Which revisions.
    pub revisions: Revisions,
    /// How many resources one commit changes.
    pub batch: usize,
}

impl Default for MigrateOptions {
    fn default() -> Self {
        Self { dry_run: false, revisions: Revisions::Current, batch: 500 }
    }
}

impl Service {
    /// How many revisions of a type there are at each schema version, for those who look after the store.
    pub async fn versions(&self, model: &Model) -> Result<Vec<VersionCount>> {
        self.store.versions(model.index).await.map_err(store_error)
    }

    /// Forgets what the revisions of a type were before their migrations, and tells of how many.
    pub(crate) async fn forget_originals(&self, model: &Model, caller: &Caller) -> Result<u64> {
        let mut forgotten = 0;
        loop {
            let batch = self.store.forget_originals(model.index, FORGOTTEN, caller.now());
            let batch = batch.await.map_err(store_error)?;
            forgotten += batch as u64;
            if batch < FORGOTTEN {
                return Ok(forgotten);
            }
        }
    }
}

impl<R> Repository<R> {
    /// Begins to migrate every resource of the type, live or deleted, in the order of creation.
    ///
    /// ```no_run
    /// # use specstar_runtime::{repository::{MigrateOptions, Repository}, error::Result};
    /// # async fn example<User>(users: Repository<User>) -> Result<()> {
    /// let mut migration = users.migrate(MigrateOptions::default()).await?;
    /// while let Some(batch) = migration.next().await? {
    ///     println!("{} more", batch.len());
    /// }
    /// println!("{} failed", migration.summary().failed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn migrate(&self, options: MigrateOptions) -> Result<Migration> {
        self.service.migrate(self.model(), Selection::everything(), options, &self.caller()?).await
    }

    /// Forgets for good what migrated revisions of the type were before, and tells of how many: none of these migrations
    /// can be taken back any more.
    pub async fn forget_originals(&self) -> Result<u64> {
        self.service.forget_originals(self.model(), &self.caller()?).await
    }

    /// How many revisions there are at each schema version.
    pub async fn versions(&self) -> Result<Vec<VersionCount>> {
        self.service.versions(self.model()).await
    }
}

/// A type without a version has nothing to migrate to.
fn versioned(model: &Model) -> Result<()> {
    match model.descriptor().schema_version {
        Some(_) => Ok(()),
        None => Err(Error::BadRequest(format!("`{}` declares no schema version", model.name()))),
    }
}
