//! Answers to requests that may come again.

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::change::Answer;
use crate::datetime::Timestamp;

/// The answers that were committed with change sets.
pub trait Answers: Send + Sync {
    /// The answer to the request of that [key](crate::change::RequestKey::key).
    fn answer<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Answer>, StoreError>>;

    /// Forgets up to `limit` of those that were given before that instant, the oldest first, and tells how many.
    fn forget_answers(&self, before: Timestamp, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>>;
}
