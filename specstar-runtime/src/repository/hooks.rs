//! Running the hooks of a change.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::payload::{self, Checked};
use super::{Caller, Model, Service};
use crate::change::{ChangeKind, NewEvent};
use crate::error::Result;
use crate::hook::{Cause, HookContext};

/// A change that hooks are told about.
#[derive(Clone, Copy)]
pub(super) struct Happening<'a> {
    pub(super) model: &'a Model,
    pub(super) caller: &'a Caller,
    pub(super) resource_id: &'a str,
    pub(super) kind: ChangeKind,
    pub(super) cause: Cause,
}

impl<'a> Happening<'a> {
    fn context(&self) -> HookContext<'a> {
        let (principal, now) = (self.caller.principal(), self.caller.now());
        HookContext::new(principal, now, self.model.descriptor(), self.resource_id, (self.kind, self.cause))
    }
}

impl Service {
    /// Lets the before-hooks see new content and change it; their messages go to `events`.
    pub(super) async fn before_content(
        &self,
        happening: Happening<'_>,
        old: Option<&[u8]>,
        checked: Checked,
        events: &mut Vec<NewEvent>,
    ) -> Result<Checked> {
        if self.hooks.is_empty(happening.model.descriptor()) {
            return Ok(checked);
        }
        let changed = self.before(happening, old, Some(&checked.payload.data), events).await?;
        match changed {
            Some(body) if body != checked.payload.data => payload::from_program(happening.model, &body),
            _ => Ok(checked),
        }
    }

    /// Lets the before-hooks see a change of a resource; gives the content they want instead.
    pub(super) async fn before(
        &self,
        happening: Happening<'_>,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
        events: &mut Vec<NewEvent>,
    ) -> Result<Option<Vec<u8>>> {
        let mut context = happening.context();
        let mut changed: Option<Vec<u8>> = None;
        for hook in self.hooks.of(happening.model.descriptor()) {
            let wanted = hook.before(&mut context, old, changed.as_deref().or(new)).await?;
            changed = wanted.or(changed);
        }
        events.extend(context.into_events());
        Ok(changed)
    }

    /// Lets the after-hooks see a committed change. What goes wrong in them is logged: the write stands.
    pub(super) async fn after(&self, happening: Happening<'_>, old: Option<&[u8]>, new: Option<&[u8]>) {
        for hook in self.hooks.of(happening.model.descriptor()) {
            let context = happening.context();
            let failed = match AssertUnwindSafe(hook.after(&context, old, new)).catch_unwind().await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            let (model, resource_id) = (happening.model.name(), happening.resource_id);
            tracing::error!(
                model,
                resource_id,
                kind = happening.kind.as_str(),
                failed,
                "an after-hook failed"
            );
        }
    }
}
