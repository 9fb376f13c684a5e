//! What a store keeps of jobs beside their documents.

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::change::{JobLease, ModelIndex};
use crate::datetime::Timestamp;
use crate::job::Phase;
use crate::meta::Head;

/// The rows of jobs. They are made, moved and removed with the changes of the documents, in the same transaction
/// ([`Store::commit`](super::Store::commit)): a store follows what the document of a job type says, unless the change
/// brings a [`JobMove`](crate::change::JobMove). Every call is one consistent read or one atomic write.
pub trait Jobs: Send + Sync {
    /// Begins jobs that are due, at most as many as asked for and each in a document that says so: by priority, then
    /// by time, then in the order they came in. A job with a partition key is only begun when no other one of that
    /// type and key is being worked on and no earlier one is due. No two calls, of whichever processes, begin one job.
    fn claim_jobs(&self, claim: JobClaim) -> BoxFuture<'_, Result<Claimed, StoreError>>;

    /// A worker is alive: its leases are renewed, with what it says of its jobs. It is told of each whether the lease
    /// still holds.
    fn beat(&self, beat: JobBeat) -> BoxFuture<'_, Result<Vec<Held>, StoreError>>;

    /// The worker is gone.
    fn forget_worker<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Jobs whose lease is over, and those that are said to be worked on without one.
    fn expired_jobs(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<JobRow>, StoreError>>;

    /// Lets jobs go on that wait behind others of their key which are not there: a store that knows which do finds out
    /// here that it was wrong, or that a program was at work that did not tell. How many there were.
    fn free_stranded_jobs(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Asks the worker of a job to stop; `false` when nobody works on it.
    fn ask_to_stop(&self, model: ModelIndex, pk: i64) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Gives a periodic job that waits for the first instant its schedule, and the second one for its next run. Nothing
    /// when it does not wait for that any more: somebody has begun it.
    fn reschedule_job(
        &self,
        model: ModelIndex,
        pk: i64,
        schedule: Option<String>,
        run_at: (Timestamp, Timestamp),
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The row of one job.
    fn job(&self, model: ModelIndex, pk: i64) -> BoxFuture<'_, Result<Option<JobRow>, StoreError>>;

    /// The id of the job that has an idempotency key to itself.
    fn job_of_key<'a>(
        &'a self,
        model: ModelIndex,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>>;

    /// When the first of the waiting jobs of these types is due in a queue.
    fn next_due<'a>(
        &'a self,
        queue: &'a str,
        models: &'a [ModelIndex],
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// What was logged in one run of a job, or in the last run that logged anything.
    fn job_log(
        &self,
        model: ModelIndex,
        pk: i64,
        run: Option<u32>,
    ) -> BoxFuture<'_, Result<Vec<JobLine>, StoreError>>;

    /// How many jobs there are, by queue, type and phase.
    fn job_counts(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<JobCount>, StoreError>>;

    /// The jobs that are being worked on, longest first.
    fn running_jobs(&self, limit: usize) -> BoxFuture<'_, Result<Vec<JobRow>, StoreError>>;

    /// Every worker that has not said that it ends.
    fn workers(&self) -> BoxFuture<'_, Result<Vec<WorkerRow>, StoreError>>;
}

/// Who asks for jobs.
#[derive(Clone, Debug)]
pub struct JobClaim {
    /// From this queue.
    pub queue: String,
    /// Of these types: those it has handlers of.
    pub models: Vec<ModelIndex>,
    /// When.
    pub now: Timestamp,
    /// Until when a lease holds that is given at once; one that has to wait for others is given for as long. A store with
    /// a clock of its own gives it for as long by that clock.
    pub until: Timestamp,
    /// In whose name.
    pub worker: String,
    /// A token per job, so that at most so many are begun.
    pub tokens: Vec<String>,
}

/// What a claim has led to.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The jobs that were begun.
    pub jobs: Vec<ClaimedJob>,
    /// It ended before everything was looked at: the next one goes on.
    pub more: bool,
}

/// A job that was begun.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// Its type.
    pub model: ModelIndex,
    /// Its document, which says that it is being worked on.
    pub head: Head,
    /// Its row.
    pub row: JobRow,
    /// The right to work on it.
    pub lease: JobLease,
    /// In whose name a call is made, and what it expects ([`JobStart::asked`](crate::change::JobStart::asked)).
    pub asked: Option<String>,
}

/// The row of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Its type; `None` when it is not registered.
    pub model: Option<ModelIndex>,
    /// The row number of its resource.
    pub pk: i64,
    /// The id of its resource.
    pub resource_id: String,
    /// Its queue.
    pub queue: String,
    /// Where it stands.
    pub phase: Phase,
    /// The higher, the earlier.
    pub priority: i16,
    /// It does not begin before this instant.
    pub run_at: Timestamp,
    /// How often it was begun since it was asked for.
    pub attempt: u32,
    /// How often it was begun at all.
    pub runs: u32,
    /// The cron expression of its times.
    pub schedule: Option<String>,
    /// The lease under which it is worked on.
    pub lease: Option<JobLease>,
    /// Somebody has asked its worker to stop.
    pub cancel_requested: bool,
    /// How far the work is, from 0 to 1.
    pub progress: Option<f64>,
    /// What the work says of itself.
    pub note: Option<String>,
    /// When it came in.
    pub enqueued_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// When its worker last said that it is alive.
    pub heartbeat_at: Option<Timestamp>,
}

/// A sign of life of a worker.
#[derive(Clone, Debug)]
pub struct JobBeat {
    /// Who.
    pub worker: String,
    /// The queues it takes jobs from, with commas around them.
    pub queues: String,
    /// When.
    pub now: Timestamp,
    /// How long its leases hold from now on.
    pub until: Timestamp,
    /// Its jobs.
    pub jobs: Vec<JobSign>,
}

/// What a worker says of a job.
#[derive(Clone, Debug)]
pub struct JobSign {
    /// Its type.
    pub model: ModelIndex,
    /// The row number of its resource.
    pub pk: i64,
    /// The lease.
    pub token: String,
    /// The number of the run.
    pub run: u32,
    /// How far the work is, where that is new.
    pub progress: Option<(f64, Option<String>)>,
    /// What was logged since.
    pub lines: Vec<JobLine>,
}

/// Whether a lease holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes,
    /// It does, and somebody has asked to stop.
    Stop,
    /// It does not: somebody else may work on the job, or it is over.
    No,
}

