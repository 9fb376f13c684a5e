//! What lies behind a position, as a sequence of conjunctions.
//!
//! "Behind" is one condition with ORs over all sort keys, and no index answers that. Written out, it is: the
//! rows that are equal in every key and stand behind by their row number, then those that are equal in all
//! keys but the last and stand behind in that, and so on. Each of these is one range of an index, and read one
//! after the other they come in order.

use super::BindValue;
use crate::json::IndexValue;
use crate::query::{SortBy, ties_descend};
use crate::store::layout::ModelLayout;
use crate::store::{Search, StoreError};

/// One range of an order: a bound for each of its first keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Segment<'q> {
    /// Of the sort keys, from the first on.
    pub(super) bounds: Vec<(&'q SortBy, Bound<'q>)>,
    /// Of the row number.
    pub(super) pk: Option<Bound<'q>>,
}

/// What a segment asks of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound<'q> {
    Equal(Operand<'q>),
    Above(Operand<'q>),
    Below(Operand<'q>),
    Null,
    NotNull,
}

/// A value that is not null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand<'q> {
    Integer(i64),
    Float(f64),
    Text(&'q str),
}

/// The segments of a search: one without bounds when it begins at the beginning.
pub(crate) fn segments<'q>(model: &ModelLayout, search: &'q Search) -> Result<Vec<Segment<'q>>, StoreError> {
    let Some(position) = &search.after else { return Ok(vec![Segment::default()]) };
    if !position.fits(&search.sorts, model.descriptor) {
        return Err(StoreError::Internal("a position does not fit the order of its search".to_owned()));
    }
    let values: Vec<_> = position.values.iter().map(Operand::of).collect();
    let equal = |keys: usize| {
        let pairs = search.sorts.iter().zip(&values).take(keys);
        pairs.map(|(sort, value)| (&sort.by, value.map_or(Bound::Null, Bound::Equal))).collect::<Vec<_>>()
    };
    let pk = beyond(ties_descend(&search.sorts), Operand::Integer(position.pk));
    let mut segments = vec![Segment { bounds: equal(values.len()), pk: Some(pk) }];
    for (at, sort) in search.sorts.iter().enumerate().rev() {
        let nullable = sort.by.shape(model.descriptor).is_some_and(|shape| shape.nullable);
        for bound in behind(sort.descending, values[at], nullable).into_iter().flatten() {
            let mut bounds = equal(at);
            bounds.push((&sort.by, bound));
            segments.push(Segment { bounds, pk: None });
        }
    }
    Ok(segments)
}

/// What stands behind a value of one key. Nulls are the smallest values, and no range includes them.
fn behind(descending: bool, value: Option<Operand<'_>>, nullable: bool) -> [Option<Bound<'_>>; 2] {
    match (value, descending) {
        (Some(value), false) => [Some(Bound::Above(value)), None],
        (Some(value), true) => [Some(Bound::Below(value)), nullable.then_some(Bound::Null)],
        (None, false) => [Some(Bound::NotNull), None],
        (None, true) => [None, None],
    }
}

const fn beyond(descending: bool, value: Operand<'_>) -> Bound<'_> {
    if descending { Bound::Below(value) } else { Bound::Above(value) }
}

impl<'q> Operand<'q> {
    fn of(value: &'q IndexValue) -> Option<Self> {
        match value {
            IndexValue::Null => None,
            IndexValue::Integer(value) => Some(Self::Integer(*value)),
            IndexValue::Float(value) => Some(Self::Float(*value)),
            IndexValue::Text(text) => Some(Self::Text(text)),
        }
    }
}

impl From<Operand<'_>> for BindValue {
    fn from(operand: Operand<'_>) -> Self {
        match operand {
            Operand::Integer(value) => Self::Integer(value),
            Operand::Float(value) => Self::Float(value),
            Operand::Text(text) => Self::Text(text.to_owned()),
        }
    }
}

impl Bound<'_> {
    /// Tells the kinds of bounds apart in the key of a text.
    pub(super) const fn tag(&self) -> u8 {
        match self {
            Self::Equal(_) => b'=',
            Self::Above(_) => b'>',
            Self::Below(_) => b'<',
            Self::Null => b'0',
            Self::NotNull => b'1',
        }
    }

    /// What is bound for it.
    pub(super) fn value(&self) -> Option<BindValue> {
        match self {
            Self::Equal(value) | Self::Above(value) | Self::Below(value) => Some((*value).into()),
            Self::Null | Self::NotNull => None,
        }
    }
}
