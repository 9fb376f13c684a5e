//! Jobs: resources that are also work to be done. What stands in their documents, and the rules by which the work
//! changes them: pure functions.
//!
//! The document of a job is what clients see and what has a history. Beside it a store keeps a row with what only the
//! work needs: when it is due, who works on it and until when. Both change in one transaction.

mod document;
mod enqueue;
mod rules;
mod schedule;
mod state;

pub(crate) use document::Part;
pub use document::{
    FIELDS, INDEXES, Job, JobData, JobPayload, JobStatus, default_payload, job_schemas, prepare_job,
    prepare_job_validated,
};
pub use enqueue::{Enqueue, NewJob};
pub(crate) use rules::after_ms;
pub use rules::{
    Failure, Next, Phase, cancelled, due_of_archive, failed, placed, released, rerun, started, succeeded,
};
pub use schedule::{Schedule, ScheduleError};
pub use state::JobState;

/// In whose name work changes a job.
pub const WORKER: &str = "worker";
