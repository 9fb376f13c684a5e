//! What clients and workers do to jobs.

use std::time::Duration;

use super::answer::Outcome;
use super::asked::Asked;
use super::commit::Plan;
use super::embed::Encoded;
use super::gate::Gate;
use super::read::Since;
use super::service::store_error;
use super::write::Written;
use super::{Caller, Model, Service, payload};
use crate::access::{Action, RowScope};
use crate::change::{Change, HeadUpdate, JobGuard, JobMove};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::job::{JobState, Next, Phase, cancelled, rerun};
use crate::json::fitting_index_row;
use crate::meta::{DataHash, Head, MadeFile};
use crate::schema::readable;
use crate::store::{JobCount, JobLine, JobRow, WorkerRow};
use crate::timeline::{self, Payload, Preconditions, live};

/// Running jobs that are shown at once.
const SHOWN: usize = 100;

/// What the queues of an application look like.
#[derive(Clone, Debug, Default)]
pub struct JobHealth {
    /// How many jobs there are, by queue, type and phase.
    pub counts: Vec<JobCount>,
    /// Those that are being worked on, longest first.
    pub running: Vec<JobRow>,
    /// Every worker that has not said that it ends.
    pub workers: Vec<WorkerRow>,
}

impl Service {
    /// Asks for another run of a job that is over; 400 when it is not. A client has a call made again as a call of its
    /// own: with its rights and of whatever the resource is by then.
    pub async fn rerun(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<Written> {
        let gate = self.gate(model, caller, Some(resource_id), &[Action::UPDATE]).await?;
        let calls = model.descriptor().job.is_some_and(|job| job.of_action) && !caller.is_trusted();
        let asked =
            calls.then(|| Asked::new(caller.principal(), Preconditions::default()).write()).transpose()?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.see(&head)?;
            gate.admit_first(&head).await?;
            let head = live(head)?;
            readable(&head)?;
            let mut state = JobState::read(&head.revision.data)?;
            let to = rerun(&mut state, caller.now()).map_err(|status| {
                Error::BadRequest(format!(
                    "Cannot rerun a job with status '{status}'. Only completed or failed jobs can be rerun."
                ))
            })?;
            if gate.judges_input() {
                gate.admit(&head, Some(&state.write()?)).await?;
            }
            let job = JobMove { guard: JobGuard::Anybody, to, lease: None, asked: asked.clone() };
            if let Some(written) = self.write_job(model, head, &state, job, caller).await? {
                return Ok(written);
            }
            attempts.again().await?;
        }
    }

    /// Calls a job off: one that waits is over at once, the worker of one that runs is asked to stop. 409 when it is
    /// over already.
    pub async fn cancel(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<JobRow> {
        let gate = self.gate(model, caller, Some(resource_id), &[Action::UPDATE]).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.see(&head)?;
            gate.admit_first(&head).await?;
            let head = live(head)?;
            readable(&head)?;
            let mut state = JobState::read(&head.revision.data)?;
            if state.status.is_terminal() {
                let status = state.status;
                return Err(Error::Conflict(format!("Cannot cancel a job with status '{status}'.")));
            }
            // Whether it waits or runs: what it comes to is the same.
            if gate.judges_input() {
                let mut over = JobState::read(&head.revision.data)?;
                cancelled(&mut over, 0, caller.now());
                gate.admit(&head, Some(&over.write()?)).await?;
            }
            let pk = head.pk;
            if !self.store.ask_to_stop(model.index, pk).await.map_err(store_error)? {
                let row = self.store.job(model.index, pk).await.map_err(store_error)?;
                let Some(JobRow { attempt, .. }) = row else {
                    let now = self.head(model, resource_id).await?;
                    if (now.pk, now.version) == (head.pk, head.version) {
                        return Err(without_row(&head));
                    }
                    attempts.again().await?;
                    continue;
                };
                let to = cancelled(&mut state, attempt, caller.now());
                let job = JobMove { guard: JobGuard::Anybody, to, lease: None, asked: None };
                if self.write_job(model, head, &state, job, &caller.apart()).await?.is_none() {
                    attempts.again().await?;
                    continue;
                }
            }
            let row = self.store.job(model.index, pk).await.map_err(store_error)?;
            return row.ok_or_else(|| Error::NotFound { resource_id: resource_id.to_owned() });
        }
    }

