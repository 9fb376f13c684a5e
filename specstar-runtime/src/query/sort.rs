//! Sort keys.

use super::field::Field;

/// One sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// What to sort by.
    pub field: Field,
    /// Descending; nulls first ascending, last descending.
    pub descending: bool,
}
