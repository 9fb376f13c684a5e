//! The JSON of structured conditions and sort keys.

use serde_json::{Map, Value};

use crate::query::check::Operator;
use crate::query::error::{ConditionError, EntryProblem, FormatProblem};
use crate::query::field::{Field, MetaField, Shape};
use crate::query::limit;
use crate::query::literal::Literal;
use crate::query::predicate::Predicate;
use crate::query::sort::SortKey;

/// The entries of a JSON list.
pub(super) fn list(text: &str, most: usize) -> Result<Vec<Value>, FormatProblem> {
    if text.len() > limit::JSON_BYTES {
        return Err(FormatProblem::TooLong);
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| FormatProblem::NotJson { line: error.line(), column: error.column() })?;
    match value {
        Value::Array(entries) if entries.len() > most => {
            Err(FormatProblem::TooMany { limit: most, found: entries.len() })
        }
        Value::Array(entries) => Ok(entries),
        other => Err(FormatProblem::NotAList { found: describe(&other) }),
    }
}

/// `{"field_path": …, "operator": …, "value": …}`; other members are ignored.
pub(super) fn condition(
    entry: Value,
    check: impl FnOnce(&str, Operator, &Literal) -> Result<Predicate, ConditionError>,
) -> Result<Predicate, EntryProblem> {
    let mut members = object(entry)?;
    let name = string(&mut members, "field_path")?;
    let operator = string(&mut members, "operator")?;
    let value = take(&mut members, "value")?;
    let operator = Operator::parse_structured(&operator)
        .ok_or_else(|| unknown("operator", operator, &Operator::STRUCTURED.map(Operator::as_str)))?;
    let literal = Literal::from_json(value).ok_or(EntryProblem::IntegerRange)?;
    Ok(check(&name, operator, &literal)?)
}

/// `{"type": "meta", "key": …, "direction": …}` or `{"type": "data", "field_path": …, "direction": …}`;
/// `None` for a data field that `find` does not know.
pub(super) fn sort_key(
    entry: Value,
    find: impl FnOnce(&str) -> Option<(Field, Shape)>,
) -> Result<Option<SortKey>, EntryProblem> {
    let mut members = object(entry)?;
    let kind = string(&mut members, "type")?;
    let field = match kind.as_str() {
        "meta" => Some(Field::Meta(meta_key(string(&mut members, "key")?)?)),
        "data" => data_field(string(&mut members, "field_path")?, find)?,
        _ => return Err(unknown("type", kind, &["meta", "data"])),
    };
    let direction = string(&mut members, "direction")?;
    let descending = match direction.as_str() {
        "+" => false,
        "-" => true,
        _ => return Err(unknown("direction", direction, &["+", "-"])),
    };
    Ok(field.map(|field| SortKey::new(field, descending)))
}

fn meta_key(key: String) -> Result<MetaField, EntryProblem> {
    let field = MetaField::parse(&key).filter(|field| field.is_sort_key());
    field.ok_or_else(|| {
        let keys = MetaField::ALL.into_iter().filter(|field| field.is_sort_key());
        unknown("key", key, &keys.map(MetaField::as_str).collect::<Vec<_>>())
    })
}

fn data_field(
    name: String,
    find: impl FnOnce(&str) -> Option<(Field, Shape)>,
) -> Result<Option<Field>, EntryProblem> {
    match find(&name) {
        Some((_, shape)) if shape.list => Err(EntryProblem::SortByList(name)),
        found => Ok(found.map(|(field, _)| field)),
    }
}

fn object(entry: Value) -> Result<Map<String, Value>, EntryProblem> {
    match entry {
        Value::Object(members) => Ok(members),
        other => Err(EntryProblem::NotAnObject(describe(&other))),
    }
}

fn take(members: &mut Map<String, Value>, name: &'static str) -> Result<Value, EntryProblem> {
    members.remove(name).ok_or(EntryProblem::Missing(name))
}

fn string(members: &mut Map<String, Value>, member: &'static str) -> Result<String, EntryProblem> {
    match take(members, member)? {
        Value::String(text) => Ok(text),
        other => Err(EntryProblem::NotAString { member, found: describe(&other) }),
    }
}

fn unknown(member: &'static str, found: String, known: &[&str]) -> EntryProblem {
    EntryProblem::Unknown { member, found, known: known.join(" ") }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
