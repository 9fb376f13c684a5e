//! What a change does to the row beside the document of a job.

use crate::datetime::Timestamp;
use crate::job::Next;

/// What is asked of a new job besides what its document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStart {
    /// It does not begin before this instant.
    pub run_at: Option<Timestamp>,
    /// Those of a higher number are begun first; `None` for what the type says.
    pub priority: Option<i16>,
    /// The cron expression of its times.
    pub schedule: Option<String>,
    /// There may be one job of the idempotency key of its document.
    pub once: bool,
    /// In whose name the call is made that the job stands for, and what it expects, as its worker reads it. It is kept
    /// beside the document, where no write of content gets to it.
    pub asked: Option<String>,
}

/// Where a job goes with a change of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMove {
    /// The lease that must still hold; `None` when anybody may do it.
    pub token: Option<String>,
    /// Where it goes.
    pub to: Next,
    /// Who works on it then.
    pub lease: Option<JobLease>,
}

/// The right to work on a job for a while. Nobody else begins it until then, and what its holder makes of it is only
/// written while it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLease {
    /// Made for this lease, so that an older one is never taken for it.
    pub token: String,
    /// When it ends unless it is renewed.
    pub until: Timestamp,
    /// Who has it.
    pub worker: String,
}
