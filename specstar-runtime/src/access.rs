//! Who may do what: the port every route asks before it acts.

mod action;
mod attribute;
mod chain;
mod combine;
mod data;
mod fields;
#[cfg(feature = "jwt")]
pub mod jwt;
mod policy;
mod principal;
pub mod rule;
mod scope;
mod security;
#[cfg(test)]
mod tests;

use futures_util::future::BoxFuture;

pub use action::Action;
pub use attribute::{PermissionFn, ScopeFn};
#[doc(hidden)]
pub use attribute::{open, permission, scope_of};
pub use chain::Or;
pub(crate) use chain::{bearer, is_ambiguous};
pub use combine::{all_must_allow, allow_overrides, deny_overrides, first_decisive};
pub use data::{allow_if, allow_input_if, allow_meta_if, deny_if, deny_input_if, deny_meta_if, owner};
pub use fields::allow_fields;
#[cfg(feature = "jwt")]
pub use jwt::Jwt;
pub use policy::{Policies, Policy, ScopeOf};
pub use principal::{Anonymous, Principal, PrincipalExtractor, User, principal_fn};
pub use rule::{Rule, allow, authenticated, deny};
pub use scope::{RowScope, Scope};
pub use security::Security;

use crate::datetime::Timestamp;
use crate::descriptor::{Identity, ResourceDescriptor};
use crate::error::{Error, Result};
use crate::meta::{HeadRef, RevisionStatus};

/// One question: may this principal do this, here, now?
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// A single action, never a group.
    pub action: Action,
    /// On which resource type.
    pub model: &'static ResourceDescriptor,
    /// The name of the custom action, where one is called.
    pub custom: Option<&'a str>,
    /// On which resource; `None` for a whole type, as in a list or a create.
    pub resource_id: Option<&'a str>,
    /// The resource as it stands, where the control [needs](AccessControl::needs) it and there is one.
    pub current: Option<&'a HeadRef<'a>>,
    /// The content that would be stored, as canonical JSON, where the control needs it and there is one.
    pub input: Option<&'a [u8]>,
    /// The status that the current revision would get, where a request says one.
    pub status: Option<RevisionStatus>,
    /// The instant of the request.
    pub now: Timestamp,
}

/// The answer. Only [`Decision::Allow`] lets the request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// This rule has nothing to say; refused unless another rule allows.
    Abstain,
}

/// Decides who may do what. An `Err` fails the request; it never counts as allowed.
pub trait AccessControl: Send + Sync + 'static {
    /// What a decision on this action looks at besides who asks for what. A control that needs the resource is
    /// asked once it was read, so that somebody it refuses learns whether it exists.
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        let _ = (model, action);
        Needs::empty()
    }

    /// Decides one question.
    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>>;

    /// Which resources of a type exist for somebody at all.
    fn scope<'a>(
        &'a self,
        principal: &'a Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RowScope>> {
        let _ = (principal, model, now);
        Box::pin(std::future::ready(Ok(RowScope::All)))
    }
}

bitflags::bitflags! {
    /// What a decision looks at.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Needs: u8 {
        /// The resource as it stands.
        const CURRENT = 1;
        /// The content that would be stored.
        const INPUT = 2;
    }
}

/// Everybody may do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl AccessControl for AllowAll {
    fn decide<'a>(&'a self, _: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(std::future::ready(Ok(Decision::Allow)))
    }
}

/// Access decided by a function.
///
/// ```
/// use specstar_runtime::access::{Action, Decision, access_fn};
/// let readers = access_fn(|request| {
///     if Action::READ.contains(request.action) || request.principal.name() == "root" {
///         Decision::Allow
///     } else {
///         Decision::Deny
///     }
/// });
/// # let _ = readers;
/// ```
pub fn access_fn<F>(decide: F) -> impl AccessControl
where
    F: Fn(&AccessRequest<'_>) -> Decision + Send + Sync + 'static,
{
    FnAccess(decide)
}

struct FnAccess<F>(F);

impl<F> AccessControl for FnAccess<F>
where
    F: Fn(&AccessRequest<'_>) -> Decision + Send + Sync + 'static,
{
    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(std::future::ready(Ok((self.0)(&request))))
    }
}

/// Stands for files that belong to no resource: uploads are asked of it ([`Action::WRITE_BLOB`]), and so is reading
/// what one has uploaded and no resource names yet ([`Action::READ_BLOB`]). No resource type can have its name.
///
/// ```
/// use specstar_runtime::access::{Action, BLOBS, Decision, access_fn};
/// let editors_upload = access_fn(|request| match request.model.id.name == BLOBS.id.name {
///     true if request.principal.roles().iter().any(|role| role == "editor") => Decision::Allow,
///     true => Decision::Deny,
///     false => Decision::Abstain,
/// });
/// # let _ = editors_upload;
/// ```
pub static BLOBS: ResourceDescriptor =
    ResourceDescriptor::named(Identity::new("blobs", "specstar::blobs", "Blobs"));

/// Decides one question. Where no rule speaks of the action itself, a rule of a more general one does: of
/// [`Action::GET`] for the actions that read one resource, of [`Action::CREATE`] for uploads.
#[allow(clippy::large_types_passed_by_value)] // The port takes it by value, twice.
pub(crate) async fn authorize(control: &dyn AccessControl, request: AccessRequest<'_>) -> Result<()> {
    let mut decision = control.decide(request).await?;
    if decision == Decision::Abstain
        && let Some(action) = request.action.general()
    {
        decision = control.decide(AccessRequest { action, ..request }).await?;
    }
    if decision == Decision::Allow {
        return Ok(());
    }
    Err(Error::PermissionDenied {
        user: request.principal.name().to_owned(),
        action: request.action.name().to_owned(),
        model: request.model.id.name.to_owned(),
    })
}
