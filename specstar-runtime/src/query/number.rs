//! Numbers against numbers of another type, by mathematical value.
//!
//! An operand is turned into the type of its field before a store sees it. A store would convert too, but
//! not exactly: `SQLite` turns a 64-bit integer into a double before it looks it up in an index of doubles.

use std::cmp::Ordering;

use super::predicate::{Comparison, Operand, ValueTest};
use crate::descriptor::IndexKind;

/// A number of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A test in the type of its field, or the answer it gives for every value of that type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reduced {
    Always(bool),
    Test(ValueTest),
}

impl Reduced {
    fn compare(comparison: Comparison, operand: Operand) -> Self {
        Self::Test(ValueTest::Compare(comparison, operand))
    }

    /// The operand of an equality, unless nothing is equal.
    pub(super) fn into_operand(self) -> Option<Operand> {
        match self {
            Self::Test(ValueTest::Compare(_, operand)) => Some(operand),
            _ => None,
        }
    }
}

/// A comparison of a numeric or boolean field with a number.
pub(super) fn reduce(kind: IndexKind, comparison: Comparison, number: Number) -> Reduced {
    match (kind, number) {
        (IndexKind::Boolean, _) => boolean(comparison, number),
        (IndexKind::Float, Number::Float(value)) => float(comparison, value),
        (IndexKind::Float, Number::Integer(value)) => float_against_integer(comparison, value),
        (_, Number::Integer(value)) => Reduced::compare(comparison, Operand::Integer(value)),
        (_, Number::Float(value)) => integer_against_float(comparison, value),
    }
}

/// The next integers below and above the operand bound the same set.
// The casts are exact: both values are whole and inside the range that was checked.
#[allow(clippy::cast_possible_truncation)]
fn integer_against_float(comparison: Comparison, value: f64) -> Reduced {
    use Comparison::{Eq, Gt, Gte, Lt, Lte};
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.is_nan() {
        return Reduced::Always(false);
    }
    if value >= LIMIT {
        return Reduced::Always(matches!(comparison, Lt | Lte));
    }
    if value < -LIMIT {
        return Reduced::Always(matches!(comparison, Gt | Gte));
    }
    let whole = match comparison {
        Eq if value.fract() != 0.0 => return Reduced::Always(false),
        Eq | Lte | Gt => value.floor(),
        Lt | Gte => value.ceil(),
    };
    Reduced::compare(comparison, Operand::Integer(whole as i64))
}

fn float(comparison: Comparison, value: f64) -> Reduced {
    if value.is_nan() {
        return Reduced::Always(false);
    }
    Reduced::compare(comparison, Operand::Float(value))
}

/// No double lies between an integer and the double nearest to it.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn float_against_integer(comparison: Comparison, value: i64) -> Reduced {
    use Comparison::{Eq, Gt, Gte, Lt, Lte};
    let near = value as f64;
    // Exact in 128 bits: `near` is whole and at most 2^63.
    let comparison = match ((near as i128).cmp(&i128::from(value)), comparison) {
        (Ordering::Equal, same) => same,
        (_, Eq) => return Reduced::Always(false),
        (Ordering::Less, Lt | Lte) => Lte,
        (Ordering::Less, Gt | Gte) => Gt,
        (Ordering::Greater, Lt | Lte) => Lt,
        (Ordering::Greater, Gt | Gte) => Gte,
    };
    Reduced::compare(comparison, Operand::Float(near))
}

/// With two values, every comparison is an equality or always the same.
fn boolean(comparison: Comparison, number: Number) -> Reduced {
    let reduced = reduce(IndexKind::Integer, comparison, number);
    let holds = |bit: i64| match &reduced {
        Reduced::Always(answer) => *answer,
        Reduced::Test(ValueTest::Compare(comparison, Operand::Integer(value))) => {
            comparison.holds(bit.cmp(value))
        }
        Reduced::Test(_) => false,
    };
    let (zero, one) = (holds(0), holds(1));
    if zero == one {
        return Reduced::Always(one);
    }
    Reduced::compare(Comparison::Eq, Operand::Integer(one.into()))
}

/// The text of a double: the shortest that reads back as the same, with at least one decimal.
///
/// ```
/// use specstar_runtime::query::float_text;
/// assert_eq!(float_text(12.0), "12.0");
/// assert_eq!(float_text(88.5), "88.5");
/// ```
pub fn float_text(value: f64) -> String {
    // A store may not keep the sign of zero.
    let value = if value == 0.0 { 0.0 } else { value };
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(kind: IndexKind, comparison: Comparison, number: Number, value: &Operand) -> bool {
        match reduce(kind, comparison, number) {
            Reduced::Always(answer) => answer,
            Reduced::Test(ValueTest::Compare(comparison, operand)) => {
                comparison.holds(order(value, &operand))
            }
            Reduced::Test(other) => panic!("{other:?}"),
        }
    }

    fn order(left: &Operand, right: &Operand) -> Ordering {
        match (left, right) {
            (Operand::Integer(left), Operand::Integer(right)) => left.cmp(right),
            (Operand::Float(left), Operand::Float(right)) => left.partial_cmp(right).expect("no NaN"),
            other => panic!("{other:?} are not of one type"),
        }
    }

    /// Exact comparison in 128-bit integers, scaled so that halves are whole.
    #[allow(clippy::cast_possible_truncation)]
    fn exact(value: &Operand, number: Number) -> Ordering {
        let scale = |float: f64| (float as i128) * 2 + ((float.fract() * 2.0) as i128);
        let left = match value {
            Operand::Integer(value) => i128::from(*value) * 2,
            Operand::Float(value) => scale(*value),
            Operand::Text(_) => panic!("a number"),
        };
        let right = match number {
            Number::Integer(value) => i128::from(value) * 2,
            Number::Float(value) => scale(value),
        };
        left.cmp(&right)
    }

    #[test]
    fn comparisons_across_types_are_exact() {
        const BIG: i64 = 9_007_199_254_740_993;
        let integers = [i64::MIN, -BIG, -2, -1, 0, 1, 2, BIG - 1, BIG, BIG + 1, i64::MAX];
        let floats =
            [-1.9e19, -9_223_372_036_854_775_808.0, -1.5, -1.0, -0.0, 0.5, 1.0, 9_007_199_254_740_992.0];
        let floats = floats.into_iter().chain([9_223_372_036_854_775_808.0, 1e19]);
        let floats: Vec<f64> = floats.collect();
        let numbers =
            integers.map(Number::Integer).into_iter().chain(floats.iter().copied().map(Number::Float));
        for number in numbers {
            for comparison in
                [Comparison::Eq, Comparison::Lt, Comparison::Lte, Comparison::Gt, Comparison::Gte]
            {
                let whole = integers.map(|value| (IndexKind::Integer, Operand::Integer(value)));
                let bits = [0, 1].map(|value| (IndexKind::Boolean, Operand::Integer(value)));
                let real = floats.iter().map(|&value| (IndexKind::Float, Operand::Float(value)));
                for (kind, value) in whole.into_iter().chain(bits).chain(real) {
                    assert_eq!(
                        passes(kind, comparison, number, &value),
                        comparison.holds(exact(&value, number)),
                        "{value:?} {comparison:?} {number:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_compares_with_nan() {
        for kind in [IndexKind::Integer, IndexKind::Float, IndexKind::Boolean] {
            assert_eq!(reduce(kind, Comparison::Lt, Number::Float(f64::NAN)), Reduced::Always(false));
        }
    }
}
