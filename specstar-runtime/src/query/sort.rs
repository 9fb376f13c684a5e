//! Sort keys.

use super::distance::{Distance, Within};
use super::error::ConditionError;
use super::field::{Field, Shape};
use super::predicate::{Comparison, Predicate, Test};
use super::trigram::TrigramSet;
use crate::descriptor::{IndexKind, ResourceDescriptor};
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

impl SortBy {
    /// What it compares: `None` for a field the resource does not have.
    pub fn shape(&self, descriptor: &ResourceDescriptor) -> Option<Shape> {
        match self {
            Self::Field(Field::Meta(meta)) => Some(meta.shape()),
            Self::Field(Field::Index(at)) => descriptor.indexes.get(*at).map(Shape::of),
            Self::Rank(_) => Some(Shape { kind: IndexKind::Float, list: false, nullable: true }),
        }
    }

    /// Whether some row can have this value.
    fn accepts(&self, value: &IndexValue, descriptor: &ResourceDescriptor) -> bool {
        let Some(Shape { kind, list: false, nullable }) = self.shape(descriptor) else { return false };
        match (kind, value) {
            (_, IndexValue::Null) => nullable,
            (IndexKind::Text, IndexValue::Text(_))
            | (IndexKind::Integer | IndexKind::DateTime, IndexValue::Integer(_)) => true,
            (IndexKind::Boolean, IndexValue::Integer(bit)) => matches!(bit, 0 | 1),
            (IndexKind::Float, IndexValue::Float(float)) => float.is_finite(),
            _ => false,
        }
    }
}

/// Whether rows that are equal under all keys come latest first. An index on a column and the row number
/// gives both orders that way; no index gives a ranking.
pub fn ties_descend(sorts: &[SortKey]) -> bool {
    sorts.last().is_some_and(|last| match last.by {
        SortBy::Field(_) => last.descending,
        SortBy::Rank(_) => false,
    })
}

/// Where a row stands in an order: what its sort keys compare, and its place in the order of creation.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// One value per sort key.
    pub values: Vec<IndexValue>,
    /// The row.
    pub pk: i64,
}

impl Position {
    /// Whether it is a position in this order: as many values as keys, each of the type its key compares.
    ///
    /// One that comes from a client has to be asked before it is given to a store.
    pub fn fits(&self, sorts: &[SortKey], descriptor: &ResourceDescriptor) -> bool {
        let accepts = |(sort, value): (&SortKey, _)| sort.by.accepts(value, descriptor);
        sorts.len() == self.values.len() && sorts.iter().zip(&self.values).all(accepts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::MetaField;
    use crate::query::fixture::SPECIMEN;

    fn fits(field: impl Into<Field>, value: IndexValue) -> bool {
        Position { values: vec![value], pk: 1 }.fits(&[SortKey::new(field, false)], &SPECIMEN)
    }

    #[test]
    fn a_position_has_a_value_of_the_right_type_for_each_key() {
        let text = || IndexValue::Text("x".into());
        assert!(fits(Field::Index(0), text()) && !fits(Field::Index(0), IndexValue::Integer(1)));
        assert!(fits(Field::Index(1), IndexValue::Integer(1)) && !fits(Field::Index(1), text()));
        assert!(
            fits(Field::Index(2), IndexValue::Float(1.0)) && !fits(Field::Index(2), IndexValue::Integer(1))
        );
        assert!(!fits(Field::Index(2), IndexValue::Float(f64::NAN)));
        assert!(
            fits(Field::Index(3), IndexValue::Integer(1)) && !fits(Field::Index(3), IndexValue::Integer(2))
        );
        assert!(!fits(Field::Index(6), text()), "a list");
        assert!(!fits(Field::Index(99), text()), "no field");
        assert!(fits(Field::Index(0), IndexValue::Null) && !fits(MetaField::CreatedTime, IndexValue::Null));
        let two = Position { values: vec![text(), text()], pk: 1 };
        assert!(!two.fits(&[SortKey::new(Field::Index(0), false)], &SPECIMEN));
        assert!(!two.fits(&[], &SPECIMEN));
    }

    #[test]
    fn ties_follow_the_last_key() {
        let by = |descending| SortKey::new(Field::Index(0), descending);
        assert!(!ties_descend(&[]) && !ties_descend(&[by(true), by(false)]));
        assert!(ties_descend(&[by(false), by(true)]));
    }
}
