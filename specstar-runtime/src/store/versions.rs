//! What a store knows of schema versions: which there are, and what stood in a revision before it was migrated.

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::meta::DataHash;

/// The schema versions of what is stored.
pub trait Versions: Send + Sync {
    /// What a revision was before its last migration; `None` when it was never migrated.
    fn original(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Original>, StoreError>>;

    /// Forgets what up to `limit` revisions of the type were before their migrations, and tells of how many: fewer than
    /// `limit` when none is left. Files that nothing else names are let go of.
    fn forget_originals(
        &self,
        model: ModelIndex,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// How many revisions there are at each version, the unversioned ones first. It reads every head, deleted ones
    /// too, and every superseded revision of the type.
    fn versions(&self, model: ModelIndex) -> BoxFuture<'_, Result<Vec<VersionCount>, StoreError>>;
}

/// A revision as it was before a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its version then.
    pub schema_version: Option<String>,
    /// The version before that one.
    pub parent_schema_version: Option<String>,
    /// The hash of `data`.
    pub data_hash: DataHash,
    /// Canonical JSON.
    pub data: Vec<u8>,
    /// The hash of what the migration made of it.
    pub migrated_hash: DataHash,
}

/// How many revisions are at one schema version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionCount {
    /// The version; `None` for content from before the type had one.
    pub version: Option<String>,
    /// Current revisions, of deleted resources too.
    pub current: u64,
    /// Superseded ones.
    pub superseded: u64,
}
