//! The workers of a process, from their start to their end.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::context::Shared;
use super::handler::Handler;
use super::options::WorkerOptions;
use crate::access::Principal;
use crate::change::ModelIndex;
use crate::clock::Clock;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::job::{JobState, Phase, Schedule, WORKER, after_ms};
use crate::repository::{Caller, Changes, Model, Service, store_error};
use crate::store::JobRow;

/// Ends with the id of the job that a type has by itself.
const PERIODIC: &str = "periodic";

/// The workers of a process.
pub(crate) struct Workers {
    inner: Arc<Inner>,
    queues: Vec<JoinHandle<()>>,
    pulse: JoinHandle<()>,
    others: JoinHandle<()>,
}

/// What all their tasks share.
pub(super) struct Inner {
    pub(super) service: Arc<Service>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) utc_offset: i32,
    pub(super) options: WorkerOptions,
    pub(super) name: String,
    pub(super) handlers: HashMap<ModelIndex, Handler>,
    /// The queues, with the types whose jobs they hold.
    pub(super) queues: BTreeMap<String, Vec<ModelIndex>>,
    /// By the token of the lease.
    pub(super) running: Mutex<HashMap<String, Arc<Running>>>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) beat: Arc<Notify>,
    /// Told when a job is over.
    pub(super) idle: Notify,
    /// The time for jobs to end is over.
    pub(super) give_back: CancellationToken,
    /// There are no jobs any more.
    pub(super) over: CancellationToken,
}

/// A job that is being worked on.
pub(super) struct Running {
    pub(super) model: ModelIndex,
    pub(super) pk: i64,
    pub(super) token: String,
    pub(super) shared: Arc<Shared>,
    /// Somebody has asked to stop it.
    pub(super) cancel: CancellationToken,
    /// The lease is over: whatever comes of it is not ours to write.
    pub(super) lost: CancellationToken,
    /// Until when the lease holds at least, by the clock of this process.
    pub(super) until: Mutex<Instant>,
}

impl Workers {
    /// Begins to work, once the jobs that types have by themselves are there.
    pub(crate) async fn start(
        service: Arc<Service>,
        (clock, utc_offset): (Arc<dyn Clock>, i32),
        handlers: Vec<Handler>,
        options: WorkerOptions,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self> {
        let mut by_model = HashMap::new();
        let mut queues: BTreeMap<String, Vec<ModelIndex>> = BTreeMap::new();
        for handler in handlers {
            let model = model_of(&service, &handler)?;
            if let Some(kind) = model.descriptor().job {
                queues.entry(kind.queue.to_owned()).or_default().push(model.index);
            }
            by_model.insert(model.index, handler);
        }
        queues.retain(|queue, _| options.concurrency_of(queue) > 0);
        let inner = Arc::new(Inner {
            name: options.name.clone().unwrap_or_else(made_name),
            service,
            clock,
            utc_offset,
            options,
            handlers: by_model,
            queues,
            running: Mutex::default(),
            stopping,
            beat: Arc::new(Notify::new()),
            idle: Notify::new(),
            give_back: CancellationToken::new(),
            over: CancellationToken::new(),
        });
        inner.make_periodic().await?;
        let names: Vec<String> = inner.queues.keys().cloned().collect();
        let queues = names.into_iter().map(|queue| tokio::spawn(Arc::clone(&inner).serve(queue)));
        let queues = queues.collect();
        let pulse = tokio::spawn(Arc::clone(&inner).pulse());
        let others = tokio::spawn(Arc::clone(&inner).look_after());
        Ok(Self { inner, queues, pulse, others })
    }

    /// Begins nothing any more, waits for what runs, and gives back what does not end in time. The application must
    /// have said that it ends.
    pub(crate) async fn end(self) {
        for queue in self.queues {
            if let Err(error) = queue.await {
                tracing::error!(%error, "the worker of a queue ended badly");
            }
        }
        if tokio::time::timeout(self.inner.options.drain, self.inner.wait_idle()).await.is_err() {
            tracing::warn!("jobs take longer than the application waits for them: they are given back");
            self.inner.give_back.cancel();
            let last = self.inner.options.stop_grace + Duration::from_secs(5);
            if tokio::time::timeout(last, self.inner.wait_idle()).await.is_err() {
                tracing::error!("jobs do not end: they are taken over when their leases are over");
            }
        }
        self.inner.over.cancel();
        if let Err(error) = self.others.await {
            tracing::error!(%error, "the look after lost workers ended badly");
        }
        if let Err(error) = self.pulse.await {
            tracing::error!(%error, "the signs of life ended badly");
        }
        if let Err(error) = self.inner.service.store().forget_worker(&self.inner.name).await {
            tracing::debug!(%error, "the end of a worker could not be noted");
        }
    }
}

fn model_of<'a>(service: &'a Service, handler: &Handler) -> Result<&'a Model> {
    let mut models = service.models().iter();
    models.find(|model| model.descriptor().id.path_hash == handler.of.path_hash).ok_or_else(|| {
        Error::CannotStart {
            problems: vec![format!("there is a handler of `{}`, which is not registered", handler.of.path)],
        }
    })
}

