//! Threads for reads that may take long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::pool::Lease;
use super::{Shared, closed, unavailable};
use crate::store::StoreError;

/// Reads that may wait; more are refused, because they would only be answered after their time.
const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

/// A few threads and the queue they share.
#[derive(Debug)]
pub(super) struct ScanThreads {
    /// `None` once closed.
    queue: Mutex<Option<SyncSender<Job>>>,
    /// Each thread holds a sender, so that this ends when the last of them does.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
    limit: Duration,
}

impl ScanThreads {
    /// Starts them.
    pub(super) fn start(shared: &Shared) -> Result<Self, StoreError> {
        let (queue, jobs) = sync_channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let (alive, ended) = mpsc::channel(1);
        for _ in 0..shared.options.reader_threads.max(1) {
            let (jobs, alive) = (Arc::clone(&jobs), alive.clone());
            std::thread::Builder::new()
                .name("specstar-scan".into())
                .spawn(move || {
                    work(&jobs);
                    drop(alive);
                })
                .map_err(unavailable)?;
        }
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            ended: tokio::sync::Mutex::new(ended),
            limit: shared.options.statement_timeout,
        })
    }

    /// Runs a read on one of the threads, under the time limit.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lease: Lease,
        read: impl FnOnce(&Lease) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let limit = self.limit;
        // What is told of the read belongs to the request that it is for.
        let span = tracing::Span::current();
        self.submit(Box::new(move || {
            // Nobody waits any more: the caller has its own time limit.
            if !reply.is_closed() {
                let _ = reply.send(limited(&lease, limit, read));
                span.in_scope(|| lease.tell_slow());
            }
        }))?;
        answer.await.map_err(|_| closed())?
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.try_send(job).map_err(|_| StoreError::Unavailable("too many reads are waiting".into()))
    }

    /// Waits for the reads that were accepted and ends the threads.
    pub(super) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut ended = self.ended.lock().await;
        while ended.recv().await.is_some() {}
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: the threads take turns, and one that works has let go of it.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

/// A panic in what the caller gave us must not cost the thread.
fn limited<T>(
    lease: &Lease,
    limit: Duration,
    read: impl FnOnce(&Lease) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    lease.limit(Some(limit));
    let result = catch_unwind(AssertUnwindSafe(|| read(lease)));
    lease.limit(None);
    result.unwrap_or_else(|_| Err(StoreError::Internal("a read panicked".into())))
}
