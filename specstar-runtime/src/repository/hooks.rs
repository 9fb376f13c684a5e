//! Running the hooks of a change.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::commit::touched;
use super::enqueue::Along;
use super::payload::{self, Checked};
use super::{Caller, Model, Service};
use crate::change::{ChangeKind, ChangeSet, ModelIndex};
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;
use crate::hook::{Cause, Hook, HookContext};
use crate::meta::Head;
use crate::schema;
use crate::store::{CommitError, StoreError};

/// A change that hooks are told about.
#[derive(Clone, Copy)]
pub(super) struct Happening<'a> {
    pub(super) model: &'a Model,
    pub(super) caller: &'a Caller,
    pub(super) resource_id: &'a str,
    pub(super) kind: ChangeKind,
    pub(super) cause: Cause,
}

/// A change that was committed, for the hooks that run after it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) model: ModelIndex,
    pub(super) resource_id: String,
    pub(super) kind: ChangeKind,
    pub(super) cause: Cause,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Option<Vec<u8>>,
}

/// The hooks that run after a commit.
pub(super) struct AfterHooks {
    work: Arc<(Caller, Vec<Hooked>)>,
    running: Option<JoinHandle<()>>,
}

/// The hooks of a type, and what they are told.
type Hooked = (Vec<Arc<dyn Hook>>, &'static ResourceDescriptor, Done);

impl<'a> Happening<'a> {
    /// The same for the hooks that run after it.
    pub(super) fn done(&self, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> Done {
        let (model, resource_id) = (self.model.index, self.resource_id.to_owned());
        Done { model, resource_id, kind: self.kind, cause: self.cause, old, new }
    }

    fn context(&self) -> HookContext<'a> {
        let (principal, now) = (self.caller.principal(), self.caller.now());
        HookContext::new(principal, now, self.model.descriptor(), self.resource_id, (self.kind, self.cause))
    }
}

impl Service {
    /// Whether somebody is to see changes of this type.
    pub(super) fn is_hooked(&self, model: &Model) -> bool {
        !self.hooks.is_empty(model.descriptor())
    }

    /// Fails with 422 when hooks would have to see content that cannot be read: they may have a say in what becomes
    /// of it, and nobody knows which.
    pub(super) fn hookable(&self, model: &Model, head: &Head) -> Result<()> {
        if self.is_hooked(model) { schema::readable(head) } else { Ok(()) }
    }

    /// Lets the before-hooks see new content and change it; what they say goes to `along`.
    pub(super) async fn before_content(
        &self,
        happening: Happening<'_>,
        old: Option<&[u8]>,
        checked: Checked,
        along: &mut Along,
    ) -> Result<Checked> {
        if self.hooks.is_empty(happening.model.descriptor()) {
            return Ok(checked);
        }
        let changed = self.before(happening, old, Some(&checked.payload.data), along).await?;
        match changed {
            Some(body) if body != checked.payload.data => {
                Ok(payload::from_program(happening.model, &body)?.made_from(&checked))
            }
            _ => Ok(checked),
        }
    }

    /// Lets the before-hooks see a change of a resource; gives the content they want instead.
    pub(super) async fn before(
        &self,
        happening: Happening<'_>,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
        along: &mut Along,
    ) -> Result<Option<Vec<u8>>> {
        let mut context = happening.context();
        let mut changed: Option<Vec<u8>> = None;
        for hook in self.hooks.of(happening.model.descriptor()) {
            let wanted = hook.before(&mut context, old, changed.as_deref().or(new)).await?;
            changed = wanted.or(changed);
        }
        let (events, jobs) = context.into_parts();
        along.events.extend(events);
        along.jobs.extend(jobs);
        Ok(changed)
    }

    /// The hooks that run after a commit; `None` when there are none.
    pub(super) fn after_hooks(&self, done: Vec<Done>, caller: &Caller) -> Option<AfterHooks> {
        let hooked = done.into_iter().filter_map(|done| {
            let descriptor = self.model_at(done.model).descriptor();
            let hooks: Vec<Arc<dyn Hook>> = self.hooks.of(descriptor).cloned().collect();
            (!hooks.is_empty()).then_some((hooks, descriptor, done))
        });
        let hooked: Vec<_> = hooked.collect();
        (!hooked.is_empty()).then(|| AfterHooks { work: Arc::new((caller.clone(), hooked)), running: None })
    }

    /// Commits, and lets hooks see what was committed. With hooks that is done on a task of its own: a client that
    /// leaves, or whose time is up, before it hears of the commit must not take them along.
    pub(super) async fn commit_set(
        &self,
        set: ChangeSet,
        hooks: &mut Option<AfterHooks>,
    ) -> Result<(), CommitError> {
        let Some(hooks) = hooks else { return self.store.commit(set).await };
        let (store, work) = (Arc::clone(&self.store), Arc::clone(&hooks.work));
        let (counters, models) = (self.counters(), touched(&set.changes));
        let (tell, told) = oneshot::channel();
        let task = async move {
            let result = store.commit(set).await;
            // A hook that never ends does not keep the store open.
            drop(store);
            let committed = result.is_ok();
            if committed {
                // What they read is as it is now, whoever keeps something of it.
                counters.count(&models);
            }
            // Nobody may be there to hear it.
            let _ = tell.send(result);
            let (caller, hooked) = &*work;
            for (hooks, descriptor, done) in hooked.iter().filter(|_| committed) {
                for hook in hooks {
                    run(&**hook, descriptor, caller, done).await;
                }
            }
        };
        hooks.running = Some(tokio::spawn(task.instrument(tracing::Span::current())));
        told.await.unwrap_or_else(|_| {
            Err(CommitError::Store(StoreError::Internal("a commit ended without a word".to_owned())))
        })
    }

    /// Waits for them, for a while only: they go on when the answer does not wait any more. What goes wrong in them is
    /// logged; the write stands.
    pub(super) async fn wait_for(&self, hooks: AfterHooks, caller: &Caller) {
        let Some(running) = hooks.running else { return };
        if tokio::time::timeout(self.after_hook_wait(caller), running).await.is_err() {
            tracing::warn!("after-hooks take longer than the answer waits for them");
        }
    }

    /// How long an answer waits for them: not so long that the time of its request is up, which would call a write
    /// that is done unavailable. What takes longer than a request may has no such limit.
    fn after_hook_wait(&self, caller: &Caller) -> Duration {
        let (most, limit) = (self.settings.after_hook_wait, self.settings.request_timeout);
        match caller.waited().and_then(|waited| limit.checked_sub(waited)) {
            Some(left) => most.min(left.mul_f32(0.8)),
            None => most,
        }
    }
}

async fn run(hook: &dyn Hook, descriptor: &'static ResourceDescriptor, caller: &Caller, done: &Done) {
    let (resource_id, kind) = (&*done.resource_id, done.kind);
    let context =
        HookContext::new(caller.principal(), caller.now(), descriptor, resource_id, (kind, done.cause));
    // The call itself may panic too, before there is a future.
    let work = async { hook.after(&context, done.old.as_deref(), done.new.as_deref()).await };
    let failed = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it panicked".to_owned(),
    };
    let model = descriptor.id.name;
    tracing::error!(model, resource_id, kind = kind.as_str(), failed, "an after-hook failed");
}
