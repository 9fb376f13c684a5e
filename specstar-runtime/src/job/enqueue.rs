//! Jobs that a program asks for.

use std::time::Duration;

use super::{Job, JobPayload, Schedule};
use crate::change::JobStart;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::resource::payload::Payload;

/// A job, and what is asked of it. A bare payload is one too.
///
/// ```
/// # use std::time::Duration;
/// # use specstar_runtime::job::{Enqueue, JobPayload};
/// # fn example<EmailJob: JobPayload>(mail: EmailJob) {
/// let job = Enqueue::new(mail).delay(Duration::from_secs(60)).partition("ann").once("welcome-ann");
/// # }
/// ```
#[must_use = "it is only described: give it to `enqueue`"]
pub struct Enqueue<P: JobPayload> {
    job: Job<P>,
    start: JobStart,
    delay: Option<Duration>,
}

impl<P: JobPayload> Enqueue<P> {
    /// A job that begins as soon as a worker is free.
    pub const fn new(payload: P) -> Self {
        Self {
            job: Job::new(payload),
            start: JobStart {
                run_at: None,
                priority: None,
                schedule: None,
                once: false,
                attempt: None,
                asked: None,
            },
            delay: None,
        }
    }

    /// It does not begin before so much time has passed.
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// It does not begin before this instant.
    pub const fn at(mut self, instant: Timestamp) -> Self {
        self.start.run_at = Some(instant);
        self
    }

    /// Those of a higher number begin first.
    pub const fn priority(mut self, priority: i16) -> Self {
        self.start.priority = Some(priority);
        self
    }

    /// Jobs of one key run one after the other, in the order they came in. One that waits for its next attempt keeps
    /// those behind it waiting; one that has failed for good does not.
    pub fn partition(mut self, key: impl Into<String>) -> Self {
        self.job.partition_key = Some(key.into());
        self
    }

    /// There is one job of this key, whatever became of it: when there is one already, that one is meant. It is an
    /// error when its payload is another one.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.job.idempotency_key = Some(key.into());
        self.start.once = true;
        self
    }

    /// How often it is begun at most.
    pub fn max_attempts(mut self, most: u32) -> Self {
        self.job.max_retries = Some(i64::from(most.saturating_sub(1)));
        self
    }

    /// It runs again so long after it has run, in whole seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        let seconds = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX);
        self.job.periodic_interval_seconds = Some(seconds.max(1));
        self
    }

    /// It runs so often at most, when it runs again.
    pub fn max_runs(mut self, most: u32) -> Self {
        self.job.periodic_max_runs = Some(i64::from(most.max(1)));
        self
    }

    /// It runs at the times of a cron expression, in UTC: five fields, or six with seconds first.
    pub fn cron(mut self, expression: impl Into<String>) -> Self {
        self.start.schedule = Some(expression.into());
        self
    }

    /// Without its type; fails on an expression that is none, and on a payload that cannot be written as JSON.
    pub fn into_new_job(self) -> Result<NewJob> {
        if let Some(expression) = &self.start.schedule {
            Schedule::parse(expression).map_err(|error| Error::BadRequest(error.to_string()))?;
        }
        let body = self.job.encode()?;
        let Self { job, start, delay } = self;
        Ok(NewJob {
            type_hash: P::ID.path_hash,
            body,
            key: job.idempotency_key,
            start,
            delay,
            resource_id: None,
        })
    }
}

impl<P: JobPayload> From<P> for Enqueue<P> {
    fn from(payload: P) -> Self {
        Self::new(payload)
    }
}

impl NewJob {
    /// A call, and who has asked for it.
    pub(crate) fn call(type_hash: u64, body: Vec<u8>, asked: String) -> Self {
        let start = JobStart { asked: Some(asked), ..JobStart::default() };
        Self { type_hash, body, key: None, start, delay: None, resource_id: None }
    }
}

/// A job that is to be made, without its type.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The [`path_hash`](crate::descriptor::Identity::path_hash) of its type.
    pub(crate) type_hash: u64,
    /// Its document.
    pub(crate) body: Vec<u8>,
    /// Its idempotency key.
    pub(crate) key: Option<String>,
    pub(crate) start: JobStart,
    pub(crate) delay: Option<Duration>,
    /// A chosen id.
    pub(crate) resource_id: Option<String>,
}
