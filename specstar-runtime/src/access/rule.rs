//! Rules: what an application says about who may do what, put together from small parts.
//!
//! Each rule speaks of its own set of actions and [abstains](Decision::Abstain) on every other one. What nobody
//! allows is refused, so a list of `allow…` rules is a white list.
//!
//! [`Action::GET`] consists of parts ([`Action::GET_PARTS`]), which reads are asked for. A rule that denies `GET`
//! denies them too; one that allows it speaks for those of which no rule speaks.
//!
//! ```
//! use specstar_runtime::access::{Action, allow, authenticated, deny, first_decisive, owner};
//!
//! let rules = first_decisive([
//!     allow(Action::FULL).to_roles(["admin"]),
//!     deny(Action::LIFECYCLE).to_users(["guest"]),
//!     owner(Action::OWNER),
//!     allow(Action::READ | Action::READ_LIST | Action::CREATE).to_authenticated(),
//! ]);
//! # let _ = (rules, authenticated());
//! ```
//!
//! | rule | says |
//! | --- | --- |
//! | [`allow`], [`deny`], [`authenticated`] | something about the action alone |
//! | [`allow_if`](super::allow_if), [`deny_if`](super::deny_if) | something about the resource as it stands |
//! | [`allow_input_if`](super::allow_input_if), [`deny_input_if`](super::deny_input_if) | something about the content that would be stored |
//! | [`allow_meta_if`](super::allow_meta_if), [`deny_meta_if`](super::deny_meta_if), [`owner`](super::owner) | something about its metadata |
//! | [`allow_fields`](super::allow_fields) | which fields a change may touch |
//! | [`deny_overrides`](super::deny_overrides), [`allow_overrides`](super::allow_overrides), [`first_decisive`](super::first_decisive), [`all_must_allow`](super::all_must_allow) | what several rules say together |

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};

use super::{AccessControl, AccessRequest, Action, Decision, Needs, Principal, RowScope};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;
use crate::resource::Resource;

/// A rule that can be shared, narrowed and combined. Any [`AccessControl`] becomes one with [`Rule::new`].
#[derive(Clone)]
#[must_use = "a rule does nothing until an application has it"]
pub struct Rule(Arc<dyn AccessControl>);

impl Rule {
    /// The rule of a control.
    pub fn new(control: impl AccessControl) -> Self {
        Self(Arc::new(control))
    }

    /// The rule, for those who have one of these roles by their credentials; it abstains for all others.
    ///
    /// Roles that rows of an [`Acl`](crate::acl::Acl) give are known to the `Acl` only.
    pub fn to_roles(self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        self.to(move |principal| principal.roles().iter().any(|role| roles.contains(role)))
    }

    /// The rule, for these users; it abstains for all others. Nobody known is no user, whatever the names are.
    pub fn to_users(self, users: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let users: Vec<String> = users.into_iter().map(Into::into).collect();
        self.to(move |principal| {
            !principal.is_anonymous() && users.iter().any(|user| user == principal.name())
        })
    }

    /// The rule, for everybody who is known; it abstains for the others.
    pub fn to_authenticated(self) -> Self {
        self.to(|principal| !principal.is_anonymous())
    }

    /// The rule, for those a function picks; it abstains for all others.
    ///
    /// ```
    /// use specstar_runtime::access::{Action, allow};
    /// let paying = allow(Action::WRITE).to(|user| user.claim("plan").is_some_and(|plan| plan == "gold"));
    /// # let _ = paying;
    /// ```
    pub fn to(self, whom: impl Fn(&Principal) -> bool + Send + Sync + 'static) -> Self {
        Self::new(Narrowed { whom: Box::new(whom), of: None, rule: self })
    }

    /// The rule, for resources of type `R`; it abstains for all others.
    pub fn of<R: Resource>(self) -> Self {
        Self::new(Narrowed { whom: Box::new(|_| true), of: Some(R::ID.path_hash), rule: self })
    }
}

impl AccessControl for Rule {
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        self.0.needs(model, action)
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        self.0.decide(request)
    }

    fn scope<'a>(
        &'a self,
        principal: &'a Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RowScope>> {
        self.0.scope(principal, model, now)
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rule")
    }
}

/// Everybody may do this.
pub fn allow(actions: Action) -> Rule {
    Rule::new(Fixed { actions, decision: Decision::Allow })
}

/// Nobody may do this. Who may not [`GET`](Action::GET) a resource may read no part of it either.
///
/// [`allow(Action::GET)`](allow) is weaker: it speaks for the parts only where no rule speaks of them. Before a rule
/// that denies `GET`, a list like [`first_decisive`](super::first_decisive) has to allow [`Action::READ`].
pub fn deny(actions: Action) -> Rule {
    Rule::new(Fixed { actions: denied(actions), decision: Decision::Deny })
}

/// What a rule that denies these actions denies: with [`Action::GET`] all it consists of, and files.
pub(crate) fn denied(actions: Action) -> Action {
    if actions.contains(Action::GET) { actions | Action::ANSWERED_BY_GET } else { actions }
}

/// Everybody who is known may do everything.
pub fn authenticated() -> Rule {
    allow(Action::FULL).to_authenticated()
}

/// Whether the rules for these actions have to see what a question about `action` is about. A question about a
/// part of [`Action::GET`] is asked about `GET` too, where nobody speaks of the part.
pub(super) fn may_speak(actions: Action, action: Action) -> bool {
    actions.intersects(action) || action.general().is_some_and(|general| actions.contains(general))
}

struct Fixed {
    actions: Action,
    decision: Decision,
}

impl AccessControl for Fixed {
    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        let speaks = self.actions.contains(request.action);
        Box::pin(ready(Ok(if speaks { self.decision } else { Decision::Abstain })))
    }
}

struct Narrowed {
    whom: Box<dyn Fn(&Principal) -> bool + Send + Sync>,
    of: Option<u64>,
    rule: Rule,
}

impl Narrowed {
    fn speaks_of(&self, model: &ResourceDescriptor) -> bool {
        self.of.is_none_or(|hash| hash == model.id.path_hash)
    }
}

impl AccessControl for Narrowed {
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        if self.speaks_of(model) { self.rule.needs(model, action) } else { Needs::empty() }
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        if self.speaks_of(request.model) && (self.whom)(request.principal) {
            return self.rule.decide(request);
        }
        Box::pin(ready(Ok(Decision::Abstain)))
    }

    fn scope<'a>(
        &'a self,
        principal: &'a Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RowScope>> {
        if self.speaks_of(model) && (self.whom)(principal) {
            return self.rule.scope(principal, model, now);
        }
        Box::pin(ready(Ok(RowScope::All)))
    }
}