    /// How far a job is.
    pub async fn job_row(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<JobRow> {
        let gate = self.job_gate(model, resource_id, caller).await?;
        let mut head = self.visible(model, resource_id, false, &gate).await?;
        loop {
            let row = self.store.job(model.index, head.pk).await.map_err(store_error)?;
            if self.since(&mut head, false, &gate).await?.leaves(row.is_some()) {
                return row.ok_or_else(|| without_row(&head));
            }
        }
    }

    /// What was logged in one run of a job, or in the last one that logged anything.
    pub async fn job_log(
        &self,
        model: &Model,
        resource_id: &str,
        run: Option<u32>,
        caller: &Caller,
    ) -> Result<Vec<JobLine>> {
        let gate = self.job_gate(model, resource_id, caller).await?;
        let mut head = self.visible(model, resource_id, false, &gate).await?;
        loop {
            let lines = self.store.job_log(model.index, head.pk, run).await.map_err(store_error)?;
            if self.since(&mut head, false, &gate).await? != Since::Replaced {
                return Ok(lines);
            }
        }
    }

    async fn job_gate<'a>(
        &'a self,
        model: &'a Model,
        resource_id: &'a str,
        caller: &'a Caller,
    ) -> Result<Gate<'a>> {
        let actions = [Action::GET_META, Action::GET_RESOURCE_REVISION];
        self.gate(model, caller, Some(resource_id), &actions).await
    }

    /// The queues, as far as their types are wholly open to the caller; 403 when none is. Of the jobs that are worked on,
    /// those that the caller may know of.
    pub async fn job_health(&self, caller: &Caller) -> Result<JobHealth> {
        let mut open = Vec::new();
        let mut refused = None;
        let jobs = self.models().iter().filter(|model| model.descriptor().job.is_some());
        for model in jobs {
            match self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await {
                // A number would tell of rows that do not exist for the caller.
                Ok(gate) => {
                    if matches!(gate.into_scope(), RowScope::All) {
                        open.push(Some(model.index));
                    }
                }
                Err(error @ Error::PermissionDenied { .. }) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let (true, Some(refused)) = (open.is_empty(), refused) {
            return Err(refused);
        }
        let mut counts = self.store.job_counts(caller.now()).await.map_err(store_error)?;
        counts.retain(|count| open.contains(&count.model));
        let mut running = self.store.running_jobs(SHOWN).await.map_err(store_error)?;
        running.retain(|row| open.contains(&row.model));
        let mut known = Vec::with_capacity(running.len());
        for row in running {
            let Some(index) = row.model else { continue };
            if self.known_to(self.model_at(index), &row.resource_id, caller).await? {
                known.push(row);
            }
        }
        let workers =
            if open.is_empty() { Vec::new() } else { self.store.workers().await.map_err(store_error)? };
        Ok(JobHealth { counts, running: known, workers })
    }

    /// What a worker makes of a job under its lease, or of one whose lease is over; `false` when that does not hold any
    /// more. A job that somebody has asked to stop goes nowhere from where it would be begun again: it is cancelled.
    pub(crate) async fn work(
        &self,
        model: &Model,
        resource_id: &str,
        guard: &JobGuard,
        change: impl Fn(&mut JobState) -> Result<Next>,
        caller: &Caller,
    ) -> Result<bool> {
        loop {
            let Some(head) = self.find(model, resource_id).await? else { return Ok(false) };
            let pk = head.pk;
            let Some(row) = self.store.job(model.index, pk).await.map_err(store_error)? else {
                return Ok(false);
            };
            let mut state = JobState::read(&head.revision.data)?;
            let mut to = change(&mut state)?;
            if row.cancel_requested && !to.phase.is_terminal() {
                state = JobState::read(&head.revision.data)?;
                to = cancelled(&mut state, row.attempt, caller.now());
            }
            let job = JobMove { guard: guard.clone(), to, lease: None, asked: None };
            match self.write_job(model, head, &state, job, caller).await {
                Ok(Some(_)) => return Ok(true),
                // Somebody has changed the document besides; the lease tells whether it is still ours.
                Ok(None) => tokio::time::sleep(Duration::from_millis(2)).await,
                Err(Error::LeaseLost) => {
                    let row = self.store.job(model.index, pk).await.map_err(store_error)?;
                    let ours = |row: &JobRow| {
                        row.phase == Phase::Running
                            && row.lease.as_ref().map(|lease| &*lease.token) == guard.token()
                    };
                    // Somebody has asked to stop it in between.
                    let asked = row.is_some_and(|row| ours(&row) && row.cancel_requested);
                    if !asked || to.phase.is_terminal() {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends a job whose document cannot be written: it stays as it is, and its row says that it has failed.
    pub(crate) async fn set_aside(
        &self,
        model: &Model,
        resource_id: &str,
        guard: &JobGuard,
        attempt: u32,
        caller: &Caller,
    ) -> Result<bool> {
        loop {
            let Some(head) = self.find(model, resource_id).await? else { return Ok(false) };
            let to = Next { phase: Phase::Failed, run_at: caller.now(), attempt };
            let job = JobMove { guard: guard.clone(), to, lease: None, asked: None };
            let index = fitting_index_row(model.descriptor(), &head.revision.data);
            let payload = as_it_is(model, head.revision.data.clone());
            let update = timeline::rework(model.index, &head, index, payload, job, &caller.context());
            match self.commit_job(model, head, update, Vec::new(), caller).await {
                Ok(Some(_)) => return Ok(true),
                Ok(None) => tokio::time::sleep(Duration::from_millis(2)).await,
                Err(Error::LeaseLost) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes the document of a job: what ends a run is a revision of its own, everything else stands in the one there
    /// is. `None` when somebody was faster.
    async fn write_job(
        &self,
        model: &Model,
        head: Head,
        state: &JobState,
        job: JobMove,
        caller: &Caller,
    ) -> Result<Option<Written>> {
        let before = JobState::read(&head.revision.data)?;
        let ends = state.status.is_terminal() || state.periodic_runs != before.periodic_runs;
        let begins_anew = before.status.is_terminal();
        // Its validator has seen the payload when it came in; what the work adds is not its business.
        let text = state.write()?;
        let index = fitting_index_row(model.descriptor(), &head.revision.data);
        let context = caller.context();
        let prepared = (model.entry.prepare)(&text);
        if let Err(error) = &prepared
            && (model.entry.prepare)(&head.revision.data).is_ok()
        {
            // What the work has made does not fit the type that it says it is.
            return Err(payload::decode_error(error.clone()));
        }
        let Ok(prepared) = prepared else {
            // Its payload is that of another program. It is over all the same, in the revision that there is.
            let payload = as_it_is(model, text);
            let update = timeline::rework(model.index, &head, index, payload, job, &context);
            return self.commit_job(model, head, update, Vec::new(), caller).await;
        };
        let (canonical, _) = payload::split(prepared);
        let checked = payload::checked(model, canonical, None, Some(&head.revision.data))?;
        let ready = self.ready(model, checked, Some(&head), &mut Encoded::default(), None).await?;
        let update = if ends || begins_anew {
            let status = model.settings.default_status;
            let planned = timeline::update(model.index, &head, index, ready.payload, None, status, &context);
            let planned = planned.ok_or_else(|| Error::internal("a run that changes nothing"))?;
            HeadUpdate { job: Some(Box::new(job)), ..planned }
        } else {
            timeline::rework(model.index, &head, index, ready.payload, job, &context)
        };
        self.commit_job(model, head, update, ready.uploads, caller).await
    }

    async fn commit_job(
        &self,
        model: &Model,
        head: Head,
        update: HeadUpdate,
        uploads: Vec<MadeFile>,
        caller: &Caller,
    ) -> Result<Option<Written>> {
        let revision = update.revision.as_ref().unwrap_or(&head.revision).without_data();
        let written = Written { resource_id: head.resource_id, revision, unchanged: false };
        let answer = caller.answer(model, &Outcome::Rerun(&written));
        let plan = Plan { uploads, answer, ..Plan::of(Change::Update(Box::new(update))) };
        let done = self.commit(plan, caller).await?;
        Ok(done.then_some(written))
    }
}

/// A document that its type cannot read: what does not fit an index is null there.
fn as_it_is(model: &Model, data: Vec<u8>) -> Payload {
    Payload {
        hash: DataHash::of(&data),
        index: fitting_index_row(model.descriptor(), &data),
        blobs: Vec::new(),
        schema_version: model.descriptor().schema_version,
        data,
    }
}

impl JobHealth {
    /// Queues with jobs that are due, and no worker that is alive: with the number of these jobs.
    pub fn without_workers(&self, now: Timestamp) -> Vec<(String, u64)> {
        let alive = |queue: &str| {
            let mut workers = self.workers.iter().filter(|worker| worker.until >= now);
            workers.any(|worker| worker.queues.iter().any(|own| own == queue))
        };
        let mut found: Vec<(String, u64)> = Vec::new();
        for count in self.counts.iter().filter(|count| count.due > 0 && !alive(&count.queue)) {
            match found.iter_mut().find(|(queue, _)| *queue == count.queue) {
                Some((_, due)) => *due += count.due,
                None => found.push((count.queue.clone(), count.due)),
            }
        }
        found
    }

    /// Jobs whose lease is over, so that nobody works on them, and those that somebody outside says to work on.
    pub fn stuck(&self, now: Timestamp) -> impl Iterator<Item = &JobRow> {
        self.running.iter().filter(move |row| {
            row.phase == Phase::Running && row.lease.as_ref().is_none_or(|lease| lease.until < now)
        })
    }
}

fn without_row(head: &Head) -> Error {
    Error::internal(format!("the job `{}` has no row", head.resource_id))
}
