//! Index values as stores write and compare them.

use std::cmp::Ordering;

use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexEntry, IndexRow, IndexValue, fold};
use crate::store::layout::{IndexPlace, ModelLayout};

/// What an update changes in the list table.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference<'a> {
    /// Only before.
    pub(crate) gone: Vec<&'a IndexValue>,
    /// Only after.
    pub(crate) new: Vec<&'a IndexValue>,
}

/// What separates two lists of distinct values.
pub(crate) fn difference<'a>(before: &'a [IndexValue], after: &'a [IndexValue]) -> Difference<'a> {
    let (before, after) = (sorted(before), sorted(after));
    Difference { gone: without(&before, &after), new: without(&after, &before) }
}

fn sorted(values: &[IndexValue]) -> Vec<&IndexValue> {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_unstable_by(|a, b| compare(a, b));
    values
}

fn without<'a>(values: &[&'a IndexValue], others: &[&'a IndexValue]) -> Vec<&'a IndexValue> {
    let missing = |value: &&&IndexValue| others.binary_search_by(|other| compare(other, value)).is_err();
    values.iter().filter(missing).copied().collect()
}

/// A total order in which equal means equal to the engine: `0.0` and `-0.0` are one value there.
fn compare(a: &IndexValue, b: &IndexValue) -> Ordering {
    match (a, b) {
        (IndexValue::Text(a), IndexValue::Text(b)) => a.cmp(b),
        (IndexValue::Integer(a), IndexValue::Integer(b)) => a.cmp(b),
        (IndexValue::Float(a), IndexValue::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &IndexValue) -> u8 {
    match value {
        IndexValue::Null => 0,
        IndexValue::Integer(_) => 1,
        IndexValue::Float(_) => 2,
        IndexValue::Text(_) => 3,
    }
}

/// The copy of a value that a constraint which ignores case compares.
pub(crate) fn folded(value: &IndexValue) -> Option<String> {
    match value {
        IndexValue::Text(text) => Some(fold(text)),
        _ => None,
    }
}

/// The lists of a row, each with its number in the list table.
pub(crate) fn lists<'a>(
    model: &'a ModelLayout,
    index: &'a IndexRow,
) -> impl Iterator<Item = (&'a [IndexValue], i64)> {
    model.indexes.iter().zip(&index.entries).filter_map(|(place, entry)| match place {
        IndexPlace::List { field } => Some((elements(Some(entry)), *field)),
        IndexPlace::Column { .. } | IndexPlace::Document => None,
    })
}

/// The values of a list; none where there is no list.
pub(crate) fn elements(entry: Option<&IndexEntry>) -> &[IndexValue] {
    match entry {
        Some(IndexEntry::List(Some(values))) => values,
        _ => &[],
    }
}

/// The scalar at this position; null when the row has none.
pub(crate) fn scalar(index: &IndexRow, at: usize) -> &IndexValue {
    match index.entries.get(at) {
        Some(IndexEntry::Scalar(value)) => value,
        _ => &IndexValue::Null,
    }
}

/// The values of a constraint as its columns hold them.
pub(crate) fn compared<'a>(
    model: &'a ModelLayout,
    unique: &'a UniqueDescriptor,
    row: &'a IndexRow,
) -> impl Iterator<Item = IndexValue> + 'a {
    unique.indexes.iter().filter_map(|&at| {
        let value = scalar(row, at);
        match &model.indexes[at] {
            IndexPlace::Column { folded: Some(_), .. } if unique.case_insensitive => {
                Some(folded(value).map_or(IndexValue::Null, IndexValue::Text))
            }
            IndexPlace::Column { .. } => Some(value.clone()),
            IndexPlace::List { .. } | IndexPlace::Document => None,
        }
    })
}
