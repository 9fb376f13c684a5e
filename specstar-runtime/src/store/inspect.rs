//! Looking after what is stored: whether the file is whole, whether the tables are as declared, and whether the
//! index values are those of the documents.

use futures_util::future::BoxFuture;

use super::{LayoutReport, StoreError};
use crate::change::ModelIndex;
use crate::descriptor::ResourceDescriptor;
use crate::json::IndexValue;

/// What a store can say of its own state, and mend.
pub trait Inspect: Send + Sync {
    /// What [`Store::ensure_layout`](super::Store::ensure_layout) would do. Nothing is changed.
    fn plan_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutPlan, StoreError>>;

    /// The faults that the engine finds in its own file, at most a hundred. It reads the whole file.
    fn check_file(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// Compares the index values of every resource with its document. At most `at_most` of those that differ are
    /// named; `progress` is told the number of rows read so far, about every thousand.
    fn check_indexes(
        &self,
        model: ModelIndex,
        at_most: usize,
        progress: Told,
    ) -> BoxFuture<'_, Result<IndexReport, StoreError>>;

    /// Computes the index values of these rows anew, in one transaction, and names those it could not write.
    fn mend_indexes(
        &self,
        model: ModelIndex,
        rows: Vec<WrongRow>,
    ) -> BoxFuture<'_, Result<Vec<Unmended>, StoreError>>;

    /// Has the engine write its own indexes on the tables of a type anew. Nothing else is written meanwhile.
    fn rebuild_indexes(&self, model: ModelIndex) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Called with a number that grows; it may run on a thread of the store.
pub type Told = Box<dyn FnMut(u64) + Send>;

/// What stands between the tables as they are and as they are declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayoutPlan {
    /// What the next start does. `rows_backfilled` is the number of rows it will have to read.
    pub report: LayoutReport,
    /// Types that are served at another schema version from then on, which an earlier program refuses.
    pub versions: Vec<VersionChange>,
    /// What it cannot do: somebody has to act before.
    pub problems: Vec<String>,
}

impl LayoutPlan {
    /// Whether a start leaves everything as it is.
    pub fn is_empty(&self) -> bool {
        self.report.models.is_empty() && self.versions.is_empty() && self.problems.is_empty()
    }
}

/// A type that is declared at another schema version than it was served at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionChange {
    /// The type.
    pub model: String,
    /// The version it was served at.
    pub from: Option<String>,
    /// The version it is declared at.
    pub to: Option<String>,
}

impl std::fmt::Display for VersionChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |version: &Option<String>| {
            version.as_ref().map_or("none".to_owned(), |version| format!("\"{version}\""))
        };
        let Self { model, from, to } = self;
        write!(f, "`{model}` was served at schema {} and is declared at {}", shown(from), shown(to))
    }
}

/// How the index values of one type agree with its documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexReport {
    /// How many resources were looked at.
    pub rows: u64,
    /// How many have index values that differ, and list values of no resource, which count as one each.
    pub differing: u64,
    /// The first of them.
    pub wrong: Vec<WrongRow>,
}

/// A row whose index values are not those of its document.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongRow {
    /// Its number.
    pub pk: i64,
    /// Its id; `None` for list values whose resource is gone.
    pub resource_id: Option<String>,
    /// The keys of the indexes that differ.
    pub keys: Vec<String>,
    /// List values that the document does not have, with the number of their index in the list table.
    pub extra: Vec<(i64, IndexValue)>,
}

/// A row that could not be mended, because its true value is taken by another resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmended {
    /// Which one.
    pub resource_id: String,
    /// Why.
    pub reason: String,
}
