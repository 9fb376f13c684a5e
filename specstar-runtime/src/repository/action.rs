//! Writes whose content a function of the program makes.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::embed::Encoded;
use super::payload::from_program;
use super::write::{ID_ATTEMPTS, Mode, ReplaceOptions, Rewrite, Written};
use super::{Caller, Model, Service};
use crate::access::{Action, Needs};
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::id;
use crate::meta::Head;
use crate::schema::readable;
use crate::timeline::live;

/// Content as JSON; `None` when nothing is to be written.
pub type Content = BoxFuture<'static, Result<Option<Vec<u8>>>>;

impl Service {
    /// A new resource with a generated id and the content that `content` makes, which is asked for once the caller may
    /// create one by the custom action of that name. The content is the program's own: it may set read-only fields.
    pub async fn create_with(
        &self,
        model: &Model,
        name: &str,
        caller: &Caller,
        content: impl FnOnce() -> Content,
    ) -> Result<Option<Written>> {
        // Nothing of the program runs for somebody who is refused. A rule on the content has nothing to say before
        // there is one, and is asked again when there is.
        self.authorize_create(model, caller, None, Some(name), None).await?;
        let judged = self.access.needs(model.descriptor(), Action::CREATE).contains(Needs::INPUT);
        let Some(body) = content().await? else { return Ok(None) };
        let mut first = Some(from_program(model, &body)?);
        if judged {
            let input = first.as_ref().map(|checked| &*checked.payload.data);
            self.authorize_create(model, caller, None, Some(name), input).await?;
        }
        let status = model.settings.default_status;
        let mut attempt = 1;
        let mut content = || first.take().map_or_else(|| from_program(model, &body), Ok);
        loop {
            let resource_id = id::generate(model.settings.id_generator, model.name());
            self.check_id(model, &resource_id)?;
            match self.insert(model, &resource_id, &mut content, status, Cause::Action, caller).await {
                Err(Error::DuplicateResource { .. }) if attempt < ID_ATTEMPTS => attempt += 1,
                done => return done.map(Some),
            }
        }
    }

    /// Fails unless the caller may have the custom action of that name run: what can be decided before it has run.
    pub async fn admit_action(
        &self,
        model: &Model,
        resource_id: Option<&str>,
        name: &str,
        options: &ReplaceOptions,
        caller: &Caller,
    ) -> Result<()> {
        let Some(resource_id) = resource_id else {
            return self.authorize_create(model, caller, None, Some(name), None).await;
        };
        let action = match options.mode {
            Mode::Update => Action::UPDATE,
            Mode::Modify => Action::MODIFY,
        };
        let gate = self.gate_of(model, caller, Some(resource_id), Some(name), &[action]).await?;
        let head = self.head(model, resource_id).await?;
        gate.see(&head)?;
        let head = live(head)?;
        gate.admit_first(&head).await?;
        options.preconditions.check(&head)?;
        readable(&head)
    }

    /// New content for a resource, which `content` makes from the resource as it is read, in the custom action of
    /// that name. When somebody else was faster it is read again and `content` is asked again: no change is lost
    /// between the read and the write.
    pub async fn replace_with(
        &self,
        model: &Model,
        resource_id: &str,
        name: &str,
        options: &ReplaceOptions,
        caller: &Caller,
        content: impl Fn(Arc<Head>) -> Content,
    ) -> Result<Option<Written>> {
        let action = match options.mode {
            Mode::Update => Action::UPDATE,
            Mode::Modify => Action::MODIFY,
        };
        let gate = self.gate_of(model, caller, Some(resource_id), Some(name), &[action]).await?;
        let mut attempts = self.attempts(model, resource_id);
        let mut encoded = Encoded::default();
        loop {
            let head = self.head(model, resource_id).await?;
            gate.see(&head)?;
            let head = Arc::new(live(head)?);
            gate.admit_first(&head).await?;
            options.preconditions.check(&head)?;
            readable(&head)?;
            let Some(body) = content(Arc::clone(&head)).await? else { return Ok(None) };
            let checked = from_program(model, &body)?;
            if gate.judges_input() {
                gate.admit(&head, Some(&checked.payload.data)).await?;
            }
            let head = Arc::unwrap_or_clone(head);
            let change = Rewrite { gate: &gate, options, cause: Cause::Action, head, checked: Some(checked) };
            if let Some(written) = self.write(change, &mut encoded).await? {
                return Ok(Some(written));
            }
            attempts.again().await?;
        }
    }
}
