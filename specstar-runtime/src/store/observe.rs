//! What a store says of itself.

use futures_util::future::BoxFuture;

use super::StoreError;

/// Whether a store is well, for those who look after it.
pub trait Observe: Send + Sync {
    /// Whether it answers: a read of the database that costs next to nothing.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
