//! What several rules say together.
//!
//! The rules are asked in the order they stand in, and only until the answer is known. One that fails while it is
//! asked fails the request. [Scopes](AccessControl::scope) are joined by every composite alike: a resource exists
//! where each rule holds it.

use futures_util::future::BoxFuture;

use super::{AccessControl, AccessRequest, Action, Decision, Needs, Principal, RowScope, Rule};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::error::Result;

/// One [`Decision::Deny`] denies; else one [`Decision::Allow`] allows; else it abstains.
///
/// ```
/// use specstar_runtime::access::{Action, allow, deny, deny_overrides};
/// let rules = deny_overrides([allow(Action::FULL), deny(Action::PERMANENTLY_DELETE)]);
/// # let _ = rules;
/// ```
pub fn deny_overrides(rules: impl IntoIterator<Item = Rule>) -> Rule {
    composite(Way::DenyOverrides, rules)
}

/// One [`Decision::Allow`] allows; else one [`Decision::Deny`] denies; else it abstains.
///
/// ```
/// use specstar_runtime::access::{Action, allow, allow_overrides, deny};
/// let rules = allow_overrides([deny(Action::LIFECYCLE), allow(Action::FULL).to_roles(["admin"])]);
/// # let _ = rules;
/// ```
pub fn allow_overrides(rules: impl IntoIterator<Item = Rule>) -> Rule {
    composite(Way::AllowOverrides, rules)
}

/// What the first rule says that does not abstain.
///
/// ```
/// use specstar_runtime::access::{Action, allow, deny, first_decisive};
/// let rules = first_decisive([allow(Action::FULL).to_users(["ann"]), deny(Action::WRITE)]);
/// # let _ = rules;
/// ```
pub fn first_decisive(rules: impl IntoIterator<Item = Rule>) -> Rule {
    composite(Way::FirstDecisive, rules)
}

/// One [`Decision::Deny`] denies; else it allows when every rule does, and abstains when one of them abstains.
///
/// ```
/// use specstar_runtime::access::{Action, all_must_allow, allow, authenticated};
/// let rules = all_must_allow([authenticated(), allow(Action::READ).to_roles(["reader"])]);
/// # let _ = rules;
/// ```
pub fn all_must_allow(rules: impl IntoIterator<Item = Rule>) -> Rule {
    composite(Way::AllMustAllow, rules)
}

fn composite(way: Way, rules: impl IntoIterator<Item = Rule>) -> Rule {
    Rule::new(Composite { way, rules: rules.into_iter().collect() })
}

#[derive(Clone, Copy, Debug)]
enum Way {
    DenyOverrides,
    AllowOverrides,
    FirstDecisive,
    AllMustAllow,
}

struct Composite {
    way: Way,
    rules: Vec<Rule>,
}

impl Composite {
    async fn ask(&self, request: &AccessRequest<'_>) -> Result<Decision> {
        let (mut allowed, mut denied) = (0, false);
        for rule in &self.rules {
            let decision = rule.decide(*request).await?;
            match (self.way, decision) {
                (Way::FirstDecisive, Decision::Allow | Decision::Deny)
                | (Way::DenyOverrides | Way::AllMustAllow, Decision::Deny)
                | (Way::AllowOverrides, Decision::Allow) => return Ok(decision),
                (_, Decision::Allow) => allowed += 1,
                (_, Decision::Deny) => denied = true,
                (_, Decision::Abstain) => {}
            }
        }
        Ok(match self.way {
            Way::AllMustAllow if allowed == self.rules.len() && allowed > 0 => Decision::Allow,
            Way::DenyOverrides if allowed > 0 => Decision::Allow,
            Way::AllowOverrides if denied => Decision::Deny,
            _ => Decision::Abstain,
        })
    }
}

impl AccessControl for Composite {
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        self.rules.iter().fold(Needs::empty(), |needs, rule| needs | rule.needs(model, action))
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
            for rule in &self.rules {
                scope = scope.and(rule.scope(principal, model, now).await?);
            }
            Ok(scope)
        })
    }
}
