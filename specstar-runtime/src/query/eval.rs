//! The reference evaluation: one predicate on one row, in memory.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::distance::{Distance, Within};
use super::field::{Field, MetaField};
use super::number::float_text;
use super::predicate::{ElementTest, Fuzzy, Leaf, Operand, Predicate, Test, Truth, ValueTest};
use super::sort::{Measure, Ranking, SortBy, SortKey};
use super::trigram::TrigramSet;
use crate::json::{IndexEntry, IndexValue};
use crate::meta::HeadRef;

/// What a predicate is evaluated on.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The metadata.
    pub head: HeadRef<'a>,
    /// One entry per declared index. A list stands here whole: in its own order, with repetitions.
    pub values: &'a [IndexEntry],
}

/// The value of a field on one row.
enum Value<'a> {
    Null,
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(&'a [IndexValue]),
}

impl Predicate {
    /// Whether it holds on a row. A store gives the same answer; this one needs no store.
    pub fn eval(&self, row: &Row<'_>) -> Truth {
        match self {
            Self::And(parts) => parts.iter().map(|part| part.eval(row)).min().unwrap_or(Truth::True),
            Self::Or(parts) => parts.iter().map(|part| part.eval(row)).max().unwrap_or(Truth::False),
            Self::Not(inner) => !inner.eval(row),
            Self::Constant(truth) => *truth,
            Self::Leaf(leaf) => leaf.eval(row),
        }
    }
}

impl Leaf {
    fn eval(&self, row: &Row<'_>) -> Truth {
        let value = row.value(self.field);
        match (&self.test, &value) {
            (Test::Null(null), _) => (matches!(value, Value::Null) == *null).into(),
            (_, Value::Null) => Truth::Unknown,
            (Test::Present(answer), _) => (*answer).into(),
            (Test::Value(test), _) => passes(test, &value),
            (Test::Length(test), _) => match value.length() {
                Some(length) => passes(test, &Value::Integer(length)),
                None => Truth::Unknown,
            },
            (Test::Items(lists), Value::List(items)) => lists.iter().any(|list| same(list, items)).into(),
            (Test::Any(test), Value::List(items)) => items.iter().any(|item| element(test, item)).into(),
            (Test::All(test), Value::List(items)) => items.iter().all(|item| element(test, item)).into(),
            (Test::Fuzzy(Fuzzy { query, threshold }), _) => {
                (value.word_similarity(query) >= *threshold).into()
            }
            (Test::Within(within), _) => within.holds(&value),
            (Test::Items(_) | Test::Any(_) | Test::All(_), _) => Truth::Unknown,
        }
    }
}

impl Distance {
    /// `None` where the value is no vector of the same length.
    fn of_value(&self, value: &Value<'_>) -> Option<f64> {
        let Value::List(items) = value else { return None };
        let number = |item: &IndexValue| match item {
            IndexValue::Float(number) => Some(*number),
            _ => None,
        };
        self.of(&items.iter().map(number).collect::<Option<Vec<_>>>()?)
    }
}

impl Within {
    fn holds(&self, value: &Value<'_>) -> Truth {
        let distance = self.distance.of_value(value);
        let order = distance.and_then(|distance| distance.partial_cmp(&self.bound));
        order.map_or(Truth::Unknown, |order| self.comparison.holds(order).into())
    }
}

impl SortKey {
    /// What it compares of a row.
    pub fn value(&self, row: &Row<'_>) -> IndexValue {
        match &self.by {
            SortBy::Rank(ranking) => ranking.value(row),
            SortBy::Field(field) => match row.value(*field) {
                Value::Integer(value) => IndexValue::Integer(value),
                Value::Float(value) => IndexValue::Float(value),
                Value::Text(text) => IndexValue::Text(text.into_owned()),
                // A list is no sort key.
                Value::Null | Value::List(_) => IndexValue::Null,
            },
        }
    }
}

impl Ranking {
    /// The number of a row, or null.
    pub fn value(&self, row: &Row<'_>) -> IndexValue {
        match (&self.measure, row.value(self.field)) {
            (_, Value::Null) => IndexValue::Null,
            (Measure::Similarity(query), value) => IndexValue::Float(value.word_similarity(query).into()),
            (Measure::Distance(distance), value) => {
                distance.of_value(&value).map_or(IndexValue::Null, IndexValue::Float)
            }
        }
    }
}

