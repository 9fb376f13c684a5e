//! Code of the program that runs before and after changes.
//!
//! *Before-hooks* run after the caller was let through and before anything is written: they may change what is
//! stored, refuse the change with an error, and [emit](HookContext::emit) messages and [ask for
//! jobs](HookContext::enqueue) that commit with it. They run
//! outside of the transaction and once more when somebody else was faster, so they must have no effect outside.
//! *After-hooks* run once the change is durable. The answer waits for them for a few seconds, then they go on without
//! it; what fails in them is logged and changes neither the write nor the answer. They run also for a client that left
//! during the commit, but not when the process ends then. What must happen for every change, whatever becomes of this
//! process, is read from the log by a [subscriber](crate::event).
//!
//! Hooks of all resources run before those of one type, each in the order they were given. They see every change of
//! a resource, also those that a delete makes to what refers to it. Reads run no hooks.

mod typed;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;

pub use typed::Hooks;
pub(crate) use typed::Typed;

use crate::access::Principal;
use crate::change::{ChangeKind, NewEvent};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::job::{Enqueue, JobPayload, NewJob};
use crate::meta::Stamp;

/// What a hook is told about a change besides the content.
#[derive(Debug)]
pub struct HookContext<'a> {
    /// In whose name.
    pub principal: &'a Principal,
    /// The instant the change is recorded with.
    pub now: Timestamp,
    /// Of which resource type.
    pub model: &'static ResourceDescriptor,
    /// Of which resource.
    pub resource_id: &'a str,
    /// What happens to it.
    pub kind: ChangeKind,
    /// What asked for it.
    pub cause: Cause,
    events: Vec<NewEvent>,
    jobs: Vec<NewJob>,
}

/// What asked for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An operation on the resource itself.
    Request,
    /// A patch of the resource itself.
    Patch,
    /// A custom action.
    Action,
    /// The delete or restore of a resource that it refers to.
    Reference,
}

impl<'a> HookContext<'a> {
    pub(crate) fn new(
        principal: &'a Principal,
        now: Timestamp,
        model: &'static ResourceDescriptor,
        resource_id: &'a str,
        (kind, cause): (ChangeKind, Cause),
    ) -> Self {
        Self { principal, now, model, resource_id, kind, cause, events: Vec::new(), jobs: Vec::new() }
    }

    /// Sends subscribers a message that is logged when the change is, and not at all when it is not.
    pub fn emit(&mut self, name: impl Into<String>, body: &impl Serialize) -> Result<()> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        let at = Stamp { time: self.now, by: self.principal.name().to_owned() };
        self.events.push(NewEvent { name: name.into(), body, at });
        Ok(())
    }

    /// Asks for a job that is made when the change is, and not at all when it is not. After-hooks come too late for
    /// it.
    pub fn enqueue<P: JobPayload>(&mut self, job: impl Into<Enqueue<P>>) -> Result<()> {
        self.jobs.push(job.into().into_new_job()?);
        Ok(())
    }

    pub(crate) fn into_parts(self) -> (Vec<NewEvent>, Vec<NewJob>) {
        (self.events, self.jobs)
    }
}

/// Hooks of every resource type: content is JSON.
///
/// For the hooks of one type see [`Hooks`]. What a change does not have is `None`: a create has no old content, a
/// delete and a restore no new one.
pub trait Hook: Send + Sync + 'static {
    /// Before a change: `Some` replaces the new content of a create, an update or an in-place change; it is ignored
    /// elsewhere. An `Err` refuses the change.
    fn before<'a>(
        &'a self,
        context: &'a mut HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>>> {
        let _ = (context, old, new);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// After a change was committed.
    fn after<'a>(
        &'a self,
        context: &'a HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (context, old, new);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Every hook of an application.
#[derive(Clone, Default)]
pub struct HookSet {
    global: Vec<Arc<dyn Hook>>,
    models: HashMap<u64, Vec<Arc<dyn Hook>>>,
}

impl HookSet {
    /// Adds a hook of every resource type.
    pub fn add(&mut self, hook: Arc<dyn Hook>) {
        self.global.push(hook);
    }

    /// Adds a hook of one type, by the [`path_hash`](crate::descriptor::Identity::path_hash) of the type.
    pub fn add_for(&mut self, type_hash: u64, hook: Arc<dyn Hook>) {
        self.models.entry(type_hash).or_default().push(hook);
    }

    /// Whether a change of this type runs no hook.
    pub fn is_empty(&self, model: &ResourceDescriptor) -> bool {
        self.of(model).next().is_none()
    }

    /// The hooks of a type, in the order they run.
    pub fn of<'a>(&'a self, model: &ResourceDescriptor) -> impl Iterator<Item = &'a Arc<dyn Hook>> {
        let own = self.models.get(&model.id.path_hash).map(Vec::as_slice).unwrap_or_default();
        self.global.iter().chain(own)
    }
}
