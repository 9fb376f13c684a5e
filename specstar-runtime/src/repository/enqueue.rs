//! Jobs that are made by a write, in its transaction.

use super::commit::Plan;
use super::embed::Encoded;
use super::service::store_error;
use super::{Caller, Model, Service, payload};
use crate::change::{Change, JobStart, NewEvent};
use crate::error::{Error, Result};
use crate::id;
use crate::job::{JobState, NewJob, Schedule, after_ms};
use crate::meta::{Head, RevisionStatus};
use crate::timeline;

/// What commits with a write besides its changes.
#[derive(Debug, Default)]
pub(super) struct Along {
    /// Messages to subscribers.
    pub(super) events: Vec<NewEvent>,
    /// Jobs.
    pub(super) jobs: Vec<NewJob>,
}

/// A job of a plan: where its change stands, if it is new, and its id.
#[derive(Clone, Debug)]
pub(super) struct Enqueued {
    pub(super) change: Option<usize>,
    pub(super) resource_id: String,
}

impl Service {
    /// The job type with this hash.
    fn job_model(&self, type_hash: u64) -> Result<&Model> {
        let found = self.models().iter().find(|model| model.descriptor().id.path_hash == type_hash);
        found
            .filter(|model| model.descriptor().job.is_some())
            .ok_or_else(|| Error::internal("a job was asked for whose type is not registered"))
    }

    /// An id for a new job of that type.
    pub(crate) fn new_job_id(&self, type_hash: u64) -> Result<String> {
        let model = self.job_model(type_hash)?;
        Ok(id::generate(model.settings.id_generator, model.name()))
    }

    /// Adds the jobs of a plan to its changes.
    pub(super) async fn plan_jobs(&self, plan: &mut Plan, caller: &Caller) -> Result<Vec<Enqueued>> {
        let mut enqueued = Vec::new();
        for job in std::mem::take(&mut plan.along.jobs) {
            let made = self.plan_job(job, plan, caller).await?;
            enqueued.push(made);
        }
        Ok(enqueued)
    }

    async fn plan_job(&self, job: NewJob, plan: &mut Plan, caller: &Caller) -> Result<Enqueued> {
        let model = self.job_model(job.type_hash)?;
        let NewJob { body, key, mut start, delay, resource_id, .. } = job;
        if let (true, Some(key)) = (start.once, &key)
            && let Some(resource_id) = self.known_job(model, key, &body, plan, caller).await?
        {
            return Ok(Enqueued { change: None, resource_id });
        }
        let now = caller.now();
        if let Some(delay) = delay {
            start.run_at = Some(after_ms(now, u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)));
        } else if let Some(text) = &start.schedule {
            let schedule = Schedule::parse(text).map_err(|error| Error::BadRequest(error.to_string()))?;
            start.run_at = start.run_at.or_else(|| schedule.next(now));
        }
        let resource_id =
            resource_id.unwrap_or_else(|| id::generate(model.settings.id_generator, model.name()));
        self.check_id(model, &resource_id)?;
        let checked = payload::from_program(model, &body)?;
        let ready = self.ready(model, checked, None, &mut Encoded::default(), Some(caller)).await?;
        plan.uploads.extend(ready.uploads);
        plan.needs.extend(self.needs(model, &resource_id, None, &ready.payload.index));
        let status = RevisionStatus::Stable;
        let mut new =
            timeline::create(model.index, resource_id.clone(), ready.payload, status, &caller.context());
        new.job = Some(Box::new(start));
        plan.changes.push(Change::Create(Box::new(new)));
        Ok(Enqueued { change: Some(plan.changes.len() - 1), resource_id })
    }

    /// The id of the job of a key, stored or made in the same commit; an error when its payload is another one.
    async fn known_job(
        &self,
        model: &Model,
        key: &str,
        body: &[u8],
        plan: &Plan,
        caller: &Caller,
    ) -> Result<Option<String>> {
        if let Some(found) = self.job_of_key(model, key, body, caller).await? {
            return match found {
                Keyed { same: true, head, .. } => Ok(Some(head.resource_id)),
                Keyed { known: true, .. } => Err(other_payload(key)),
                // The key need not be one that the caller has given.
                Keyed { .. } => Err(Error::Conflict("A job that belongs to it exists already.".to_owned())),
            };
        }
        for change in &plan.changes {
            let Change::Create(new) = change else { continue };
            if new.model != model.index || !new.job.as_ref().is_some_and(|start| start.once) {
                continue;
            }
            let planned = JobState::read(&new.revision.data)?;
            if planned.idempotency_key.as_deref() == Some(key) {
                let same = payload_of(model, body)?.payload.get() == planned.payload.get();
                return if same { Ok(Some(new.resource_id.clone())) } else { Err(other_payload(key)) };
            }
        }
        Ok(None)
    }

    /// The stored job of a key. Whether the caller may know of it is asked before anything is compared.
    pub(super) async fn job_of_key(
        &self,
        model: &Model,
        key: &str,
        body: &[u8],
        caller: &Caller,
    ) -> Result<Option<Keyed>> {
        let Some(resource_id) = self.store.job_of_key(model.index, key).await.map_err(store_error)? else {
            return Ok(None);
        };
        // It was removed for good in between: nobody has the key then.
        let Some(head) = self.find(model, &resource_id).await? else { return Ok(None) };
        let known = self.known_to(model, &resource_id, caller).await?;
        let stored = JobState::read(&head.revision.data)?;
        let same = payload_of(model, body)?.payload.get() == stored.payload.get();
        Ok(Some(Keyed { head, known, same }))
    }
}

/// The job that has a key.
pub(super) struct Keyed {
    pub(super) head: Head,
    /// The caller may know of it.
    pub(super) known: bool,
    /// Its payload is that of the job that was asked for.
    pub(super) same: bool,
}

fn payload_of(model: &Model, body: &[u8]) -> Result<JobState> {
    Ok(JobState::read(&payload::from_program(model, body)?.payload.data)?)
}

pub(super) fn other_payload(key: &str) -> Error {
    Error::Conflict(format!("The idempotency key '{key}' belongs to a job with another payload."))
}

/// 403 for a client that writes documents which only an action writes: they say what is called with which body.
pub(super) fn refuse_calls(model: &Model, caller: &Caller) -> Result<()> {
    if caller.is_trusted() || model.descriptor().job.is_none_or(|job| !job.of_action) {
        return Ok(());
    }
    Err(Error::WrittenByAction { model: model.name().to_owned() })
}

/// What is asked of a job that a client makes.
pub(super) fn job_start(model: &Model, data: &[u8], caller: &Caller) -> Result<Option<Box<JobStart>>> {
    if model.descriptor().job.is_none() || (model.settings.clients_write_jobs && !caller.is_trusted()) {
        return Ok(None);
    }
    let once = JobState::read(data)?.idempotency_key.is_some();
    Ok(once.then(|| Box::new(JobStart { once, ..JobStart::default() })))
}
