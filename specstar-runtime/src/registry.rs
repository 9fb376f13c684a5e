//! What `resources![…]` yields, and the checks that see several types at once.

use crate::resource::ResourceEntry;

pub mod check;
#[cfg(test)]
mod tests;
mod text;

/// The resource types of a program, in the order of their registration.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    entries: &'static [ResourceEntry],
}

impl Registry {
    /// A list that `resources!` has checked.
    pub const fn new(entries: &'static [ResourceEntry]) -> Self {
        Self { entries }
    }

    /// One entry per type.
    pub const fn entries(&self) -> &'static [ResourceEntry] {
        self.entries
    }
}
