//! Several writes of a program as one.

use std::sync::Arc;

use super::commit::Plan;
use super::embed::Encoded;
use super::write::{Inserting, ReplaceOptions, Rewrite, Written};
use super::{Caller, Model, Repeatable, Service, payload};
use crate::access::Principal;
use crate::change::{Answer, NewEvent, Response};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::id;
use crate::job::{Enqueue, JobPayload, NewJob};
use crate::meta::Stamp;
use crate::resource::{Resource, payload::Payload};
use crate::timeline::live;

/// Writes that are collected and committed together, or not at all: resources, and the jobs that they cause.
///
/// ```no_run
/// # use specstar_runtime::app::App;
/// # use specstar_runtime::job::JobPayload;
/// # use specstar_runtime::resource::{Resource, payload::Payload};
/// # async fn example<Order: Resource + Payload, EmailJob: JobPayload>(app: &App, order: Order, mail: EmailJob)
/// # -> specstar_runtime::error::Result<()> {
/// let mut changes = app.changes().acting_as("ann");
/// let order_id = changes.create(&order)?;
/// changes.enqueue(mail)?;
/// let committed = changes.commit().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is written before `commit`"]
pub struct Changes {
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
    principal: Principal,
    steps: Vec<Step>,
    jobs: Vec<NewJob>,
    events: Vec<(String, Vec<u8>)>,
    /// The answer to the request that they are, and that request.
    answer: Option<(Arc<Repeatable>, Box<Answer>)>,
}

enum Step {
    Create { model: usize, resource_id: String, body: Vec<u8> },
    Update { model: usize, resource_id: String, body: Vec<u8> },
}

/// What was committed.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The resources, in the order they were given.
    pub written: Vec<Written>,
    /// The ids of the jobs, in the order they were asked for.
    pub jobs: Vec<String>,
}

impl Changes {
    pub(crate) fn new(service: Arc<Service>, clock: Arc<dyn Clock>) -> Self {
        let principal = Principal::Anonymous;
        Self {
            service,
            clock,
            principal,
            steps: Vec::new(),
            jobs: Vec::new(),
            events: Vec::new(),
            answer: None,
        }
    }

    /// The same writes, in the name of `user`.
    pub fn acting_as(mut self, user: impl Into<String>) -> Self {
        self.principal = Principal::user(user);
        self
    }

    /// Makes a resource, and gives the id that it will have.
    pub fn create<R: Resource + Payload>(&mut self, value: &R) -> Result<String> {
        let (at, model) = self.model::<R>()?;
        let resource_id = id::generate(model.settings.id_generator, model.name());
        let body = value.encode()?;
        self.steps.push(Step::Create { model: at, resource_id: resource_id.clone(), body });
        Ok(resource_id)
    }

    /// Gives a live resource new content, as a new revision.
    pub fn update<R: Resource + Payload>(&mut self, resource_id: &str, value: &R) -> Result<()> {
        let (model, _) = self.model::<R>()?;
        let (resource_id, body) = (resource_id.to_owned(), value.encode()?);
        self.steps.push(Step::Update { model, resource_id, body });
        Ok(())
    }

    /// Asks for a job.
    pub fn enqueue<P: JobPayload>(&mut self, job: impl Into<Enqueue<P>>) -> Result<()> {
        self.jobs.push(job.into().into_new_job()?);
        Ok(())
    }

    /// The same writes, in the name of somebody whose roles are known as well.
    pub(crate) fn in_the_name_of(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// Commits them with the job of a call that `asker` has asked for, and with the answer to that where one is kept.
    pub(crate) async fn commit_call(mut self, job: NewJob, answer: Response, asker: &Caller) -> Result<()> {
        self.answer = asker.request().map(Arc::clone).zip(asker.known_answer(answer));
        self.jobs.push(job);
        self.commit().await.map(|_| ())
    }

    /// The same of a job without its type.
    pub(crate) fn add_job(&mut self, job: NewJob) {
        self.jobs.push(job);
    }

    /// Sends subscribers a message.
    pub fn emit(&mut self, name: impl Into<String>, body: &impl serde::Serialize) -> Result<()> {
        self.events.push((name.into(), serde_json::to_vec(body).map_err(Error::internal)?));
        Ok(())
    }

    fn model<R: Resource>(&self) -> Result<(usize, &Model)> {
        let mut models = self.service.models().iter().enumerate();
        models
            .find(|(_, model)| model.descriptor().id.path_hash == R::ID.path_hash)
            .ok_or_else(|| Error::internal(format!("`{}` is not registered", R::ID.path)))
    }

    /// Commits them. Where a resource was changed meanwhile, the update is planned again on what it is now.
    pub async fn commit(self) -> Result<Committed> {
        let mut caller = Caller::program(self.principal.clone(), self.clock.now(None)?);
        if let Some((request, _)) = &self.answer {
            caller = caller.answered_once(Arc::clone(request));
        }
        let (service, first) = (&*self.service, self.steps.first());
        let place = first.map_or("", |step| match step {
            Step::Create { resource_id, .. } | Step::Update { resource_id, .. } => resource_id,
        });
        let Some(of) = service.models().first() else {
            return Err(Error::internal("nothing is registered"));
        };
        let mut attempts = service.attempts(of, place);
        loop {
            let (mut plan, mut written) = (Plan::default(), Vec::new());
            for step in &self.steps {
                written.push(self.plan(step, &caller, &mut plan).await?);
            }
            plan.answer = self.answer.as_ref().map(|(_, answer)| answer.clone());
            plan.along.jobs.extend(self.jobs.iter().cloned());
            let at = Stamp { time: caller.now(), by: caller.principal().name().to_owned() };
            let message = |(name, body): &(String, Vec<u8>)| NewEvent {
                name: name.clone(),
                body: body.clone(),
                at: at.clone(),
            };
            plan.along.events.extend(self.events.iter().map(message));
            if let Some(mut jobs) = service.commit_all(plan, &caller).await? {
                // Those of hooks stand before ours.
                let jobs = jobs.split_off(jobs.len() - self.jobs.len());
                return Ok(Committed { written, jobs });
            }
            attempts.again().await?;
        }
    }

    async fn plan(&self, step: &Step, caller: &Caller, plan: &mut Plan) -> Result<Written> {
        let service = &*self.service;
        match step {
            Step::Create { model, resource_id, body } => {
                let model = &service.models()[*model];
                let new = Inserting {
                    model,
                    resource_id: resource_id.clone(),
                    checked: payload::from_program(model, body)?,
                    status: model.settings.default_status,
                    cause: Cause::Request,
                };
                service.plan_insert(new, caller, plan).await
            }
            Step::Update { model, resource_id, body } => {
                let model = &service.models()[*model];
                let gate = service.gate(model, caller, Some(resource_id), &[]).await?;
                let head = live(service.head(model, resource_id).await?)?;
                let checked = Some(payload::from_program(model, body)?);
                let options = ReplaceOptions::default();
                let change = Rewrite { gate: &gate, options: &options, cause: Cause::Request, head, checked };
                service.plan_write(change, &mut Encoded::default(), plan).await
            }
        }
    }
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").field("steps", &self.steps.len()).finish_non_exhaustive()
    }
}
