//! Who calls an operation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::Repeatable;
use crate::access::Principal;
use crate::datetime::Timestamp;
use crate::timeline::Context;

/// Who calls an operation, and the instant it is recorded with.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Principal,
    now: Timestamp,
    trusted: bool,
    request: Option<Arc<Repeatable>>,
    /// When a client began to wait.
    asked: Option<Instant>,
}

impl Caller {
    /// A client: every operation asks the access control first.
    pub fn client(principal: Principal, now: Timestamp) -> Self {
        Self { principal, now, trusted: false, request: None, asked: Some(Instant::now()) }
    }

    /// The program itself, acting in the name of `principal`: not asked what it may do.
    pub fn program(principal: Principal, now: Timestamp) -> Self {
        Self { principal, now, trusted: true, request: None, asked: None }
    }

    /// In whose name.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// When.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the access control is not asked.
    pub fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// The same, whose operation commits its answer with what it changes.
    pub(crate) fn answered_once(mut self, request: Arc<Repeatable>) -> Self {
        self.request = Some(request);
        self
    }

    /// The same for something else than the operation of the request.
    pub(crate) fn apart(&self) -> Self {
        Self { request: None, ..self.clone() }
    }

    /// The same for a client that waits since then.
    pub(crate) fn waiting_since(mut self, asked: Instant) -> Self {
        self.asked = Some(asked);
        self
    }

    /// How long a client has waited.
    pub(super) fn waited(&self) -> Option<Duration> {
        self.asked.map(|asked| asked.elapsed())
    }

    /// The request of the operation, where its answer is kept.
    pub(super) fn request(&self) -> Option<&Arc<Repeatable>> {
        self.request.as_ref()
    }

    pub(crate) fn context(&self) -> Context {
        Context { now: self.now, user: self.principal.name().to_owned() }
    }
}
