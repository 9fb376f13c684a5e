//! Index values out of stored JSON: by the names in the descriptor, without the type.

use std::collections::HashSet;

use super::path::{push_index, push_key};
use super::scan::{Damaged, Scanner, Text};
use super::{DecodeError, IndexEntry, IndexRow, IndexValue, write_string};
use crate::datetime;
use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor};

/// More indexes than this are kept on the heap while a payload is read.
const USUAL: usize = 16;
/// From this size on, repeated list elements are found by hash instead of by comparing all pairs.
const LONG_LIST: usize = 16;

/// Reads all index values of a payload from its canonical JSON.
///
/// A value that does not fit its index is an error at its path: text with U+0000 (`SQLite` cuts text
/// there), an integer beyond 64 signed bits, a date-time that is not RFC 3339. The derive keeps other
/// kinds apart, except where a field has its own JSON form: an indexed `time::OffsetDateTime` needs
/// `#[serde(with = "time::serde::rfc3339")]` (its default form is an array of numbers), while
/// `chrono::DateTime` and `jiff::Timestamp` are RFC 3339 text as they are.
pub fn index_row(descriptor: &ResourceDescriptor, canonical: &[u8]) -> Result<IndexRow, DecodeError> {
    let indexes = descriptor.indexes;
    with_located(indexes, canonical, |located, damage| {
        if damage.is_err() {
            return Err(DecodeError::data("$", "the stored JSON is damaged"));
        }
        let pairs = indexes.iter().zip(located);
        let entries = pairs.map(|(index, value)| entry(index, *value)).collect::<Result<_, _>>()?;
        Ok(IndexRow { entries })
    })
}

/// Reads the index values of a payload that need not be of the declared shape: a value that does not fit its index is
/// null, and so is every value behind damage.
pub fn fitting_index_row(descriptor: &ResourceDescriptor, canonical: &[u8]) -> IndexRow {
    let indexes = descriptor.indexes;
    with_located(indexes, canonical, |located, _damage| {
        let fitting = |(index, value): (&IndexDescriptor, Option<&[u8]>)| {
            entry(index, value)
                .or_else(|_| entry(index, None))
                .unwrap_or(IndexEntry::Scalar(IndexValue::Null))
        };
        IndexRow { entries: indexes.iter().zip(located.iter().copied()).map(fitting).collect() }
    })
}

/// The same with lists as they stand in the payload, in their order and with repetitions, as a
/// [`Row`](crate::query::Row) has them. An element that does not fit is null; `instant` reads those that are
/// date-times.
#[cfg(feature = "postgres")]
pub(crate) fn whole_index_row(
    descriptor: &ResourceDescriptor,
    canonical: &[u8],
    instant: fn(&str) -> Option<datetime::Timestamp>,
) -> IndexRow {
    let indexes = descriptor.indexes;
    with_located(indexes, canonical, |located, _damage| {
        let fitting = |(index, value): (&IndexDescriptor, Option<&[u8]>)| match value {
            Some(value) if index.list && value != b"null" => {
                IndexEntry::List(whole_list(index, value, instant))
            }
            _ => entry(index, value)
                .or_else(|_| entry(index, None))
                .unwrap_or(IndexEntry::Scalar(IndexValue::Null)),
        };
        IndexRow { entries: indexes.iter().zip(located.iter().copied()).map(fitting).collect() }
    })
}

#[cfg(feature = "postgres")]
fn whole_list(
    index: &IndexDescriptor,
    array: &[u8],
    instant: fn(&str) -> Option<datetime::Timestamp>,
) -> Option<Vec<IndexValue>> {
    let mut scanner = Scanner::new(array);
    if !scanner.eat(b'[') {
        return None;
    }
    let mut values = Vec::new();
    while scanner.element().ok()? {
        let element = scanner.value().ok()?;
        let value = if index.kind == IndexKind::DateTime {
            let text = string(element).and_then(|text| text.decode().ok());
            text.and_then(|text| instant(&text)).map(|time| IndexValue::Integer(time.0))
        } else {
            scalar(index.kind, element).ok()
        };
        values.push(value.unwrap_or(IndexValue::Null));
    }
    Some(values)
}

