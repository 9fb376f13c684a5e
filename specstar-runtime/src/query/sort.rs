//! Sort keys.

use super::distance::{Distance, Within};
use super::error::ConditionError;
use super::field::Field;
use super::predicate::{Comparison, Predicate, Test};
use super::trigram::TrigramSet;
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
    /// How a field stands to something. Rows that are equal under it come in order of creation, whatever
    /// its direction.
    Rank(Ranking),
}

/// How the values of a field stand to something, as a number per row. Made by
/// [`Target::similarity`](super::Target::similarity) and [`Target::distance`](super::Target::distance).
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The field.
    pub field: Field,
    /// What is measured.
    pub measure: Measure,
}

/// What a ranking measures.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// The word similarity of a text or a list of texts to a query.
    Similarity(TrigramSet),
    /// The distance of a vector to another one.
    Distance(Distance),
}

impl SortKey {
    /// By a field.
    pub fn new(field: impl Into<Field>, descending: bool) -> Self {
        Self { by: SortBy::Field(field.into()), descending }
    }

    /// By a ranking.
    pub const fn ranked(ranking: Ranking, descending: bool) -> Self {
        Self { by: SortBy::Rank(ranking), descending }
    }

    /// Whether rows that are equal under this key, the last one, come in reverse order of creation.
    pub const fn reverses_ties(&self) -> bool {
        self.descending && matches!(self.by, SortBy::Field(_))
    }
}

impl Ranking {
    /// The sort key of a ranking that is given no direction: what fits best comes first.
    pub const fn best_first(self) -> SortKey {
        let descending = matches!(self.measure, Measure::Similarity(_));
        SortKey::ranked(self, descending)
    }

    /// The rows within a distance, for `<` and `<=`, or beyond it. Only a distance can be compared, and not
    /// for equality.
    pub fn within(self, comparison: Comparison, bound: f64) -> Result<Predicate, ConditionError> {
        let refused = |operator, form| Err(ConditionError::NoSuchOperator { operator, form });
        match (self.measure, comparison) {
            (Measure::Similarity(_), _) => refused(comparison.as_str(), "similarity()"),
            (Measure::Distance(distance), Comparison::Eq) => {
                refused(comparison.as_str(), distance.metric.form())
            }
            (Measure::Distance(distance), _) => {
                Ok(Predicate::leaf(self.field, Test::Within(Within { distance, comparison, bound })))
            }
        }
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
