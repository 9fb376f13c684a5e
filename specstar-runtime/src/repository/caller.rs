//! Who calls an operation.

use crate::access::Principal;
use crate::datetime::Timestamp;
use crate::timeline::Context;

/// Who calls an operation, and the instant it is recorded with.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Principal,
    now: Timestamp,
    trusted: bool,
}

impl Caller {
    /// A client: every operation asks the access control first.
    pub fn client(principal: Principal, now: Timestamp) -> Self {
        Self { principal, now, trusted: false }
    }

    /// The program itself, acting in the name of `principal`: not asked what it may do.
    pub fn program(principal: Principal, now: Timestamp) -> Self {
        Self { principal, now, trusted: true }
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

    pub(crate) fn context(&self) -> Context {
        Context { now: self.now, user: self.principal.name().to_owned() }
    }
}
