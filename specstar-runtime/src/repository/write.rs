//! Writing content: create, replace, patch.

use serde_json::Value;

use super::answer::Outcome;
use super::blob::Ready;
use super::commit::Plan;
use super::embed::Encoded;
use super::enqueue::{Keyed, job_start, other_payload, refuse_calls};
use super::gate::Gate;
use super::hooks::Happening;
use super::payload::{self, Checked};
use super::{Caller, Model, PatchDocument, Service};
use crate::access::Action;
use crate::change::{Change, ChangeKind, HeadUpdate};
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::id;
use crate::json::IndexRow;
use crate::meta::{Head, Revision, RevisionStatus};
use crate::schema::{index_as_stored, readable};
use crate::timeline::{self, Modification, Preconditions, live};

/// How a write treats the current revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Adds a revision.
    #[default]
    Update,
    /// Rewrites it in place.
    Modify,
}

/// What a replace or a patch asks for besides the content.
#[derive(Clone, Debug, Default)]
pub struct ReplaceOptions {
    /// Update or modify.
    pub mode: Mode,
    /// A status to set. In update mode it is the status of the new revision; the wire allows it in modify
    /// mode only.
    pub status: Option<RevisionStatus>,
    /// What the resource must be like.
    pub preconditions: Preconditions,
}

/// The revision a write made, found unchanged, or rewrote; its payload is left empty.
#[derive(Clone, Debug)]
pub struct Written {
    /// The resource.
    pub resource_id: String,
    /// The current revision after the write.
    pub revision: Revision,
    /// The write found nothing to change.
    pub unchanged: bool,
}

/// How many generated ids are tried when they exist already.
pub(super) const ID_ATTEMPTS: usize = 3;

