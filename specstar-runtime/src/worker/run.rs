//! One run of one job.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::context::{Said, Shared};
use super::handler::{JobError, Made};
use super::start::{Inner, Running, next_run};
use crate::change::JobGuard;
use crate::error::{Error, Result};
use crate::job::{Failure, JobState, Next, cancelled, failed, released, succeeded};
use crate::store::ClaimedJob;

/// Between attempts to write an outcome while the database is away.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a handler that was aborted may still run before that is a fault.
const ABORTED: Duration = Duration::from_secs(5);

/// How a run has ended.
enum Outcome {
    Made(Made),
    /// It was given up: nothing is ours to write.
    Lost,
    Cancelled,
    /// The application ends.
    GivenBack,
}

impl Inner {
    pub(super) fn running(&self, job: &ClaimedJob, until: Instant) -> Running {
        let model = self.service.model_at(job.model);
        let usual = model.descriptor().job.map_or(1, |kind| kind.max_attempts);
        let state = JobState::read(&job.head.revision.data);
        let shared = Shared {
            service: Arc::clone(&self.service),
            clock: Arc::clone(&self.clock),
            utc_offset: self.utc_offset,
            resource_id: job.head.resource_id.clone(),
            asked: job.asked.clone(),
            attempt: job.row.attempt,
            max_attempts: state.map_or(usual, |state| state.max_attempts(usual)),
            run: job.row.runs,
            stop: CancellationToken::new(),
            beat: Arc::clone(&self.beat),
            said: Mutex::new(Said::default()),
        };
        Running {
            model: job.model,
            pk: job.row.pk,
            token: job.lease.token.clone(),
            shared: Arc::new(shared),
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
            until: Mutex::new(until),
        }
    }

    /// Calls the handler and writes down what came of it.
    pub(super) async fn work(&self, job: &ClaimedJob, running: &Arc<Running>) {
        let outcome = match self.call(job, running) {
            Ok(task) => self.watch(job, running, task).await,
            Err(error) => Outcome::Made(Err(JobError::fatal(error.to_string()))),
        };
        if let Outcome::Made(Err(error)) = &outcome {
            running.shared.log("error", text(error));
        }
        if !running.shared.said().is_silent() {
            // Should it fail, the next sign of life says it.
            let _ = self.tell(std::slice::from_ref(running)).await;
        }
        self.write(job, running, outcome).await;
    }

    fn call(&self, job: &ClaimedJob, running: &Arc<Running>) -> Result<JoinHandle<Made>> {
        let handler = self.handlers.get(&job.model);
        let handler = handler.ok_or_else(|| Error::internal("a job without a handler was begun"))?;
        let payload = JobState::read(&job.head.revision.data)?.payload.get().as_bytes().to_vec();
        let (run, shared) = (Arc::clone(&handler.run), Arc::clone(&running.shared));
        // Inside of the task, so that a panic before there is a future is caught as well.
        Ok(tokio::spawn(async move { run(shared, payload).await }))
    }