/// A line of the log of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLine {
    /// Its place in the log of its run.
    pub seq: u32,
    /// When.
    pub at: Timestamp,
    /// How important.
    pub level: &'static str,
    /// The text.
    pub text: String,
}

/// How many jobs stand somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCount {
    /// The queue.
    pub queue: String,
    /// The type; `None` when it is not registered.
    pub model: Option<ModelIndex>,
    /// The phase.
    pub phase: Phase,
    /// How many.
    pub count: u64,
    /// Of those that could begin now.
    pub due: u64,
    /// Since when the first of these waits.
    pub oldest_due: Option<Timestamp>,
}

/// A worker that is alive, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRow {
    /// Its name.
    pub worker: String,
    /// The queues it takes jobs from.
    pub queues: Vec<String>,
    /// When it last said that it is alive.
    pub seen_at: Timestamp,
    /// Until when it is to be taken for alive.
    pub until: Timestamp,
}

/// What the adapters have in common.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) mod shared {
    use std::time::Instant;

    use super::StoreError;
    use crate::change::{HeadUpdate, JobMove, ModelIndex};
    use crate::datetime::Timestamp;
    use crate::descriptor::ResourceDescriptor;
    use crate::job::{JobState, JobStatus, Next, Phase};
    use crate::json::fitting_index_row;
    use crate::meta::{DataHash, Head, Stamp};
    use crate::timeline::{Context, Payload, rework};

    /// Keys whose jobs one claim marks, at most: the writer, or those that it holds, wait for it.
    pub(in crate::store) const MARKED_KEYS: usize = 64;

    /// Of so many runs of a job the lines are kept.
    pub(in crate::store) const KEPT_RUNS: u32 = 20;

    /// A worker that was not seen for a day, in microseconds, has ended without a word.
    pub(in crate::store) const FORGET_WORKERS: i64 = 86_400_000_000;

    /// Whether a job stands already where its document says: it waits after as many attempts, or is over.
    pub(in crate::store) fn stays(phase: &str, attempt: u32, state: &JobState, next: Next) -> bool {
        let waiting =
            matches!(Phase::parse(phase), Some(Phase::Pending | Phase::Scheduled | Phase::Retrying));
        let same =
            attempt == next.attempt || (attempt == next.attempt + 1 && phase == Phase::Retrying.as_str());
        let over = next.phase.is_terminal() && phase == next.phase.as_str();
        over || (waiting && state.status == JobStatus::Pending && same)
    }

    /// The document of a job that was checked when it was written.
    pub(in crate::store) fn read(data: &[u8]) -> Result<JobState, StoreError> {
        JobState::read(data).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// The change that writes into a document, in place, where its job stands.
    pub(in crate::store) fn reworked(
        (model, descriptor): (ModelIndex, &ResourceDescriptor),
        head: &Head,
        state: &JobState,
        job: JobMove,
        worker: &str,
        now: Timestamp,
    ) -> Result<HeadUpdate, StoreError> {
        let unreadable = |error: crate::json::DecodeError| StoreError::Corrupt(error.to_string());
        let data = state.write().map_err(unreadable)?;
        // A payload of another program is begun as well: its handler says what is wrong with it.
        let before = fitting_index_row(descriptor, &head.revision.data);
        let payload = Payload {
            hash: DataHash::of(&data),
            index: fitting_index_row(descriptor, &data),
            blobs: Vec::new(),
            schema_version: descriptor.schema_version,
            data,
        };
        let by = Stamp { time: now, by: worker.to_owned() };
        Ok(rework(model, head, before, payload, job, &Context { now, user: by.by }))
    }

    /// A lease begins when it is given, not when it was asked for: a writer that waits for others must not use it up. Who
    /// has it counts from when they asked, and so never takes it for longer than it is.
    pub(in crate::store) fn later(until: Timestamp, asked: Instant) -> Timestamp {
        Timestamp(until.0.saturating_add(i64::try_from(asked.elapsed().as_micros()).unwrap_or(i64::MAX)))
    }

    /// The words of the log that this program writes.
    pub(in crate::store) fn level_of(text: &str) -> &'static str {
        ["debug", "info", "warning", "error"].into_iter().find(|level| *level == text).unwrap_or("info")
    }

    /// A phase that an older or newer program wrote.
    pub(in crate::store) fn unknown_phase() -> StoreError {
        StoreError::Corrupt("a job stands in a phase that this program does not know".into())
    }
}
