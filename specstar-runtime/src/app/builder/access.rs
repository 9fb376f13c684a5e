//! Who may do what, and who is who.

use std::sync::Arc;

use super::SpecStarBuilder;
use crate::access::{AccessControl, Anonymous, Policies, Principal, PrincipalExtractor, Scope, ScopeOf};
use crate::acl::{Acl, AclRule, RoleMember};
use crate::api_key::{ApiKey, ApiKeys, Keepers};
use crate::resource::Resource;

/// Everything that was said about who may do what.
#[derive(Default)]
pub(super) struct Access {
    pub(super) global: Vec<Arc<dyn AccessControl>>,
    pub(super) models: Vec<(u64, Arc<dyn AccessControl>)>,
    pub(super) scopes: Vec<(u64, ScopeOf)>,
    pub(super) acl: Option<Acl>,
    pub(super) open: bool,
    pub(super) deny_by_default: bool,
}

impl SpecStarBuilder {
    /// Whether what no rule allows is denied: one of the registered lists said `deny_by_default`.
    pub fn denies_by_default(&self) -> bool {
        self.access.deny_by_default
    }

    /// Who may do what with every resource. Without any rule everything is allowed, and the log says so at start.
    /// Called several times, all rules hold: one that denies is enough, and one has to allow.
    pub fn access(mut self, control: impl AccessControl) -> Self {
        self.access.global.push(Arc::new(control));
        self
    }

    /// Who may do what with resources of type `R`, besides the rules for every resource: one that denies is enough.
    ///
    /// ```no_run
    /// # use specstar_runtime::{app::SpecStar, resource::Resource};
    /// # fn example<Note: Resource>() {
    /// use specstar_runtime::access::{Action, allow, owner, authenticated};
    /// let builder = SpecStar::builder()
    ///     .access(authenticated())
    ///     .access_for::<Note>(owner(Action::OWNER));
    /// # let _ = builder;
    /// # }
    /// ```
    pub fn access_for<R: Resource>(mut self, control: impl AccessControl) -> Self {
        self.access.models.push((R::ID.path_hash, Arc::new(control)));
        self
    }

    /// Whether what no rule speaks of is refused (no).
    pub fn deny_by_default(mut self, refused: bool) -> Self {
        self.access.deny_by_default = refused;
        self
    }

    /// Rules as resources: registers `/_acl` and `/_role`, and decides by them. See [`acl`](crate::acl).
    pub fn acl(mut self, acl: Acl) -> Self {
        self.access.acl = Some(acl);
        self
    }

    /// Which resources of one type exist for whom; the attribute `scope` says the same.
    pub fn scope<R: Resource>(
        mut self,
        scope: impl Fn(&Principal) -> Scope<R> + Send + Sync + 'static,
    ) -> Self {
        let erased = move |principal: &Principal, now| scope(principal).erase(now);
        self.access.scopes.push((R::ID.path_hash, Arc::new(erased)));
        self
    }

    /// States that everything is meant to be allowed, so that the log need not warn.
    pub fn open_access(mut self) -> Self {
        self.access.open = true;
        self
    }

    /// Who makes a request. Without it everybody is anonymous. With an extractor that knows credentials, a request
    /// without them is 401, unless [`allow_anonymous`](Self::allow_anonymous) says otherwise.
    pub fn principal(mut self, extractor: impl PrincipalExtractor) -> Self {
        self.principals = Some(Arc::new(extractor));
        self
    }

    /// Answers requests without credentials too, as those of somebody anonymous. Credentials that are no good stay
    /// 401.
    ///
    /// Where rules or scopes tell users apart, nobody anonymous has uploads of his own: a file is stored with the
    /// resource that names it, which brings its bytes. Upload sessions are known by their ids, which nobody guesses.
    pub fn allow_anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// API keys: registers `/_api-key`, and recognises their users unless [`principal`](Self::principal) is called
    /// too. See [`api_key`](crate::api_key).
    pub fn api_keys(mut self, keys: ApiKeys) -> Self {
        self.api_keys = Some(keys);
        self
    }

    /// The resource types of the framework itself, behind those of the application.
    pub(super) fn register_built_in(&mut self) {
        if self.access.acl.is_some() {
            self.entries.extend([AclRule::ENTRY, RoleMember::ENTRY]);
        }
        if self.api_keys.is_some() {
            self.entries.push(ApiKey::ENTRY);
        }
    }

    pub(super) fn principals(&mut self) -> Arc<dyn PrincipalExtractor> {
        let keys = || self.api_keys.clone().map(|keys| Arc::new(keys) as Arc<dyn PrincipalExtractor>);
        let given = self.principals.take().or_else(keys).unwrap_or_else(|| Arc::new(Anonymous));
        if self.anonymous { Arc::new(given.or(Anonymous)) } else { given }
    }

    /// Every rule: those of all resources, those of a type, and what its attributes say.
    pub(super) fn policies(&self) -> Policies {
        let Access { global, models, scopes, acl, deny_by_default, .. } = &self.access;
        let mut policies = Policies::default();
        policies.set_deny_by_default(*deny_by_default);
        for control in global {
            policies.add(Arc::clone(control));
        }
        for (hash, control) in models {
            policies.add_for(*hash, Arc::clone(control));
        }
        for (hash, scope) in scopes {
            policies.add_scope(*hash, Arc::clone(scope));
        }
        if let Some(acl) = acl {
            policies.add(Arc::new(acl.clone()));
        }
        for entry in &self.entries {
            policies.add_policy(entry.descriptor.id.path_hash, entry.policy);
        }
        if let Some(keepers) = self.keepers_of_keys() {
            policies.add_for(ApiKey::ID.path_hash, Arc::new(keepers));
        }
        policies
    }

    /// Says in the log what is open although nobody said that it should be.
    pub(super) fn warn_of_open(&self, policies: &Policies) {
        if self.access.open {
            return;
        }
        for model in self.entries.iter().map(|entry| entry.descriptor) {
            if policies.is_open(model) {
                let model = model.id.name;
                tracing::warn!(
                    model,
                    "no rule: everybody may do everything (open_access() says it is meant)"
                );
            }
        }
    }

    /// Where there is an `Acl` it is careful with keys by itself.
    pub(super) fn keepers_of_keys(&self) -> Option<Keepers> {
        let managers = self.api_keys.as_ref()?.managers.clone();
        (managers.is_some() || self.access.acl.is_none()).then_some(Keepers(managers))
    }
}