/// A name that no other process has.
fn made_name() -> String {
    format!("{}-{}", std::process::id(), nanoid::nanoid!(8))
}

impl Inner {
    pub(super) fn now(&self) -> Result<Timestamp> {
        self.clock.now(None)
    }

    pub(super) fn caller(&self) -> Result<Caller> {
        Ok(Caller::program(Principal::user(WORKER), self.now()?))
    }

    pub(super) fn lease_end(&self, now: Timestamp) -> Timestamp {
        after_ms(now, u64::try_from(self.options.lease.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn jobs(&self) -> Vec<Arc<Running>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jobs: Vec<_> = running.values().cloned().collect();
        // In one order, so that two signs of life never wait for each other.
        jobs.sort_unstable_by_key(|job| (job.model, job.pk));
        jobs
    }

    pub(super) fn add(&self, running: &Arc<Running>) {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(running.token.clone(), Arc::clone(running));
    }

    pub(super) fn remove(&self, token: &str) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        self.idle.notify_waiters();
    }

    /// Whether the application ends, or nobody holds it any more.
    pub(super) fn is_over(&self) -> bool {
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    async fn wait_idle(&self) {
        loop {
            let told = self.idle.notified();
            let mut told = std::pin::pin!(told);
            told.as_mut().enable();
            if self.jobs().is_empty() {
                return;
            }
            told.await;
        }
    }

    /// Each type that says so has one job that runs by itself, whichever process makes it.
    async fn make_periodic(&self) -> Result<()> {
        for (index, handler) in &self.handlers {
            let Some(periodic) = handler.periodic else { continue };
            let model = self.service.model_at(*index);
            let id = periodic_id(model);
            let now = self.now()?;
            let Some(next) = declared(model, now) else { continue };
            let store = self.service.store();
            let known = store.head(*index, &id).await.map_err(store_error)?;
            let Some(head) = known else {
                let mut job = periodic()?;
                (job.resource_id, job.start.run_at) = (Some(id), Some(next));
                let mut changes =
                    Changes::new(Arc::clone(&self.service), Arc::clone(&self.clock)).acting_as(WORKER);
                changes.add_job(job);
                match changes.commit().await {
                    Ok(_) | Err(Error::DuplicateResource { .. }) => continue,
                    Err(error) => return Err(error),
                }
            };
            let row = store.job(*index, head.pk).await.map_err(store_error)?;
            let waits = row.filter(|row| row.phase == Phase::Scheduled && row.run_at > now);
            // An interval goes on from where it was: a program that starts more often would never get to its end.
            let every = model.descriptor().job.is_some_and(|kind| kind.cron.is_none());
            let next = waits.as_ref().filter(|_| every).map_or(next, |row| row.run_at.min(next));
            // What is declared may have changed since; a time that has passed meanwhile is made up for once.
            if let Some(row) = waits
                && JobState::read(&head.revision.data).is_ok()
            {
                let times = (row.run_at, next);
                store.reschedule_job(*index, head.pk, None, times).await.map_err(store_error)?;
            }
        }
        Ok(())
    }
}

fn periodic_id(model: &Model) -> String {
    format!("{}:{PERIODIC}", model.name())
}

/// The next time that the type declares.
fn declared(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let kind = model.descriptor().job?;
    match (kind.cron, kind.every_ms) {
        (Some(text), _) => Schedule::parse(text).ok()?.next(now),
        (None, Some(millis)) => Some(after_ms(now, millis)),
        (None, None) => None,
    }
}

/// When a job runs next by its own times.
pub(super) fn next_run(model: &Model, row: &JobRow, now: Timestamp) -> Option<Timestamp> {
    if row.resource_id == periodic_id(model) {
        return declared(model, now);
    }
    let text = row.schedule.as_ref()?;
    match Schedule::parse(text) {
        Ok(schedule) => schedule.next(now),
        Err(error) => {
            tracing::error!(resource_id = row.resource_id, %error, "a job has no next time");
            None
        }
    }
}
