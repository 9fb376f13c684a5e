//! The functions of a program that do the work.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::context::{JobContext, Shared};
use crate::descriptor::Identity;
use crate::error::Result;
use crate::job::{Enqueue, JobPayload, NewJob, Part};
use crate::json::to_canonical;

/// Why an attempt has failed. What a handler gives with `?` is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobError {
    /// It is tried again after the wait of the type, unless its attempts are used up.
    Retry(String),
    /// It is tried again after this wait, unless its attempts are used up.
    RetryAfter(Duration, String),
    /// It is not tried again.
    Fatal(String),
}

impl JobError {
    /// It is tried again after the wait of the type.
    pub fn retry(error: impl Into<String>) -> Self {
        Self::Retry(error.into())
    }

    /// It is tried again after this wait.
    pub fn retry_after(wait: Duration, error: impl Into<String>) -> Self {
        Self::RetryAfter(wait, error.into())
    }

    /// It is not tried again: nothing would be different then.
    pub fn fatal(error: impl Into<String>) -> Self {
        Self::Fatal(error.into())
    }
}

impl<E: std::error::Error> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(error.to_string())
    }
}

/// A function that does the work of one type of job: `async fn send(job: JobContext<EmailJob>) -> Result<Receipt,
/// JobError>`, registered with [`SpecStarBuilder::job`](crate::app::SpecStarBuilder::job).
///
/// It may be called again for a job that it has done before, when its process ended before that was written down.
#[diagnostic::on_unimplemented(
    message = "this is not a function that does the work of a job",
    label = "expected `async fn(JobContext<P>) -> Result<P::Artifact, JobError>`"
)]
pub trait JobHandler<P: JobPayload>: Send + Sync + 'static {
    /// Does the work.
    fn run(&self, job: JobContext<P>) -> impl Future<Output = Result<P::Artifact, JobError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<P, F, Work> JobHandler<P> for F
where
    P: JobPayload,
    F: Fn(JobContext<P>) -> Work + Send + Sync + 'static,
    Work: Future<Output = Result<P::Artifact, JobError>> + Send,
{
    fn run(&self, job: JobContext<P>) -> impl Future<Output = Result<P::Artifact, JobError>> + Send {
        self(job)
    }
}

/// What an attempt made: the artifact as JSON.
pub(super) type Made = std::result::Result<Box<RawValue>, JobError>;

type RunFn = dyn Fn(Arc<Shared>, Vec<u8>) -> BoxFuture<'static, Made> + Send + Sync;

/// A handler once its types are erased.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) of: Identity,
    pub(super) run: Arc<RunFn>,
    /// The job that the type has by itself.
    pub(super) periodic: Option<fn() -> Result<NewJob>>,
}

impl Handler {
    pub(crate) fn new<P: JobPayload>(handler: impl JobHandler<P>) -> Self {
        let handler = Arc::new(handler);
        let run = move |shared: Arc<Shared>, payload: Vec<u8>| -> BoxFuture<'static, Made> {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let Part(payload): Part<P> = serde_json::from_slice(&payload)
                    .map_err(|error| JobError::fatal(format!("the payload cannot be read: {error}")))?;
                let artifact = handler.run(JobContext { payload, shared }).await?;
                // The bytes of files are written as they are: the document stores them.
                let text = to_canonical(&Part(&artifact))
                    .map_err(|error| JobError::fatal(format!("the artifact cannot be written: {error}")))?;
                let text = String::from_utf8(text).map_err(JobError::from)?;
                RawValue::from_string(text).map_err(JobError::from)
            })
        };
        let periodic: Option<fn() -> Result<NewJob>> = P::PERIODIC.is_some().then_some(periodic::<P>);
        Self { of: P::ID, run: Arc::new(run), periodic }
    }
}

fn periodic<P: JobPayload>() -> Result<NewJob> {
    let Some(payload) = P::PERIODIC else {
        return Err(crate::error::Error::internal("the type has no job by itself"));
    };
    Enqueue::new(payload()).into_new_job()
}
