//! The access control that decides by the rows.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::cache::Cache;
use super::{Combining, Source};
use crate::access::{AccessControl, AccessRequest, Decision, Principal, RowScope};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;
use crate::query::{Leaf, MetaField, Operand, Predicate, Test, ValueTest};

/// Decides by the rows of `/_acl` and `/_role`; see the [module](crate::acl). Clones share their rules.
///
/// ```
/// use specstar_runtime::acl::Acl;
/// let acl = Acl::strict().root("root");
/// # let _ = acl;
/// ```
#[derive(Clone)]
#[must_use = "an Acl does nothing until a builder has it"]
pub struct Acl {
    combining: Combining,
    roots: Vec<String>,
    cache: Arc<Cache>,
}

impl Acl {
    /// Rules that are combined like this.
    pub fn new(combining: Combining) -> Self {
        Self { combining, roots: Vec::new(), cache: Arc::default() }
    }

    /// One deny is enough, and what no rule allows is denied.
    pub fn strict() -> Self {
        Self::new(Combining::deny_overrides().default_deny())
    }

    /// One allow is enough, and what no rule denies is allowed.
    pub fn permissive() -> Self {
        Self::new(Combining::allow_overrides().default_allow())
    }

    /// This user may do everything, whatever the rules say, and writes the first rules. There can be several.
    ///
    /// Other controls of the application are asked too, and each of them can refuse.
    pub fn root(mut self, user: impl Into<String>) -> Self {
        self.roots.push(user.into());
        self
    }

    /// Says where the rules come from; `false` when they come from somewhere already. The builder of an
    /// application does this. Until then every question fails.
    pub fn bind(&self, source: Source) -> bool {
        self.cache.bind(source)
    }

    fn is_root(&self, principal: &Principal) -> bool {
        !principal.is_anonymous() && self.roots.iter().any(|root| root == principal.name())
    }
}

impl AccessControl for Acl {
    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(async move {
            if self.is_root(request.principal) {
                return Ok(Decision::Allow);
            }
            Ok(self.cache.rules().await?.decide(self.combining, &request))
        })
    }

    fn scope<'a>(
        &'a self,
        principal: &'a Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RowScope>> {
        Box::pin(async move {
            if self.is_root(principal) {
                return Ok(RowScope::All);
            }
            let hidden = self.cache.rules().await?.hidden(self.combining, principal, model, now);
            if hidden.is_empty() {
                return Ok(RowScope::All);
            }
            let ids = ValueTest::In(hidden.into_iter().map(Operand::Text).collect());
            let listed = Leaf { field: MetaField::ResourceId.into(), test: Test::Value(ids) };
            Ok(RowScope::Rows(Arc::new(!Predicate::Leaf(listed))))
        })
    }
}

impl std::fmt::Debug for Acl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { combining, roots, .. } = self;
        f.debug_struct("Acl").field("combining", combining).field("roots", roots).finish_non_exhaustive()
    }
}
