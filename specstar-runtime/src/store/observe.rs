//! What a store says of itself.

use futures_util::future::BoxFuture;

use super::{SlowQueries, StoreError};
use crate::metric::{AMOUNTS, DURATIONS, Histogram};

/// Whether a store is well, for those who look after it.
pub trait Observe: Send + Sync {
    /// Whether it answers: a read of the database that costs next to nothing.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Which of its statements are told because they take long.
    fn slow_queries(&self) -> &SlowQueries;

    /// What it has counted.
    fn metrics(&self) -> &StoreMetrics;

    /// Writes that were asked for and are not in a commit yet; where commits do not wait for each other, those that are
    /// under way.
    fn waiting_writes(&self) -> usize;
}

/// What a store counts while it works.
#[derive(Debug)]
pub struct StoreMetrics {
    /// The writes that went into each commit of the database.
    pub commit_batch: Histogram,
    /// How long each took, in nanoseconds.
    pub commit_duration: Histogram,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self { commit_batch: Histogram::new(AMOUNTS), commit_duration: Histogram::new(DURATIONS) }
    }
}
