//! Comparing index values.

use std::cmp::Ordering;

use crate::json::IndexValue;
use crate::json::fold;

/// What an update changes in the list table.
#[derive(Debug, PartialEq)]
pub(super) struct Difference<'a> {
    /// Only before.
    pub(super) gone: Vec<&'a IndexValue>,
    /// Only after.
    pub(super) new: Vec<&'a IndexValue>,
}

/// What separates two lists of distinct values.
pub(super) fn difference<'a>(before: &'a [IndexValue], after: &'a [IndexValue]) -> Difference<'a> {
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
pub(super) fn folded(value: &IndexValue) -> Option<String> {
    match value {
        IndexValue::Text(text) => Some(fold(text)),
        _ => None,
    }
}
