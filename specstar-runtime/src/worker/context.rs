//! What a handler knows of its job.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::handler::JobError;
use crate::access::Principal;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::job::{JobPayload, WORKER};
use crate::repository::{Changes, Repository, Service};
use crate::resource::Resource;
use crate::store::JobLine;

/// The lines that are kept of one run, and their bytes.
const MOST_LINES: u32 = 10_000;
const MOST_BYTES: usize = 1 << 20;
/// The longest line, in bytes.
const LONGEST_LINE: usize = 16 << 10;

/// A job while it is worked on.
pub struct JobContext<P: JobPayload> {
    /// What is to be done.
    pub payload: P,
    pub(super) shared: Arc<Shared>,
}

/// What a handler and its worker share.
pub(crate) struct Shared {
    pub(super) service: Arc<Service>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) utc_offset: i32,
    pub(super) resource_id: String,
    /// In whose name a call is made.
    pub(super) asked: Option<String>,
    pub(super) attempt: u32,
    pub(super) max_attempts: u32,
    pub(super) run: u32,
    /// The handler is to stop.
    pub(super) stop: CancellationToken,
    /// The worker is to give a sign of life now.
    pub(super) beat: Arc<Notify>,
    pub(super) said: Mutex<Said>,
}

/// What a handler has said since the last sign of life.
#[derive(Default)]
pub(super) struct Said {
    pub(super) progress: Option<(f64, Option<String>)>,
    last: (f64, Option<String>),
    pub(super) lines: Vec<JobLine>,
    count: u32,
    bytes: usize,
}

impl Shared {
    pub(super) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self, level: &'static str, text: &str) {
        let Ok(at) = self.clock.now(None) else { return };
        let mut said = self.said();
        if said.count >= MOST_LINES || said.bytes >= MOST_BYTES {
            return;
        }
        let mut end = text.len().min(LONGEST_LINE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = text[..end].to_owned();
        (said.count, said.bytes) = (said.count + 1, said.bytes + text.len());
        if said.count == MOST_LINES || said.bytes >= MOST_BYTES {
            text.push_str(" (the log ends here: it is full)");
        }
        let seq = said.count;
        said.lines.push(JobLine { seq, at, level, text });
    }
}

impl<P: JobPayload> JobContext<P> {
    /// The id of the job.
    pub fn resource_id(&self) -> &str {
        &self.shared.resource_id
    }

    /// The number of this attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.shared.attempt
    }

    /// How often it is tried at most.
    pub fn max_attempts(&self) -> u32 {
        self.shared.max_attempts
    }

    /// Says how far the work is, from 0 to 1.
    pub fn progress(&self, done: f64) {
        let mut said = self.shared.said();
        said.last.0 = if done.is_finite() { done.clamp(0.0, 1.0) } else { 0.0 };
        said.progress = Some(said.last.clone());
    }

    /// Says in words what is being done.
    pub fn note(&self, text: impl Into<String>) {
        let mut said = self.shared.said();
        said.last.1 = Some(text.into());
        said.progress = Some(said.last.clone());
    }

    /// Adds a line to the log of the run, for those who look for a fault.
    pub fn debug(&self, text: impl AsRef<str>) {
        self.shared.log("debug", text.as_ref());
    }

    /// Adds a line to the log of the run.
    pub fn info(&self, text: impl AsRef<str>) {
        self.shared.log("info", text.as_ref());
    }

    /// Adds a line about something that may be a fault.
    pub fn warning(&self, text: impl AsRef<str>) {
        self.shared.log("warning", text.as_ref());
    }

    /// Adds a line about a fault.
    pub fn error(&self, text: impl AsRef<str>) {
        self.shared.log("error", text.as_ref());
    }

    /// Whether the work is to stop: somebody has called the job off, or its worker has lost it.
    pub fn is_cancelled(&self) -> bool {
        self.shared.stop.is_cancelled()
    }

    /// Waits until the work is to stop.
    pub async fn cancelled(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Has what was said so far written down soon, and fails when the work is to stop. Signs of life are given
    /// without it; it is a place to stop at for work that does not wait for anything.
    pub async fn heartbeat(&self) -> Result<(), JobError> {
        self.shared.beat.notify_one();
        tokio::task::yield_now().await;
        if self.is_cancelled() { Err(JobError::retry("it was asked to stop")) } else { Ok(()) }
    }

    /// The resources of a registered type, written in the name of the worker.
    pub fn repository<R: Resource>(&self) -> Result<Repository<R>> {
        let Shared { service, clock, utc_offset, .. } = &*self.shared;
        let repository = Repository::new(Arc::clone(service), Arc::clone(clock), *utc_offset);
        let repository =
            repository.ok_or_else(|| Error::internal(format!("`{}` is not registered", R::ID.path)))?;
        Ok(repository.in_the_name_of(Principal::user(WORKER)))
    }

    /// Several writes, and jobs, as one, in the name of the worker.
    pub fn changes(&self) -> Changes {
        let Shared { service, clock, .. } = &*self.shared;
        Changes::new(Arc::clone(service), Arc::clone(clock)).acting_as(WORKER)
    }
}

impl<P: JobPayload> std::fmt::Debug for JobContext<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Shared { resource_id, attempt, .. } = &*self.shared;
        f.debug_struct("JobContext")
            .field("resource_id", resource_id)
            .field("attempt", attempt)
            .finish_non_exhaustive()
    }
}
