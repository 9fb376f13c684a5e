//! Who does the work of jobs.

use super::SpecStarBuilder;
use crate::action::ActionRuns;
use crate::job::{JobPayload, Schedule};
use crate::worker::{Handler, JobHandler, WorkerOptions};

/// The handlers of an application, and how its workers work.
#[derive(Default)]
pub(super) struct JobSettings {
    pub(super) handlers: Vec<Handler>,
    pub(super) options: WorkerOptions,
    /// This process works.
    pub(super) idle: bool,
}

impl SpecStarBuilder {
    /// The function that does the work of one type of job. This process then works on them, as
    /// [`workers`](Self::workers) says.
    ///
    /// ```
    /// # use specstar_runtime::app::SpecStar;
    /// # use specstar_runtime::job::JobPayload;
    /// # use specstar_runtime::worker::{JobContext, JobError};
    /// # fn example<EmailJob: JobPayload<Artifact = ()>>() {
    /// async fn send<EmailJob: JobPayload>(job: JobContext<EmailJob>) -> Result<(), JobError> {
    ///     job.info("sent");
    ///     Ok(())
    /// }
    /// let builder = SpecStar::builder().job(send::<EmailJob>);
    /// # }
    /// ```
    pub fn job<P: JobPayload>(mut self, handler: impl JobHandler<P>) -> Self {
        let handler = Handler::new(handler);
        if self.jobs.handlers.iter().any(|other| other.of.path_hash == handler.of.path_hash) {
            self.problems.push(format!("two handlers do the work of `{}`", handler.of.path));
        }
        self.jobs.handlers.push(handler);
        self
    }

    /// How this process works on jobs.
    pub fn workers(mut self, options: WorkerOptions) -> Self {
        self.jobs.options = options;
        self
    }

    /// This process makes jobs and works on none: another one does.
    pub fn without_workers(mut self) -> Self {
        self.jobs.idle = true;
        self
    }

    /// The jobs of actions are resources, and their work is that of the actions.
    pub(super) fn register_async_actions(&mut self) {
        for action in &self.actions {
            if let ActionRuns::AsJob(entry) = action.runs {
                self.entries.push(entry);
                self.jobs.handlers.extend(Handler::of_action(*action));
            }
        }
    }

    pub(super) fn check_jobs(&mut self) {
        for descriptor in self.entries.iter().map(|entry| entry.descriptor) {
            if let Some(cron) = descriptor.job.and_then(|job| job.cron)
                && let Err(error) = Schedule::parse(cron)
            {
                self.problems.push(format!("`{}`: {error}", descriptor.id.name));
            }
        }
        for handler in &self.jobs.handlers {
            if !self.entries.iter().any(|entry| entry.descriptor.id.path_hash == handler.of.path_hash) {
                self.problems
                    .push(format!("there is a handler of `{}`, which is not registered", handler.of.path));
            }
        }
        if self.jobs.options.lease < std::time::Duration::from_millis(100) {
            self.problems.push("a lease of jobs is at least 100 ms".to_owned());
        }
    }
}
