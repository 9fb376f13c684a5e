//! Fairness among writers of one resource.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::change::ModelIndex;
use crate::error::{Error, Result};

type Key = (ModelIndex, String);

/// Queues of the writes that found their plan stale. Without them, many writers of one resource would
/// all plan again at once and one would get through per round; in the queue every round is a success.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    waiting: Mutex<HashMap<Key, Arc<AsyncMutex<()>>>>,
}

impl Queues {
    fn of(&self, key: &Key) -> Arc<AsyncMutex<()>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(waiting.entry(key.clone()).or_default())
    }

    /// Forgets a queue that nobody else holds, so that the map stays as small as the contention.
    fn leave(&self, key: &Key) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(key).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            waiting.remove(key);
        }
    }
}

/// The attempts of one write.
pub(crate) struct Attempts<'a> {
    queues: &'a Queues,
    key: Key,
    deadline: Instant,
    place: Option<OwnedMutexGuard<()>>,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(queues: &'a Queues, model: ModelIndex, resource_id: &str, limit: Duration) -> Self {
        let key = (model, resource_id.to_owned());
        Self { queues, key, deadline: Instant::now() + limit, place: None }
    }

    /// After a stale commit: waits for this write's turn; fails when the time is up.
    pub(crate) async fn again(&mut self) -> Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(too_busy());
        }
        if self.place.is_none() {
            let queue = self.queues.of(&self.key);
            let place = tokio::time::timeout(left, queue.lock_owned()).await.map_err(|_| too_busy())?;
            self.place = Some(place);
        }
        Ok(())
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        if self.place.take().is_some() {
            self.queues.leave(&self.key);
        }
    }
}

fn too_busy() -> Error {
    Error::Unavailable { reason: "too many writers of one resource".into(), retry_after: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_lets_one_through_at_a_time_and_is_forgotten() {
        let queues = Queues::default();
        let mut first = Attempts::new(&queues, ModelIndex(0), "a", Duration::from_secs(5));
        first.again().await.expect("free");
        first.again().await.expect("the place is kept");
        let mut second = Attempts::new(&queues, ModelIndex(0), "a", Duration::from_millis(20));
        assert!(matches!(second.again().await, Err(Error::Unavailable { .. })));
        drop(first);
        let mut third = Attempts::new(&queues, ModelIndex(0), "a", Duration::from_secs(5));
        third.again().await.expect("free again");
        drop((second, third));
        assert!(queues.waiting.lock().expect("not poisoned").is_empty());
    }
}
