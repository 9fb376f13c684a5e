//! Writing content: create, replace, patch.

use serde_json::Value;

use super::embed::Encoded;
use super::payload::{self, Checked};
use super::service::stored_index;
use super::{Caller, Model, PatchDocument, Service};
use crate::access::Action;
use crate::change::{Change, HeadUpdate};
use crate::error::{Error, Result};
use crate::id::{self, IdError};
use crate::meta::{Head, Revision, RevisionStatus};
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
const ID_ATTEMPTS: usize = 3;

impl Service {
    /// A new resource with a generated id, from the body of a client.
    pub async fn create(
        &self,
        model: &Model,
        body: &[u8],
        status: Option<RevisionStatus>,
        caller: &Caller,
    ) -> Result<Written> {
        let checked = check(model, body, caller)?;
        if !caller.is_trusted() {
            payload::refuse_readonly(model, body)?;
        }
        self.authorize(model, caller, Action::CREATE, None).await?;
        let payload = self.embedded(model, checked.valid()?, None, &mut Encoded::default()).await?;
        let status = status.unwrap_or(model.settings.default_status);
        let mut attempt = 1;
        loop {
            let resource_id = id::generate(model.settings.id_generator, model.name());
            id::check_resource_id(&resource_id).map_err(|reason| invalid_id(&resource_id, reason))?;
            let new = timeline::create(model.index, resource_id, payload.clone(), status, &caller.context());
            match self.insert(new).await {
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
        id::check_resource_id(resource_id).map_err(|reason| invalid_id(resource_id, reason))?;
        let checked = check(model, body, caller)?;
        if !caller.is_trusted() {
            payload::refuse_readonly(model, body)?;
        }
        self.authorize(model, caller, Action::CREATE, Some(resource_id)).await?;
        if self.head(model, resource_id).await.is_ok() {
            return Err(exists(resource_id));
        }
        let payload = self.embedded(model, checked.valid()?, None, &mut Encoded::default()).await?;
        let status = status.unwrap_or(model.settings.default_status);
        let new = timeline::create(model.index, resource_id.to_owned(), payload, status, &caller.context());
        match self.insert(new).await {
            Err(Error::DuplicateResource { .. }) => Err(exists(resource_id)),
            done => done,
        }
    }

    async fn insert(&self, new: crate::change::NewHead) -> Result<Written> {
        let resource_id = new.resource_id.clone();
        let revision = new.revision.without_data();
        if self.commit(vec![Change::Create(Box::new(new))]).await? {
            return Ok(Written { resource_id, revision, unchanged: false });
        }
        Err(Error::internal("an insert cannot be stale"))
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
        let first = body.map(|body| check(model, body, caller)).transpose()?;
        if first.is_none() && options.mode == Mode::Update {
            return Err(Error::MissingReplacement);
        }
        let action = match options.mode {
            Mode::Update => Action::UPDATE,
            Mode::Modify => Action::MODIFY,
        };
        self.authorize(model, caller, action, Some(resource_id)).await?;
        let mut first = first;
        self.rewrite(model, resource_id, &options, caller, |head| {
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
        let action = match options.mode {
            Mode::Update => Action::PATCH,
            Mode::Modify => Action::MODIFY,
        };
        self.authorize(model, caller, action, Some(resource_id)).await?;
        self.rewrite(model, resource_id, &options, caller, |head| {
            let stored: Value = payload::from_stored(&head.revision.data)?;
            let patched = patch.apply(stored.clone())?;
            if !caller.is_trusted() {
                payload::same_readonly(model, &patched, &stored)?;
            }
            let body = serde_json::to_vec(&patched).map_err(Error::internal)?;
            check(model, &body, caller).map(Some)
        })
        .await
    }

    /// The loop of every change of content: read, compare, plan, commit; again when stale.
    async fn rewrite(
        &self,
        model: &Model,
        resource_id: &str,
        options: &ReplaceOptions,
        caller: &Caller,
        mut content: impl FnMut(&Head) -> Result<Option<Checked>>,
    ) -> Result<Written> {
        let mut attempts = self.attempts(model, resource_id);
        let mut encoded = Encoded::default();
        loop {
            let head = live(self.head(model, resource_id).await?)?;
            let checked = match content(&head) {
                // A precondition speaks before a patch that no longer fits the content.
                Err(error) => return options.preconditions.check(&head).and(Err(error)),
                Ok(checked) => checked,
            };
            options.preconditions.check(&head)?;
            let payload = match checked {
                Some(checked) => {
                    Some(self.embedded(model, checked.valid()?, Some(&head), &mut encoded).await?)
                }
                None => None,
            };
            let Some(update) = self.plan(model, &head, payload, options, caller)? else {
                let revision = head.revision.without_data();
                return Ok(Written { resource_id: head.resource_id, revision, unchanged: true });
            };
            let revision = update.revision.as_ref().unwrap_or(&head.revision).without_data();
            if self.commit(vec![Change::Update(Box::new(update))]).await? {
                return Ok(Written { resource_id: head.resource_id, revision, unchanged: false });
            }
            attempts.again().await?;
        }
    }

    fn plan(
        &self,
        model: &Model,
        head: &Head,
        payload: Option<timeline::Payload>,
        options: &ReplaceOptions,
        caller: &Caller,
    ) -> Result<Option<HeadUpdate>> {
        let before = stored_index(model, &head.revision.data)?;
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

fn check(model: &Model, body: &[u8], caller: &Caller) -> Result<Checked> {
    if caller.is_trusted() { payload::from_program(model, body) } else { payload::from_client(model, body) }
}

fn invalid_id(id: &str, reason: IdError) -> Error {
    Error::InvalidId { id: id.to_owned(), reason }
}

fn exists(resource_id: &str) -> Error {
    Error::PreconditionFailed {
        resource_id: resource_id.to_owned(),
        expected: "*".to_owned(),
        actual: "exists".to_owned(),
    }
}
