//! What a program may set about its workers.

use std::collections::BTreeMap;
use std::time::Duration;

/// How the jobs of a process are worked on.
///
/// ```
/// use specstar_runtime::worker::WorkerOptions;
/// let options = WorkerOptions { concurrency: 2, ..WorkerOptions::default() }.queue("mail", 16);
/// ```
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// How many jobs of a queue run at once, where [`queue`](Self::queue) says nothing (4). 0 for none.
    pub concurrency: usize,
    /// The same by queue.
    pub queues: BTreeMap<String, usize>,
    /// For how long nobody else begins a job whose worker gives no sign of life (30 s). It has to be long beside the
    /// longest time that a commit takes, or jobs of workers that live are begun again.
    pub lease: Duration,
    /// The longest time until a job that another process made is seen (1 s).
    pub poll: Duration,
    /// How long jobs may go on when the application ends; then they are given back (20 s).
    pub drain: Duration,
    /// How long a job may go on once it was asked to stop (5 s).
    pub stop_grace: Duration,
    /// The name of the worker; without one it is made of the process.
    pub name: Option<String>,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 4,
            queues: BTreeMap::new(),
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(20),
            stop_grace: Duration::from_secs(5),
            name: None,
        }
    }
}

impl WorkerOptions {
    /// How many jobs of this queue run at once.
    #[must_use]
    pub fn queue(mut self, name: &str, concurrency: usize) -> Self {
        self.queues.insert(name.to_owned(), concurrency);
        self
    }

    pub(super) fn concurrency_of(&self, queue: &str) -> usize {
        self.queues.get(queue).copied().unwrap_or(self.concurrency)
    }

    /// How long one call of the store may take: a second one after it, [at once](Self::again), is in time still.
    pub(super) fn call_limit(&self) -> Duration {
        self.lease / 3
    }

    /// When a sign of life is given again that could not be given.
    pub(super) fn again(&self) -> Duration {
        self.lease / 20
    }

    /// How often a worker gives a sign of life: often enough that one can be missed, and that a job learns soon that
    /// it is to stop.
    pub(super) fn beat(&self, busy: bool) -> Duration {
        let usual = (self.lease / 4).max(Duration::from_millis(10));
        if busy { usual.min(Duration::from_secs(2)) } else { usual }
    }
}
