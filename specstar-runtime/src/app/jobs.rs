//! The jobs of an application.

use std::sync::Arc;

use super::App;
use crate::error::Result;
use crate::job::{Enqueue, Job, JobPayload};
use crate::repository::{Changes, Repository, Written};
use crate::store::{JobLine, JobRow};

impl App {
    /// The jobs of one type, for the program itself.
    ///
    /// ```no_run
    /// # use specstar_runtime::job::JobPayload;
    /// # async fn example<EmailJob: JobPayload>(app: &specstar_runtime::app::App, mail: EmailJob)
    /// # -> specstar_runtime::error::Result<()> {
    /// let mails = app.jobs::<EmailJob>();
    /// let id = mails.enqueue(mail).await?;
    /// println!("{}", mails.get(&id).await?.data.status);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// When the type was not registered: a mistake of the program that no request can cause.
    pub fn jobs<P: JobPayload>(&self) -> Jobs<P> {
        Jobs { repository: Repository::of(self), changes: self.clone() }
    }

    /// Writes of resources, and the jobs that they cause, that are committed together.
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(self.service()), Arc::clone(&self.state.clock))
    }
}

/// The jobs of one type: their documents, as [`Repository`] gives them, and what is done with jobs.
pub struct Jobs<P: JobPayload> {
    repository: Repository<Job<P>>,
    changes: App,
}

impl<P: JobPayload> Jobs<P> {
    /// Asks for a job, and gives its id; of one that there may be once, the id of the one there is.
    pub async fn enqueue(&self, job: impl Into<Enqueue<P>>) -> Result<String> {
        let mut changes = self.changes.changes();
        changes.enqueue(job)?;
        let mut committed = changes.commit().await?;
        committed.jobs.pop().ok_or_else(|| crate::error::Error::internal("a job was not made"))
    }

    /// How far the work on a job is.
    pub async fn progress(&self, resource_id: &str) -> Result<JobRow> {
        self.repository.job_row(resource_id).await
    }

    /// What a job has logged in one run, or in the last one that logged anything.
    pub async fn log(&self, resource_id: &str, run: Option<u32>) -> Result<Vec<JobLine>> {
        self.repository.job_log(resource_id, run).await
    }

    /// Has a job that is over run again.
    pub async fn rerun(&self, resource_id: &str) -> Result<Written> {
        self.repository.rerun(resource_id).await
    }

    /// Calls a job off; one that runs is asked to stop.
    pub async fn cancel(&self, resource_id: &str) -> Result<JobRow> {
        self.repository.cancel(resource_id).await
    }
}

impl<P: JobPayload> std::ops::Deref for Jobs<P> {
    type Target = Repository<Job<P>>;

    fn deref(&self) -> &Self::Target {
        &self.repository
    }
}

impl<P: JobPayload> Clone for Jobs<P> {
    fn clone(&self) -> Self {
        Self { repository: self.repository.clone(), changes: self.changes.clone() }
    }
}

impl<P: JobPayload> std::fmt::Debug for Jobs<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("of", &self.repository).finish_non_exhaustive()
    }
}