impl Row<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Meta(meta) => self.metadata(meta),
            Field::Index(at) => match self.values.get(at) {
                Some(IndexEntry::Scalar(value)) => Value::of(value),
                Some(IndexEntry::List(Some(items))) => Value::List(items),
                Some(IndexEntry::List(None)) | None => Value::Null,
            },
        }
    }

    fn metadata(&self, field: MetaField) -> Value<'_> {
        let HeadRef { resource_id, revision, .. } = self.head;
        let text = match field {
            MetaField::TotalRevisionCount => return Value::Integer(self.head.rev_count),
            MetaField::CreatedTime => return Value::Integer(self.head.created_time.0),
            MetaField::UpdatedTime => return Value::Integer(self.head.updated_time.0),
            MetaField::RevCreatedTime => return Value::Integer(revision.created_time.0),
            MetaField::RevUpdatedTime => return Value::Integer(revision.updated_time.0),
            MetaField::IsDeleted => return Value::Integer(self.head.is_deleted.into()),
            MetaField::CurrentRevisionId => {
                return Value::Text(Cow::Owned(format!("{resource_id}:{}", revision.seq)));
            }
            MetaField::SchemaVersion => match revision.schema_version {
                Some(version) => version,
                None => return Value::Null,
            },
            MetaField::ResourceId => resource_id,
            MetaField::CreatedBy => self.head.created_by,
            MetaField::UpdatedBy => self.head.updated_by,
            MetaField::RevStatus => revision.status.as_str(),
            MetaField::RevCreatedBy => revision.created_by,
            MetaField::RevUpdatedBy => revision.updated_by,
        };
        Value::Text(Cow::Borrowed(text))
    }
}

impl<'a> Value<'a> {
    fn of(value: &'a IndexValue) -> Self {
        match value {
            IndexValue::Null => Self::Null,
            IndexValue::Integer(value) => Self::Integer(*value),
            IndexValue::Float(value) => Self::Float(*value),
            IndexValue::Text(text) => Self::Text(Cow::Borrowed(text)),
        }
    }

    fn length(&self) -> Option<i64> {
        let length = match self {
            Self::Text(text) => text.chars().count(),
            Self::List(items) => items.len(),
            _ => return None,
        };
        i64::try_from(length).ok()
    }

    /// Values without words resemble nothing; no checked query asks.
    fn word_similarity(&self, query: &TrigramSet) -> f32 {
        match self {
            Self::Text(text) => query.word_similarity([text.as_ref()]),
            Self::List(items) => query.word_similarity(items.iter().filter_map(|item| match item {
                IndexValue::Text(text) => Some(text.as_str()),
                _ => None,
            })),
            Self::Null | Self::Integer(_) | Self::Float(_) => 0.0,
        }
    }

    /// The text the text operators see.
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Integer(value) => Some(Cow::Owned(value.to_string())),
            Self::Float(value) => Some(Cow::Owned(float_text(*value))),
            Self::Null | Self::List(_) => None,
        }
    }

    /// `None` across types, which a checked predicate does not compare.
    fn order(&self, operand: &Operand) -> Option<Ordering> {
        match (self, operand) {
            (Self::Integer(value), Operand::Integer(operand)) => Some(value.cmp(operand)),
            (Self::Float(value), Operand::Float(operand)) => value.partial_cmp(operand),
            (Self::Text(value), Operand::Text(operand)) => Some(value.as_ref().cmp(operand)),
            _ => None,
        }
    }
}

fn passes(test: &ValueTest, value: &Value<'_>) -> Truth {
    if matches!(value, Value::Null) {
        return Truth::Unknown;
    }
    let on_text = |holds: &dyn Fn(&str) -> bool| value.text().is_some_and(|text| holds(&text));
    let holds = match test {
        ValueTest::Compare(comparison, operand) => {
            value.order(operand).is_some_and(|order| comparison.holds(order))
        }
        ValueTest::In(operands) => {
            operands.iter().any(|operand| value.order(operand).is_some_and(Ordering::is_eq))
        }
        ValueTest::Contains(needle) => on_text(&|text| text.contains(needle.as_str())),
        ValueTest::StartsWith(needle) => on_text(&|text| text.starts_with(needle.as_str())),
        ValueTest::EndsWith(needle) => on_text(&|text| text.ends_with(needle.as_str())),
        ValueTest::Matches(pattern) => on_text(&|text| pattern.is_match(text)),
    };
    holds.into()
}

/// A null element passes nothing, not even a negation.
fn element(test: &ElementTest, item: &IndexValue) -> bool {
    let outcome = passes(&test.test, &Value::of(item));
    (if test.negated { !outcome } else { outcome }) == Truth::True
}

fn same(operands: &[Operand], items: &[IndexValue]) -> bool {
    let equal = |(operand, item)| Value::of(item).order(operand).is_some_and(Ordering::is_eq);
    operands.len() == items.len() && operands.iter().zip(items).all(equal)
}
