//! What the store says of itself.

use futures_util::future::BoxFuture;

use super::PostgresStore;
use super::db::values;
use crate::store::{Observe, StoreError};

impl Observe for PostgresStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.row("SELECT 1", values![]).await.map(|_| ()) })
    }
}