    /// Waits for a handler, or for a reason not to wait any more.
    async fn watch(&self, job: &ClaimedJob, running: &Running, mut task: JoinHandle<Made>) -> Outcome {
        let kind = self.service.model_at(job.model).descriptor().job;
        let timeout = kind.and_then(|kind| kind.timeout_ms).map(Duration::from_millis);
        let late = async {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let stopped = async {
            running.cancel.cancelled().await;
            tokio::time::sleep(self.options.stop_grace).await;
        };
        let outcome = tokio::select! {
            // What is done is done, also when its lease has ended: whether it is still held is asked at the commit.
            biased;
            made = &mut task => {
                let made = made.unwrap_or_else(|error| Err(ended_badly(error)));
                return match made {
                    Err(_) if running.cancel.is_cancelled() => Outcome::Cancelled,
                    made => Outcome::Made(made),
                };
            }
            () = late => {
                let limit = timeout.unwrap_or_default();
                Outcome::Made(Err(JobError::retry(format!("it took longer than {limit:?}"))))
            }
            () = stopped => Outcome::Cancelled,
            () = running.lost.cancelled() => Outcome::Lost,
            () = running.out_of_time() => {
                running.lose();
                Outcome::Lost
            }
            () = self.give_back.cancelled() => Outcome::GivenBack,
        };
        running.shared.stop.cancel();
        task.abort();
        let ended = if let Ok(ended) = tokio::time::timeout(ABORTED, &mut task).await {
            ended
        } else {
            // Its lease is kept until it returns: nobody else may begin what still runs.
            let resource_id = &job.head.resource_id;
            tracing::error!(resource_id, "a handler does not end: it never waits for anything");
            task.await
        };
        match ended {
            // It was done at the same moment.
            Ok(made @ Ok(_)) if !matches!(outcome, Outcome::Lost) => Outcome::Made(made),
            _ => outcome,
        }
    }

    /// Writes down what came of a run, for as long as the lease holds.
    async fn write(&self, job: &ClaimedJob, running: &Running, mut outcome: Outcome) {
        let model = self.service.model_at(job.model);
        let resource_id = &*job.head.resource_id;
        loop {
            let done = self.try_write(job, &outcome).await;
            match done {
                Ok(true) => {
                    tracing::debug!(model = model.name(), resource_id, "a run of a job is over");
                    return;
                }
                Ok(false) => {
                    tracing::warn!(
                        model = model.name(),
                        resource_id,
                        "a job was lost while it was worked on"
                    );
                    return;
                }
                Err(Error::Unavailable { .. }) if !running.lost.is_cancelled() => {
                    tokio::time::sleep(PAUSE).await;
                }
                // It would be the same after another run.
                Err(error) if is_of_outcome(&error) && matches!(outcome, Outcome::Made(Ok(_))) => {
                    let reason = format!("what the job made cannot be stored: {error}");
                    running.shared.log("error", &reason);
                    outcome = Outcome::Made(Err(JobError::fatal(reason)));
                }
                Err(error) => {
                    tracing::error!(model = model.name(), resource_id, %error, "a run could not be written down");
                    if is_of_outcome(&error) {
                        self.set_aside(job).await;
                    }
                    return;
                }
            }
        }
    }

    /// A job whose document nobody can write any more is over all the same.
    async fn set_aside(&self, job: &ClaimedJob) {
        let (model, resource_id) = (self.service.model_at(job.model), &*job.head.resource_id);
        let guard = JobGuard::Held(job.lease.token.clone());
        let Ok(caller) = self.caller() else { return };
        if let Err(error) = self.service.set_aside(model, resource_id, &guard, job.row.attempt, &caller).await
        {
            tracing::error!(model = model.name(), resource_id, %error, "a job could not be set aside");
        }
    }

    async fn try_write(&self, job: &ClaimedJob, outcome: &Outcome) -> Result<bool> {
        if matches!(outcome, Outcome::Lost) {
            return Ok(false);
        }
        let model = self.service.model_at(job.model);
        let caller = self.caller()?;
        let now = caller.now();
        let next = next_run(model, &job.row, now);
        let share = random()?;
        let kind = model.descriptor().job.ok_or_else(|| Error::internal("a job of a type that is none"))?;
        let attempt = job.row.attempt;
        let change = |state: &mut JobState| -> Result<Next> {
            Ok(match outcome {
                Outcome::Made(Ok(artifact)) => succeeded(state, Some(artifact.clone()), attempt, next, now),
                Outcome::Made(Err(error)) => {
                    failed(state, kind, text(error), failure(error), attempt, (next, share), now)
                }
                Outcome::Cancelled => cancelled(state, attempt, now),
                Outcome::GivenBack | Outcome::Lost => released(state, attempt, now),
            })
        };
        let guard = JobGuard::Held(job.lease.token.clone());
        self.service.work(model, &job.head.resource_id, &guard, change, &caller).await
    }
}

/// Whether an error is about what was to be written, and not about the database.
fn is_of_outcome(error: &Error) -> bool {
    error.kind().row().status < 500
}

fn ended_badly(error: JoinError) -> JobError {
    let Ok(panic) = error.try_into_panic() else { return JobError::retry("it was aborted") };
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::retry(format!("it panicked: {}", said.unwrap_or("without a word")))
}

fn text(error: &JobError) -> &str {
    match error {
        JobError::Retry(text) | JobError::RetryAfter(_, text) | JobError::Fatal(text) => text,
    }
}

fn failure(error: &JobError) -> Failure {
    match error {
        JobError::Retry(_) => Failure::Retry,
        JobError::RetryAfter(wait, _) => {
            Failure::RetryAfter(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
        }
        JobError::Fatal(_) => Failure::Fatal,
    }
}

fn random() -> Result<u16> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(u16::from_ne_bytes(bytes))
}
