//! What work does to a job: from a document to the next one, and where the job stands then.

use super::{JobState, JobStatus};
use crate::datetime::{DateTime, Timestamp};
use crate::descriptor::JobDescriptor;

/// Where a job stands, in more detail than its document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It waits for a worker.
    Pending,
    /// It waits for its time.
    Scheduled,
    /// A worker is at it.
    Running,
    /// It has failed and waits for its next attempt.
    Retrying,
    /// It is done.
    Done,
    /// It has failed for good: a dead letter, until somebody asks for another run.
    Failed,
    /// Somebody has called it off.
    Cancelled,
}

impl Phase {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Scheduled,
        Self::Running,
        Self::Retrying,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The phase of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// Whether it stays so unless somebody asks for another run.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// Where a job stands after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The phase.
    pub phase: Phase,
    /// It does not begin before this instant.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempt: u32,
}

impl Next {
    const fn at(phase: Phase, run_at: Timestamp, attempt: u32) -> Self {
        Self { phase, run_at, attempt }
    }

    /// The same of one that waits and was begun so often, where that is known better than from its document.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn begun(self, attempt: Option<u32>) -> Self {
        match (self.phase, attempt) {
            (Phase::Pending | Phase::Scheduled | Phase::Retrying, Some(attempt @ 1..)) => {
                Self { phase: Phase::Retrying, attempt, ..self }
            }
            _ => self,
        }
    }
}

const SECOND: i64 = 1_000_000;

/// An instant so many seconds later.
fn after(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(now.0.saturating_add(seconds.saturating_mul(SECOND)))
}

/// An instant so many milliseconds later.
pub(crate) fn after_ms(now: Timestamp, millis: u64) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000)))
}

/// How often a job was begun, going by its document.
fn attempts(job: &JobState) -> u32 {
    u32::try_from(job.retries).unwrap_or(u32::MAX)
}

/// Where a job stands whose document is new, or was written by somebody else than its worker. Who writes `processing`
/// has no lease, so that a worker takes it over as one whose lease is over.
pub fn placed(job: &JobState, now: Timestamp, run_at: Option<Timestamp>) -> Next {
    let begun = attempts(job);
    match job.status {
        JobStatus::Pending => {
            let delay = job.periodic_initial_delay_seconds.filter(|_| job.periodic_runs == 0 && begun == 0);
            let due = run_at.unwrap_or_else(|| after(now, delay.unwrap_or(0)));
            let phase = match (due > now, begun > 0) {
                (_, true) => Phase::Retrying,
                (true, false) => Phase::Scheduled,
                (false, false) => Phase::Pending,
            };
            Next::at(phase, due, begun)
        }
        JobStatus::Processing => Next::at(Phase::Running, now, begun + 1),
        JobStatus::Completed => Next::at(Phase::Done, now, begun + 1),
        JobStatus::Failed => Next::at(Phase::Failed, now, begun + 1),
        JobStatus::Cancelled => Next::at(Phase::Cancelled, now, begun),
    }
}

/// When a waiting job is due that comes out of an archive, going by its document and by when that was made and last
/// changed; `None` for at once.
pub fn due_of_archive(job: &JobState, created: Timestamp, updated: Timestamp) -> Option<Timestamp> {
    if job.status != JobStatus::Pending || job.retries > 0 {
        return None;
    }
    if job.periodic_runs > 0 {
        return job.periodic_interval_seconds.map(|seconds| after(updated, seconds));
    }
    job.periodic_initial_delay_seconds.map(|seconds| after(created, seconds))
}

/// A worker begins it.
pub fn started(job: &mut JobState, attempt: u32, now: Timestamp) {
    job.status = JobStatus::Processing;
    job.retries = i64::from(attempt.saturating_sub(1));
    job.last_heartbeat_at = DateTime::parse(&now.to_string());
}

/// It has run. With a time for the next run it waits for that, unless it has run as often as it should.
pub fn succeeded(
    job: &mut JobState,
    artifact: Option<Box<serde_json::value::RawValue>>,
    attempt: u32,
    cron: Option<Timestamp>,
    now: Timestamp,
) -> Next {
    job.errmsg = None;
    job.artifact = artifact;
    ran(job, cron, now).unwrap_or_else(|| {
        job.status = JobStatus::Completed;
        Next::at(Phase::Done, now, attempt)
    })
}

/// Counts a run of a periodic job; where it stands when it runs again.
fn ran(job: &mut JobState, cron: Option<Timestamp>, now: Timestamp) -> Option<Next> {
    let again = cron.or_else(|| job.periodic_interval_seconds.map(|seconds| after(now, seconds)))?;
    job.periodic_runs += 1;
    if job.periodic_max_runs.is_some_and(|most| job.periodic_runs >= most) {
        return None;
    }
    job.status = JobStatus::Pending;
    job.retries = 0;
    Some(Next::at(Phase::Scheduled, again, 0))
}

/// How an attempt has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is tried again after the usual wait.
    Retry,
    /// It is tried again after so many milliseconds, and this one counts.
    RetryAfter(u64),
    /// It is not tried again.
    Fatal,
}

/// An attempt has failed. `share` is a random number for the wait.
///
/// A periodic job whose attempts are used up goes on with its next run: one bad night is no reason to never run
/// again. One that fails for good ends.
pub fn failed(
    job: &mut JobState,
    kind: &JobDescriptor,
    error: &str,
    failure: Failure,
    attempt: u32,
    (cron, share): (Option<Timestamp>, u16),
    now: Timestamp,
) -> Next {
    job.errmsg = Some(error.to_owned());
    let wait = match failure {
        Failure::Fatal => None,
        _ if attempt >= job.max_attempts(kind.max_attempts) => None,
        Failure::Retry => Some(kind.backoff.wait_ms(attempt, share)),
        Failure::RetryAfter(millis) => Some(millis),
    };
    if let Some(wait) = wait {
        job.status = JobStatus::Pending;
        return Next::at(Phase::Retrying, after_ms(now, wait), attempt);
    }
    let again = if failure == Failure::Fatal { None } else { ran(job, cron, now) };
    again.unwrap_or_else(|| {
        job.status = JobStatus::Failed;
        Next::at(Phase::Failed, now, attempt)
    })
}

/// A worker gives it back unfinished, because it ends: the attempt does not count.
pub fn released(job: &mut JobState, attempt: u32, now: Timestamp) -> Next {
    let attempt = attempt.saturating_sub(1);
    job.status = JobStatus::Pending;
    job.retries = i64::from(attempt.saturating_sub(1));
    Next::at(if attempt == 0 { Phase::Pending } else { Phase::Retrying }, now, attempt)
}

/// Somebody has called it off.
pub fn cancelled(job: &mut JobState, attempt: u32, now: Timestamp) -> Next {
    job.status = JobStatus::Cancelled;
    Next::at(Phase::Cancelled, now, attempt)
}

/// Somebody asks for another run; an error when it is not over.
pub fn rerun(job: &mut JobState, now: Timestamp) -> Result<Next, JobStatus> {
    if !job.status.is_terminal() {
        return Err(job.status);
    }
    job.status = JobStatus::Pending;
    job.errmsg = None;
    job.artifact = None;
    job.retries = 0;
    Ok(Next::at(Phase::Pending, now, 0))
}

#[cfg(test)]
mod tests;