impl Service {
    /// A new resource with a generated id, from the body of a client.
    pub async fn create(
        &self,
        model: &Model,
        body: &[u8],
        status: Option<RevisionStatus>,
        caller: &Caller,
    ) -> Result<Written> {
        refuse_calls(model, caller)?;
        let checked = check(model, body, caller)?;
        if !caller.is_trusted() {
            payload::refuse_readonly(model, body)?;
        }
        let input = Some(&*checked.payload.data);
        self.authorize_create(model, caller, None, None, input).await?;
        let status = status.unwrap_or(model.settings.default_status);
        let mut attempt = 1;
        let mut first = Some(checked);
        let mut content = || first.take().map_or_else(|| check(model, body, caller), Ok);
        loop {
            let resource_id = id::generate(model.settings.id_generator, model.name());
            self.check_id(model, &resource_id)?;
            match self.insert(model, &resource_id, &mut content, status, Cause::Request, caller).await {
                Err(Error::DuplicateResource { .. }) if attempt < ID_ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    /// A new resource with a chosen id; 412 when the id exists, deleted resources included.
    pub async fn create_at(
        &self,
        model: &Model,
        resource_id: &str,
        body: &[u8],
        status: Option<RevisionStatus>,
        caller: &Caller,
    ) -> Result<Written> {
        refuse_calls(model, caller)?;
        self.check_id(model, resource_id)?;
        let checked = check(model, body, caller)?;
        if !caller.is_trusted() {
            payload::refuse_readonly(model, body)?;
        }
        let input = Some(&*checked.payload.data);
        self.authorize_create(model, caller, Some(resource_id), None, input).await?;
        if self.head(model, resource_id).await.is_ok() {
            return Err(exists(resource_id));
        }
        let status = status.unwrap_or(model.settings.default_status);
        let mut first = Some(checked);
        let content = || first.take().map_or_else(|| check(model, body, caller), Ok);
        match self.insert(model, resource_id, content, status, Cause::Request, caller).await {
            Err(Error::DuplicateResource { .. }) => Err(exists(resource_id)),
            done => done,
        }
    }

    /// Lets the hooks see new content, and commits it as a new resource; again when it is stale, with the content made
    /// again.
    pub(super) async fn insert(
        &self,
        model: &Model,
        resource_id: &str,
        mut content: impl FnMut() -> Result<Checked>,
        status: RevisionStatus,
        cause: Cause,
        caller: &Caller,
    ) -> Result<Written> {
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let (checked, resource_id) = (content()?, resource_id.to_owned());
            let body = model.descriptor().job.map(|_| checked.payload.data.clone());
            let mut plan = Plan::default();
            let new = Inserting { model, resource_id, checked, status, cause };
            let written = self.plan_insert(new, caller, &mut plan).await?;
            plan.answer = caller.answer(model, &Outcome::Written(&written));
            match self.commit(plan, caller).await {
                Ok(true) => return Ok(written),
                // A job came along, and somebody was faster with one of the same key.
                Ok(false) => {}
                Err(Error::JobExists { key }) => {
                    let body = body.unwrap_or_default();
                    if let Some(written) = self.existing_job(model, &key, &body, caller).await? {
                        return Ok(written);
                    }
                }
                Err(error) => return Err(error),
            }
            attempts.again().await?;
        }
    }

    /// The job that has the key of a new one, when it is the same; `None` when nobody has it any more.
    async fn existing_job(
        &self,
        model: &Model,
        key: &str,
        body: &[u8],
        caller: &Caller,
    ) -> Result<Option<Written>> {
        let Some(Keyed { head, known, same }) = self.job_of_key(model, key, body, caller).await? else {
            return Ok(None);
        };
        if !known {
            return Err(Error::JobExists { key: key.to_owned() });
        }
        if !same {
            return Err(other_payload(key));
        }
        let Head { resource_id, revision, .. } = head;
        Ok(Some(Written { resource_id, revision: revision.without_data(), unchanged: true }))
    }

    /// Lets the hooks see new content, and plans it as a new resource.
    pub(super) async fn plan_insert(
        &self,
        new: Inserting<'_>,
        caller: &Caller,
        plan: &mut Plan,
    ) -> Result<Written> {
        let Inserting { model, resource_id, checked, status, cause } = new;
        let kind = ChangeKind::Created;
        let happening = Happening { model, caller, resource_id: &resource_id, kind, cause };
        let checked = self.before_content(happening, None, checked, &mut plan.along).await?;
        let Ready { payload, uploads } =
            self.ready(model, checked, None, &mut Encoded::default(), Some(caller)).await?;
        plan.uploads.extend(uploads);
        let needs = self.needs(model, &resource_id, None, &payload.index);
        self.refuse_hidden(&needs, caller).await?;
        plan.needs.extend(needs);
        let hooked = !self.hooks.is_empty(model.descriptor());
        let content = hooked.then(|| payload.data.clone());
        let job = job_start(model, &payload.data, caller)?;
        let mut new = timeline::create(model.index, resource_id.clone(), payload, status, &caller.context());
        new.job = job;
        self.gate(model, caller, None, &[]).await?.keep(&new.as_head())?;
        let revision = new.revision.without_data();
        plan.changes.push(Change::Create(Box::new(new)));
        if hooked {
            plan.done.push(happening.done(None, content));
        }
        Ok(Written { resource_id, revision, unchanged: false })
    }

    /// New content for a resource; without `body`, in modify mode, only the status changes.
    pub async fn replace(
        &self,
        model: &Model,
        resource_id: &str,
        body: Option<&[u8]>,
        options: ReplaceOptions,
        caller: &Caller,
    ) -> Result<Written> {
        refuse_calls(model, caller)?;
        let first = body.map(|body| check(model, body, caller)).transpose()?;
        if first.is_none() && options.mode == Mode::Update {
            return Err(Error::MissingReplacement);
        }
        let action = match options.mode {
            Mode::Update => Action::UPDATE,
            Mode::Modify => Action::MODIFY,
        };
        let gate = self.gate(model, caller, Some(resource_id), &[action]).await?.asks_for(options.status);
        let mut first = first;
        self.rewrite(&gate, resource_id, &options, Cause::Request, |head| {
            let Some(body) = body else { return Ok(None) };
            if !caller.is_trusted()
                && let Some(full) = payload::with_readonly(model, body, head)?
            {
                return payload::from_program(model, &full).map(Some);
            }
            // The body is decoded once; only a plan that became stale decodes it again.
            match first.take() {
                Some(checked) => Ok(Some(checked)),
                None => check(model, body, caller).map(Some),
            }
        })
        .await
    }

    /// A patch of the content of a resource.
    pub async fn patch(
        &self,
        model: &Model,
        resource_id: &str,
        patch: &PatchDocument,
        options: ReplaceOptions,
        caller: &Caller,
    ) -> Result<Written> {
        refuse_calls(model, caller)?;
        let action = match options.mode {
            Mode::Update => Action::PATCH,
            Mode::Modify => Action::MODIFY,
        };
        let gate = self.gate(model, caller, Some(resource_id), &[action]).await?.asks_for(options.status);
        self.rewrite(&gate, resource_id, &options, Cause::Patch, |head| {
            readable(head)?;
            let stored: Value = payload::from_stored(&head.revision.data)?;
            let patched = patch.apply(stored.clone())?;
            if !caller.is_trusted() {
                payload::same_readonly(model, &patched, &stored)?;
            }
            let body = serde_json::to_vec(&patched).map_err(Error::internal)?;
            check_patched(model, &body, Some(&head.revision.data), caller).map(Some)
        })
        .await
    }

    /// The loop of every change of content: read, compare, plan, commit; again when stale.
    pub(super) async fn rewrite(
        &self,
        gate: &Gate<'_>,
        resource_id: &str,
        options: &ReplaceOptions,
        cause: Cause,
        mut content: impl FnMut(&Head) -> Result<Option<Checked>>,
    ) -> Result<Written> {
        let model = gate.model();
        let mut attempts = self.attempts(model, resource_id);
        let mut encoded = Encoded::default();
        loop {
            let head = self.head(model, resource_id).await?;
            match self.rewrite_head(gate, head, options, cause, &mut encoded, &mut content).await? {
                Some(written) => return Ok(written),
                None => attempts.again().await?,
            }
        }
    }

    /// One time round: `None` when the head is another one by now.
    pub(super) async fn rewrite_head(
        &self,
        gate: &Gate<'_>,
        head: Head,
        options: &ReplaceOptions,
        cause: Cause,
        encoded: &mut Encoded,
        content: impl FnOnce(&Head) -> Result<Option<Checked>>,
    ) -> Result<Option<Written>> {
        gate.see(&head)?;
        let head = live(head)?;
        // Who may not do this learns nothing from how the content fits.
        if !gate.judges_input() {
            gate.admit(&head, None).await?;
        }
        let checked = match content(&head) {
            // A precondition speaks before a patch that no longer fits the content.
            Err(error) => {
                if gate.judges_input() {
                    gate.admit_first(&head).await?;
                }
                return options.preconditions.check(&head).and(Err(error));
            }
            Ok(checked) => checked,
        };
        if gate.judges_input() {
            // Without new content the old one stays, which rules have to be able to read.
            if checked.is_none() {
                readable(&head)?;
            }
            let input = checked.as_ref().map_or(&head.revision.data, |checked| &checked.payload.data);
            gate.admit(&head, Some(input)).await?;
        }
        options.preconditions.check(&head)?;
        self.write(Rewrite { gate, options, cause, head, checked }, encoded).await
    }

    /// Lets the hooks see new content, plans it and commits it; `None` when the plan was stale.
    pub(super) async fn write(&self, change: Rewrite<'_>, encoded: &mut Encoded) -> Result<Option<Written>> {
        let (model, caller) = (change.gate.model(), change.gate.caller());
        let mut plan = Plan::default();
        let written = self.plan_write(change, encoded, &mut plan).await?;
        if written.unchanged {
            return Ok(Some(written));
        }
        plan.answer = caller.answer(model, &Outcome::Written(&written));
        Ok(self.commit(plan, caller).await?.then_some(written))
    }

    /// Lets the hooks see new content, and plans it; nothing when it is what is stored.
    pub(super) async fn plan_write(
        &self,
        change: Rewrite<'_>,
        encoded: &mut Encoded,
        planned: &mut Plan,
    ) -> Result<Written> {
        let Rewrite { gate, options, cause, head, checked } = change;
        let (model, caller) = (gate.model(), gate.caller());
        let old = &head.revision.data;
        let kind = match options.mode {
            Mode::Update => ChangeKind::Updated,
            Mode::Modify => ChangeKind::Modified,
        };
        let happening = Happening { model, caller, resource_id: &head.resource_id, kind, cause };
        let hooked = self.is_hooked(model);
        self.hookable(model, &head)?;
        let said = (planned.along.events.len(), planned.along.jobs.len());
        let checked = match checked {
            Some(checked) => {
                Some(self.before_content(happening, Some(old), checked, &mut planned.along).await?)
            }
            None if hooked => {
                let wanted = self.before(happening, Some(old), Some(old), &mut planned.along).await?;
                match wanted.filter(|wanted| wanted != old) {
                    Some(body) => Some(payload::from_program(model, &body)?),
                    None => None,
                }
            }
            None => None,
        };
        let mut payload = None;
        if let Some(checked) = checked {
            let ready = self.ready(model, checked, Some(&head), encoded, Some(caller)).await?;
            payload = Some(ready.payload);
            planned.uploads.extend(ready.uploads);
        }
        let before = index_as_stored(model.descriptor(), &head.revision.as_ref())?;
        let content = hooked.then(|| payload.as_ref().map_or_else(|| old.clone(), |new| new.data.clone()));
        let mut needs = Vec::new();
        if let Some(payload) = &payload {
            needs = self.needs(model, &head.resource_id, Some(&before), &payload.index);
        }
        let Some(update) = self.plan(model, &head, before, payload, options, caller)? else {
            let revision = head.revision.without_data();
            let written = Written { resource_id: head.resource_id, revision, unchanged: true };
            // What commits with a change does not commit without one.
            planned.along.events.truncate(said.0);
            planned.along.jobs.truncate(said.1);
            return Ok(written);
        };
        self.refuse_hidden(&needs, caller).await?;
        planned.needs.extend(needs);
        if gate.limits_writes() {
            gate.keep(&timeline::apply(head.clone(), &update).as_ref())?;
        }
        let revision = update.revision.as_ref().unwrap_or(&head.revision).without_data();
        planned.changes.push(Change::Update(Box::new(update)));
        if hooked {
            planned.done.push(happening.done(Some(old.clone()), content));
        }
        Ok(Written { resource_id: head.resource_id.clone(), revision, unchanged: false })
    }

    fn plan(
        &self,
        model: &Model,
        head: &Head,
        before: IndexRow,
        payload: Option<timeline::Payload>,
        options: &ReplaceOptions,
        caller: &Caller,
    ) -> Result<Option<HeadUpdate>> {
        let context = caller.context();
        match (options.mode, payload) {
            (Mode::Update, Some(payload)) => Ok(timeline::update(
                model.index,
                head,
                before,
                payload,
                options.status,
                model.settings.default_status,
                &context,
            )),
            (_, payload) => {
                let modification = Modification {
                    payload,
                    status: options.status,
                    rewrite_stable_as_draft: self.settings.rewrite_stable_as_draft,
                };
                timeline::modify(model.index, head, before, modification, &context)
            }
        }
    }
}

/// A resource that is to be made.
pub(super) struct Inserting<'a> {
    pub(super) model: &'a Model,
    pub(super) resource_id: String,
    pub(super) checked: Checked,
    pub(super) status: RevisionStatus,
    pub(super) cause: Cause,
}

/// New content for a resource as it was read.
pub(super) struct Rewrite<'a> {
    pub(super) gate: &'a Gate<'a>,
    pub(super) options: &'a ReplaceOptions,
    pub(super) cause: Cause,
    pub(super) head: Head,
    /// `None` when only the status changes.
    pub(super) checked: Option<Checked>,
}

pub(super) fn check(model: &Model, body: &[u8], caller: &Caller) -> Result<Checked> {
    check_patched(model, body, None, caller)
}

fn check_patched(model: &Model, body: &[u8], before: Option<&[u8]>, caller: &Caller) -> Result<Checked> {
    if caller.is_trusted() {
        payload::patched_by_program(model, body, before)
    } else {
        payload::from_client(model, body, before)
    }
}

fn exists(resource_id: &str) -> Error {
    Error::PreconditionFailed {
        resource_id: resource_id.to_owned(),
        expected: "*".to_owned(),
        actual: "exists".to_owned(),
    }
}
