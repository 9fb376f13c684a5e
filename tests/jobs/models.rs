//! What the suite works on.

use std::time::Duration;

use specstar::app::SpecStarBuilder;
use specstar::job::{Job, JobStatus};
use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::worker::{JobContext, JobError, WorkerOptions};

use crate::common::{TestApp, eventually};

/// An order, which causes a mail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Order {
    #[unique]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) note: String,
}

/// A mail that is to be sent; what is to happen with it stands in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(artifact = Receipt, queue = "mail", max_attempts = 3, backoff = "10ms..40ms", timeout = "12s")]
pub(crate) struct EmailJob {
    #[indexed]
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) what: What,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    #[default]
    Send,
    /// Fails so many times.
    Fail(u32),
    Fatal,
    Panic,
    /// Waits for a stop.
    Wait,
    /// Never ends.
    Hang,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Receipt {
    pub(crate) to: String,
    pub(crate) attempt: u32,
}

/// Runs by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Resource)]
#[job(every = "1s")]
pub(crate) struct Sweep {
    #[serde(default)]
    pub(crate) deep: bool,
}

pub(crate) fn resources() -> Registry {
    resources![Order, EmailJob, Sweep]
}

/// Does what a mail says.
pub(crate) async fn send(job: JobContext<EmailJob>) -> Result<Receipt, JobError> {
    job.info(format!("attempt {}", job.attempt()));
    match &job.payload.what {
        What::Fail(times) if job.attempt() <= *times => return Err(JobError::retry("the server is busy")),
        What::Send | What::Fail(_) => {}
        What::Fatal => return Err(JobError::fatal("there is no such address")),
        What::Panic => panic!("at the disco"),
        What::Wait => {
            job.progress(0.5);
            job.note("waiting");
            job.cancelled().await;
            return Err(JobError::retry("stopped"));
        }
        What::Hang => std::future::pending().await,
    }
    Ok(Receipt { to: job.payload.to.clone(), attempt: job.attempt() })
}

/// Settings under which little takes long. The lease is long beside what a commit takes on a busy machine: a job whose
/// signs of life come too late is begun again.
pub(crate) fn quick() -> WorkerOptions {
    WorkerOptions {
        lease: Duration::from_secs(6),
        poll: Duration::from_millis(50),
        drain: Duration::from_millis(300),
        stop_grace: Duration::from_millis(200),
        ..WorkerOptions::default()
    }
}

pub(crate) fn working(builder: SpecStarBuilder) -> SpecStarBuilder {
    builder.job(send).workers(quick())
}

pub(crate) fn mail(to: &str, what: What) -> EmailJob {
    EmailJob { to: to.to_owned(), what }
}

/// The document of a job.
pub(crate) async fn document(app: &TestApp, id: &str) -> Job<EmailJob> {
    app.app().jobs::<EmailJob>().get(id).await.expect("a job").data
}

/// Waits until a job says so.
pub(crate) async fn reaches(app: &TestApp, id: &str, status: JobStatus) -> Job<EmailJob> {
    eventually(&format!("{id} is {status}"), || async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        document(app, id).await.status == status
    })
    .await;
    document(app, id).await
}
