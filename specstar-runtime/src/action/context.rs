//! The parts of a call.

use std::sync::Arc;

use bytes::Bytes;

use crate::access::Principal;
use crate::clock::{Clock, clock_fn};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::meta::Head;
use crate::repository::{Caller, Repository, Service};
use crate::resource::Resource;

/// A call of an action: what its arguments are made of. Clones share it.
#[derive(Clone)]
pub struct ActionInput {
    pub(super) call: Arc<Call>,
    pub(super) existing: Option<Arc<Head>>,
}

/// What stays the same however often the function is called.
pub(super) struct Call {
    pub(super) service: Arc<Service>,
    pub(super) utc_offset: i32,
    pub(super) caller: Caller,
    pub(super) body: Bytes,
    pub(super) query: Vec<(String, String)>,
    pub(super) path: Vec<(String, String)>,
}

impl ActionInput {
    /// A call with these parts: names and values of the query and of the path, both decoded.
    pub fn new(
        service: Arc<Service>,
        utc_offset: i32,
        caller: Caller,
        body: Bytes,
        query: Vec<(String, String)>,
        path: Vec<(String, String)>,
    ) -> Self {
        let call = Call { service, utc_offset, caller, body, query, path };
        Self { call: Arc::new(call), existing: None }
    }

    /// The same call on this resource.
    #[must_use]
    pub fn on(&self, existing: Arc<Head>) -> Self {
        Self { existing: Some(existing), ..self.clone() }
    }
}

impl std::fmt::Debug for ActionInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActionInput").field("caller", &self.call.caller).finish_non_exhaustive()
    }
}

/// Who calls an action, when, and the resources of the application.
#[derive(Clone)]
pub struct ActionContext {
    pub(super) call: Arc<Call>,
}

impl ActionContext {
    /// Who calls.
    pub fn principal(&self) -> &Principal {
        self.call.caller.principal()
    }

    /// The instant everything of the request is recorded with.
    pub fn now(&self) -> Timestamp {
        self.call.caller.now()
    }

    /// The resources of a registered type. What is written there is recorded in the name of the caller, whom nobody
    /// asks whether he may: the action is the program itself. It is written at once, and stays when the action fails
    /// or is called again.
    pub fn repository<R: Resource>(&self) -> Result<Repository<R>> {
        let now = self.now();
        let clock: Arc<dyn Clock> = Arc::new(clock_fn(move |_| Ok(now)));
        let repository = Repository::new(Arc::clone(&self.call.service), clock, self.call.utc_offset);
        let repository =
            repository.ok_or_else(|| Error::internal(format!("`{}` is not registered", R::ID.path)))?;
        Ok(repository.in_the_name_of(self.principal().clone()))
    }
}

impl std::fmt::Debug for ActionContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActionContext").field("caller", &self.call.caller).finish_non_exhaustive()
    }
}
