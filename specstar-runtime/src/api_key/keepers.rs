//! Who may manage keys.

use futures_util::future::BoxFuture;

use crate::access::{AccessControl, AccessRequest, Action, Decision, Needs, Rule};
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;

/// Allows what a rule allows, and denies the rest: who may change a key can become its user, so that no rule for
/// every resource opens them.
pub(crate) struct Keepers(pub(crate) Option<Rule>);

impl AccessControl for Keepers {
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        self.0.as_ref().map_or(Needs::empty(), |rule| rule.needs(model, action))
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(async move {
            let Some(rule) = &self.0 else { return Ok(Decision::Deny) };
            let mut decision = rule.decide(request).await?;
            // Asked here, because what is denied for a part of a read is not asked for the whole.
            if decision == Decision::Abstain && Action::GET_PARTS.contains(request.action) {
                decision = rule.decide(AccessRequest { action: Action::GET, ..request }).await?;
            }
            Ok(if decision == Decision::Allow { Decision::Allow } else { Decision::Deny })
        })
    }
}
