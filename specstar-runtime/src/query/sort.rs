//! Sort keys.

use super::field::Field;
use crate::json::IndexValue;

/// One sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// What to sort by.
    pub by: SortBy,
    /// Descending; nulls first ascending, last descending.
    pub descending: bool,
}

/// What a sort key compares.
#[derive(Clone, Debug, PartialEq)]
pub enum SortBy {
    /// The value of a field.
    Field(Field),
}

impl SortKey {
    /// By a field.
    pub fn new(field: impl Into<Field>, descending: bool) -> Self {
        Self { by: SortBy::Field(field.into()), descending }
    }
}

/// Where a row stands in an order: what its sort keys compare, and its place in the order of creation.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// One value per sort key.
    pub values: Vec<IndexValue>,
    /// The row.
    pub pk: i64,
}
