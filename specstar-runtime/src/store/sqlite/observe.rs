//! What the store says of itself.

use futures_util::future::BoxFuture;

use super::{SqliteStore, closed};
use crate::store::{Observe, SlowQueries, StoreError, StoreMetrics};

impl Observe for SqliteStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // Reads go on without it, and writes do not.
            if self.writer.is_closed() {
                return Err(closed());
            }
            // Of a subscriber that nobody is: an empty name is none.
            self.lease().await?.acknowledged("").map(|_| ())
        })
    }

    fn slow_queries(&self) -> &SlowQueries {
        &self.shared.slow
    }

    fn metrics(&self) -> &StoreMetrics {
        &self.shared.metrics
    }

    fn waiting_writes(&self) -> usize {
        self.writer.max_capacity() - self.writer.capacity()
    }
}
