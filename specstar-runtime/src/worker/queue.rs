//! The jobs of one queue, as far as there are hands for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::start::Inner;
use crate::error::Result;
use crate::repository::store_error;
use crate::store::{ClaimedJob, JobClaim};

/// Jobs that are begun at once, at most: the writer does nothing else meanwhile.
const BATCH: usize = 16;
/// A pause after a failure of the database.
const PAUSE: Duration = Duration::from_millis(500);

impl Inner {
    /// Begins what is due until the application ends.
    pub(super) async fn serve(self: Arc<Self>, queue: String) {
        let hands = Arc::new(Semaphore::new(self.options.concurrency_of(&queue)));
        let mut log = self.service.store().watch_log();
        while !self.is_over() {
            let first = tokio::select! {
                permit = Arc::clone(&hands).acquire_owned() => permit,
                () = self.ending() => return,
            };
            let Ok(first) = first else { return };
            // Seen before it is looked: what comes later ends the wait.
            log.borrow_and_update();
            match self.begin(&queue, &hands, first).await {
                Ok(true) => {}
                Ok(false) => self.wait(&queue, &mut log).await,
                Err(error) => {
                    tracing::warn!(queue, %error, "jobs could not be begun");
                    self.pause(PAUSE).await;
                }
            }
        }
    }

    /// Begins as many as there are hands; `false` when there are no more jobs to look at.
    async fn begin(
        self: &Arc<Self>,
        queue: &str,
        hands: &Arc<Semaphore>,
        first: OwnedSemaphorePermit,
    ) -> Result<bool> {
        let models = &self.queues[queue];
        let store = self.service.store();
        let now = self.now()?;
        let due = store.next_due(queue, models).await.map_err(store_error)?;
        if due.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let mut permits = vec![first];
        while permits.len() < BATCH
            && let Ok(permit) = Arc::clone(hands).try_acquire_owned()
        {
            permits.push(permit);
        }
        let tokens = permits.iter().map(|_| nanoid::nanoid!()).collect();
        let claim = JobClaim {
            queue: queue.to_owned(),
            models: models.clone(),
            now,
            until: self.lease_end(now),
            worker: self.name.clone(),
            tokens,
        };
        let wanted = permits.len();
        // The lease begins when it is asked for, not when the answer comes.
        let asked = std::time::Instant::now();
        let claimed = store.claim_jobs(claim).await.map_err(store_error)?;
        let more = claimed.more || claimed.jobs.len() == wanted;
        for (job, permit) in claimed.jobs.into_iter().zip(permits) {
            self.run(job, asked, permit);
        }
        Ok(more)
    }

    fn run(self: &Arc<Self>, job: ClaimedJob, asked: std::time::Instant, hand: OwnedSemaphorePermit) {
        let running = Arc::new(self.running(&job, asked + self.options.lease));
        self.add(&running);
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            inner.work(&job, &running).await;
            inner.remove(&running.token);
            drop(hand);
        });
    }

    /// Waits for the first time at which something can be due.
    async fn wait(&self, queue: &str, log: &mut watch::Receiver<i64>) {
        let due = self.service.store().next_due(queue, &self.queues[queue]).await;
        let now = self.now();
        let mut pause = self.options.poll;
        if let (Ok(Some(due)), Ok(now)) = (due, now)
            && due > now
        {
            pause = Duration::from_micros(due.0.abs_diff(now.0)).min(pause);
        }
        tokio::select! {
            changed = log.changed() => {
                if changed.is_err() {
                    self.pause(PAUSE).await;
                }
            }
            () = tokio::time::sleep(pause) => {}
            // What waits for another one of its key may go on once that is over.
            () = self.idle.notified() => {}
            () = self.ending() => {}
        }
    }

    pub(super) async fn pause(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.ending() => {}
        }
    }

    /// Waits until the application ends.
    async fn ending(&self) {
        let mut stopping = self.stopping.clone();
        // An error says that nobody holds the application any more.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}
