//! What an application decides with: the rules of all resources and those of each type, together.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{AccessControl, AccessRequest, Decision, Needs, Principal, RowScope};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;

/// What the attributes of a resource type say about access.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// `permission = …`: makes the rule.
    pub permission: Option<fn() -> Arc<dyn AccessControl>>,
    /// `scope = …`.
    pub scope: Option<fn(&Principal, Timestamp) -> Result<RowScope>>,
}

impl Policy {
    /// The attributes say nothing.
    pub const NONE: Self = Self { permission: None, scope: None };
}

/// A scope of one type, without the type.
pub type ScopeOf = Arc<dyn Fn(&Principal, Timestamp) -> Result<RowScope> + Send + Sync>;

/// Every rule of an application. Those of all resources and those of a type are all asked, in the order they were
/// given: one [`Decision::Deny`] refuses, else one [`Decision::Allow`] allows, else it is refused. Scopes are
/// joined: a resource exists where every one of them holds it.
#[derive(Clone, Default)]
pub struct Policies {
    global: Vec<Arc<dyn AccessControl>>,
    models: HashMap<u64, Vec<Arc<dyn AccessControl>>>,
    scopes: HashMap<u64, Vec<ScopeOf>>,
    deny_by_default: bool,
}

impl Policies {
    /// Adds a rule for every resource.
    pub fn add(&mut self, control: Arc<dyn AccessControl>) {
        self.global.push(control);
    }

    /// Adds a rule for the resources of one type, by the [`path_hash`](crate::descriptor::Identity::path_hash) of
    /// the type.
    pub fn add_for(&mut self, type_hash: u64, control: Arc<dyn AccessControl>) {
        self.models.entry(type_hash).or_default().push(control);
    }

    /// Adds a scope for the resources of one type.
    pub fn add_scope(&mut self, type_hash: u64, scope: ScopeOf) {
        self.scopes.entry(type_hash).or_default().push(scope);
    }

    /// Adds what the attributes of a type say.
    pub fn add_policy(&mut self, type_hash: u64, policy: Policy) {
        if let Some(permission) = policy.permission {
            self.add_for(type_hash, permission());
        }
        if let Some(scope) = policy.scope {
            self.add_scope(type_hash, Arc::new(scope));
        }
    }

    /// Whether what no rule speaks of is refused.
    pub fn set_deny_by_default(&mut self, denied: bool) {
        self.deny_by_default = denied;
    }

    /// Whether everything is allowed to everybody because no rule speaks of this type.
    pub fn is_open(&self, model: &ResourceDescriptor) -> bool {
        !self.deny_by_default && self.rules(model).next().is_none()
    }

    /// Whether everything is allowed to everybody: there is no rule and no scope at all.
    pub fn is_wholly_open(&self) -> bool {
        !self.deny_by_default && self.global.is_empty() && self.models.is_empty() && self.scopes.is_empty()
    }

    /// Whether some rule speaks of this type.
    pub fn has_rules(&self, model: &ResourceDescriptor) -> bool {
        self.rules(model).next().is_some()
    }

    fn rules<'a>(&'a self, model: &ResourceDescriptor) -> impl Iterator<Item = &'a Arc<dyn AccessControl>> {
        let own = self.models.get(&model.id.path_hash).map(Vec::as_slice).unwrap_or_default();
        self.global.iter().chain(own)
    }

    async fn ask(&self, request: &AccessRequest<'_>) -> Result<Decision> {
        let mut decision = Decision::Abstain;
        for rule in self.rules(request.model) {
            match rule.decide(*request).await? {
                Decision::Deny => return Ok(Decision::Deny),
                Decision::Allow => decision = Decision::Allow,
                Decision::Abstain => {}
            }
        }
        Ok(if self.is_open(request.model) { Decision::Allow } else { decision })
    }
}

impl AccessControl for Policies {
    fn needs(&self, model: &'static ResourceDescriptor, action: super::Action) -> Needs {
        self.rules(model).fold(Needs::empty(), |needs, rule| needs | rule.needs(model, action))
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(async move { self.ask(&request).await })
    }

    fn scope<'a>(
        &'a self,
        principal: &'a Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RowScope>> {
        Box::pin(async move {
            let mut scope = RowScope::All;
            for rule in self.rules(model) {
                scope = scope.and(rule.scope(principal, model, now).await?);
            }
            for own in self.scopes.get(&model.id.path_hash).into_iter().flatten() {
                scope = scope.and(own(principal, now)?);
            }
            Ok(scope)
        })
    }
}
