//! What the store says of itself.

use futures_util::future::BoxFuture;

use super::PostgresStore;
use super::db::values;
use crate::store::{Observe, SlowQueries, StoreError, StoreMetrics};

impl Observe for PostgresStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.row("SELECT 1", values![]).await.map(|_| ()) })
    }

    fn slow_queries(&self) -> &SlowQueries {
        &self.shared.slow
    }

    fn metrics(&self) -> &StoreMetrics {
        &self.shared.metrics
    }

    fn waiting_writes(&self) -> usize {
        usize::try_from(self.shared.commits.read()).unwrap_or(usize::MAX)
    }
}
