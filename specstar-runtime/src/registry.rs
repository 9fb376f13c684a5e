//! What `resources![…]` yields, and the checks that see several types at once.

use crate::action::ActionEntry;
use crate::resource::ResourceEntry;

pub(crate) mod action;
pub mod check;
mod cycle;
#[cfg(test)]
mod tests;
mod text;

#[doc(hidden)]
pub use action::{require_action, require_free};

/// The resource types of a program, in the order of their registration.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    entries: &'static [ResourceEntry],
    actions: &'static [ActionEntry],
    denies_by_default: bool,
    has_jobs: bool,
}

impl Registry {
    /// A list that `resources!` has checked.
    pub const fn new(entries: &'static [ResourceEntry]) -> Self {
        Self { entries, actions: &[], denies_by_default: false, has_jobs: false }
    }

    /// The same list, with actions on its types.
    #[must_use]
    pub const fn with_actions(mut self, actions: &'static [ActionEntry]) -> Self {
        self.actions = actions;
        self
    }

    /// The same list, with the jobs of its actions.
    #[must_use]
    pub const fn with_jobs(mut self) -> Self {
        self.has_jobs = true;
        self
    }

    /// Whether the jobs of its actions belong to it: `resources![…; jobs]`.
    pub const fn has_jobs(&self) -> bool {
        self.has_jobs
    }

    /// Every custom action.
    pub const fn actions(&self) -> &'static [ActionEntry] {
        self.actions
    }

    /// The same list, which denies what no rule allows.
    #[must_use]
    pub const fn denying_by_default(mut self) -> Self {
        self.denies_by_default = true;
        self
    }

    /// Whether what no rule allows is denied: `resources![deny_by_default; …]`.
    pub const fn denies_by_default(&self) -> bool {
        self.denies_by_default
    }

    /// One entry per type.
    pub const fn entries(&self) -> &'static [ResourceEntry] {
        self.entries
    }
}