/// Refuses a vector of another length than the declared one.
///
/// Apart from [`index_row`], because a stored vector keeps its length when the declaration changes: such a row
/// has no distance to anything, but can be read, deleted and written anew.
pub fn check_vectors(descriptor: &ResourceDescriptor, row: &IndexRow) -> Result<(), DecodeError> {
    for (index, entry) in descriptor.indexes.iter().zip(&row.entries) {
        if let (Some(vector), IndexEntry::List(Some(numbers))) = (index.vector, entry)
            && numbers.len() != vector.dim
        {
            return Err(Problem::Length { expected: vector.dim, found: numbers.len() }.at(index, None));
        }
    }
    Ok(())
}

/// Writes the `indexed_data` object of the metadata: each index's key with its value as it stands in the
/// payload, `null` for an absent one.
///
/// Of a damaged payload everything before the damage is written, the rest as `null`.
pub fn write_indexed_data(descriptor: &ResourceDescriptor, canonical: &[u8], out: &mut Vec<u8>) {
    with_located(descriptor.indexes, canonical, |located, _damage| {
        out.push(b'{');
        for (at, (index, value)) in descriptor.indexes.iter().zip(located).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_string(out, index.key);
            out.push(b':');
            out.extend_from_slice(value.unwrap_or(b"null"));
        }
        out.push(b'}');
    });
}

/// Finds the value of every index, and says whether the payload was damaged on the way.
fn with_located<R>(
    indexes: &[IndexDescriptor],
    json: &[u8],
    then: impl FnOnce(&[Option<&[u8]>], Result<(), Damaged>) -> R,
) -> R {
    let mut stack = [None; USUAL];
    let mut heap = Vec::new();
    let located = if let Some(located) = stack.get_mut(..indexes.len()) {
        located
    } else {
        heap.resize(indexes.len(), None);
        &mut heap[..]
    };
    let damage = locate(indexes, json, located);
    then(located, damage)
}

/// One pass over the top level; it ends when every index has been seen.
fn locate<'a>(
    indexes: &[IndexDescriptor],
    json: &'a [u8],
    located: &mut [Option<&'a [u8]>],
) -> Result<(), Damaged> {
    let mut scanner = Scanner::new(json);
    if !scanner.eat(b'{') {
        return Err(Damaged);
    }
    let mut missing = indexes.len();
    while missing > 0
        && let Some(key) = scanner.key()?
    {
        let value = scanner.value()?;
        for (index, located) in indexes.iter().zip(&mut *located) {
            if let Some((first, rest)) = index.path.split_first()
                && key.is(first)
            {
                *located = descend(value, rest)?;
                missing = missing.saturating_sub(1);
            }
        }
    }
    Ok(())
}

/// Follows the rest of a path; `None` where it leads through `null` or to nothing.
fn descend<'a>(value: &'a [u8], path: &[&str]) -> Result<Option<&'a [u8]>, Damaged> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(Some(value));
    };
    let mut scanner = Scanner::new(value);
    if !scanner.eat(b'{') {
        return Ok(None);
    }
    while let Some(key) = scanner.key()? {
        let value = scanner.value()?;
        if key.is(first) {
            return descend(value, rest);
        }
    }
    Ok(None)
}

fn entry(index: &IndexDescriptor, value: Option<&[u8]>) -> Result<IndexEntry, DecodeError> {
    let value = value.filter(|value| *value != b"null");
    let fail = |problem: Problem| problem.at(index, None);
    if index.list {
        return match value {
            Some(value) => list(index, value).map(|list| IndexEntry::List(Some(list))),
            None => Ok(IndexEntry::List(None)),
        };
    }
    match value {
        Some(value) => scalar(index.kind, value).map(IndexEntry::Scalar).map_err(fail),
        None => Ok(IndexEntry::Scalar(IndexValue::Null)),
    }
}

fn list(index: &IndexDescriptor, array: &[u8]) -> Result<Vec<IndexValue>, DecodeError> {
    let mut scanner = Scanner::new(array);
    if !scanner.eat(b'[') {
        return Err(Problem::Expected("a list").at(index, None));
    }
    let mut distinct = Distinct { whole: index.vector.is_some(), ..Distinct::default() };
    let mut position = 0;
    while scanner.element().map_err(|damage| Problem::from(damage).at(index, Some(position)))? {
        let element = scanner.value().map_err(Problem::from);
        let value = element.and_then(|element| match scalar(index.kind, element)? {
            IndexValue::Null if distinct.whole => Err(Problem::Expected("a number")),
            value => Ok(value),
        });
        distinct.push(value.map_err(|problem| problem.at(index, Some(position)))?);
        position += 1;
    }
    Ok(distinct.values)
}

