//! What several rules say together.

use super::Effect;
use crate::access::Decision;

/// What the rules that match a question say together: what happens when they disagree, and when there are none.
///
/// ```
/// use specstar_runtime::acl::{Acl, Combining};
///
/// // One deny is enough, and what no rule mentions is left to the other rules of the application.
/// let acl = Acl::new(Combining::deny_overrides());
/// // As `Acl::permissive()`.
/// let open = Acl::new(Combining::allow_overrides().default_allow());
/// # let _ = (acl, open);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it does nothing until an Acl has it"]
pub struct Combining {
    conflict: Conflict,
    default: Decision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    Deny,
    Allow,
    Order,
}

impl Combining {
    /// One rule that denies is enough; without any rule it is left to other rules of the application.
    pub const fn deny_overrides() -> Self {
        Self { conflict: Conflict::Deny, default: Decision::Abstain }
    }

    /// One rule that allows is enough; without any rule it is left to other rules of the application.
    pub const fn allow_overrides() -> Self {
        Self { conflict: Conflict::Allow, default: Decision::Abstain }
    }

    /// The rule with the smallest `order` decides, and where several with the same order disagree, it is no;
    /// without any rule it is left to other rules of the application.
    pub const fn first_decides() -> Self {
        Self { conflict: Conflict::Order, default: Decision::Abstain }
    }

    /// What no rule matches is allowed.
    pub const fn default_allow(self) -> Self {
        Self { default: Decision::Allow, ..self }
    }

    /// What no rule matches is denied, whatever other rules of the application say.
    pub const fn default_deny(self) -> Self {
        Self { default: Decision::Deny, ..self }
    }

    /// What no rule matches.
    pub(super) const fn default(self) -> Decision {
        self.default
    }

    /// What matching rules say, each with its order; `None` when there are none.
    pub(super) fn combine(self, rules: impl Iterator<Item = (i64, Effect)> + Clone) -> Option<Decision> {
        let first = rules.clone().map(|(order, _)| order).min()?;
        let counts = |order: i64| self.conflict != Conflict::Order || order == first;
        let mut effects = rules.filter(|(order, _)| counts(*order)).map(|(_, effect)| effect);
        let strong = if self.conflict == Conflict::Allow { Effect::Allow } else { Effect::Deny };
        let allowed = effects.any(|effect| effect == strong) == (strong == Effect::Allow);
        Some(if allowed { Decision::Allow } else { Decision::Deny })
    }
}