fn scalar(kind: IndexKind, json: &[u8]) -> Result<IndexValue, Problem> {
    if json == b"null" {
        return Ok(IndexValue::Null);
    }
    match kind {
        IndexKind::Text => text(json),
        IndexKind::Integer => integer(json).map(IndexValue::Integer),
        IndexKind::Float => float(json).map(IndexValue::Float),
        IndexKind::Boolean => match json {
            b"false" => Ok(IndexValue::Integer(0)),
            b"true" => Ok(IndexValue::Integer(1)),
            _ => Err(Problem::Expected("a boolean")),
        },
        IndexKind::DateTime => instant(json).map(IndexValue::Integer),
    }
}

fn text(json: &[u8]) -> Result<IndexValue, Problem> {
    let text = string(json).ok_or(Problem::Expected("text"))?.decode()?;
    if text.contains('\0') { Err(Problem::Nul) } else { Ok(IndexValue::Text(text.into_owned())) }
}

fn string(json: &[u8]) -> Option<Text<'_>> {
    json.starts_with(b"\"").then(|| Text::of(json))
}

fn integer(json: &[u8]) -> Result<i64, Problem> {
    let digits = json.strip_prefix(b"-").unwrap_or(json);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Problem::Expected("an integer"));
    }
    number(json).ok_or(Problem::TooLarge)
}

fn float(json: &[u8]) -> Result<f64, Problem> {
    if !json.starts_with(b"-") && !json.first().is_some_and(u8::is_ascii_digit) {
        return Err(Problem::Expected("a number"));
    }
    number::<f64>(json).filter(|value| value.is_finite()).ok_or(Problem::Expected("a number"))
}

fn number<T: std::str::FromStr>(json: &[u8]) -> Option<T> {
    std::str::from_utf8(json).ok()?.parse().ok()
}

fn instant(json: &[u8]) -> Result<i64, Problem> {
    let text = string(json).ok_or(Problem::Expected("an RFC 3339 date-time"))?.decode()?;
    let time = datetime::DateTime::parse(&text).ok_or(Problem::Expected("an RFC 3339 date-time"))?;
    Ok(time.instant().0)
}

/// Why a value cannot stand in its index.
#[derive(Debug)]
enum Problem {
    Expected(&'static str),
    TooLarge,
    Nul,
    Length { expected: usize, found: usize },
    Damaged,
}

impl From<Damaged> for Problem {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

impl Problem {
    #[cold]
    fn at(self, index: &IndexDescriptor, element: Option<usize>) -> DecodeError {
        let mut path = "$".to_owned();
        index.path.iter().for_each(|name| push_key(&mut path, name));
        if let Some(element) = element {
            push_index(&mut path, element);
        }
        let message = match self {
            Self::Expected(what) => format!("the index `{}` needs {what}", index.key),
            Self::TooLarge => format!("an indexed integer must be between {} and {}", i64::MIN, i64::MAX),
            Self::Nul => "indexed text cannot contain U+0000".to_owned(),
            Self::Length { expected, found } => {
                format!("a vector of {expected} numbers is expected, found {found}")
            }
            Self::Damaged => "the stored JSON is damaged".to_owned(),
        };
        DecodeError::data(path, message)
    }
}

/// Text as a unique constraint that ignores case compares it.
pub(crate) fn fold(text: &str) -> String {
    unicase::UniCase::new(text).to_folded_case()
}

/// Keeps the first of equal values, in order; of a vector, every value.
#[derive(Default)]
struct Distinct {
    whole: bool,
    values: Vec<IndexValue>,
    seen: HashSet<Key>,
}

/// An [`IndexValue`] that can be hashed.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Text(String),
    Integer(i64),
    Float(u64),
}

impl Key {
    fn of(value: &IndexValue) -> Self {
        match value {
            IndexValue::Null => Self::Null,
            IndexValue::Text(text) => Self::Text(text.clone()),
            IndexValue::Integer(value) => Self::Integer(*value),
            // The sum makes zero of minus zero, which is equal to it.
            IndexValue::Float(value) => Self::Float((value + 0.0).to_bits()),
        }
    }
}

impl Distinct {
    fn push(&mut self, value: IndexValue) {
        if self.whole {
            self.values.push(value);
            return;
        }
        if self.values.len() < LONG_LIST {
            if !self.values.contains(&value) {
                self.values.push(value);
            }
            return;
        }
        if self.seen.is_empty() {
            self.seen.extend(self.values.iter().map(Key::of));
        }
        if self.seen.insert(Key::of(&value)) {
            self.values.push(value);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
