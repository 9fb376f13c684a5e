//! The functions search texts call that the embedded engine does not have.

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

use serde_json::Value;

use super::rank::numbers;
use crate::descriptor::Metric;
use crate::query::{TrigramSet, float_text, parse_instant};

/// Adds the functions to a connection; each gives NULL on NULL.
///
/// * `ss_regex(pattern, value)`: 1 when the pattern is found in the text of the value, else 0
/// * `ss_length(text)`: code points (`length` stops at a U+0000)
/// * `ss_micros(text)`: an ISO 8601 date-time as microseconds since 1970 in UTC
/// * `ss_similarity(query, text)`: the word similarity of the text to the query
/// * `ss_list_similarity(query, json)`: the same for the texts of a JSON list
/// * `ss_distance(metric, vector, json)`: the distance of a JSON list of numbers to the vector, whose numbers
///   are eight bytes each; NULL where the list is no vector of this length
pub(crate) fn register(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("ss_regex", 2, flags, matches)?;
    connection.create_scalar_function("ss_length", 1, flags, length)?;
    connection.create_scalar_function("ss_micros", 1, flags, micros)?;
    connection.create_scalar_function("ss_similarity", 2, flags, similarity)?;
    connection.create_scalar_function("ss_list_similarity", 2, flags, list_similarity)?;
    connection.create_scalar_function("ss_distance", 3, flags, distance)
}

fn matches(context: &Context<'_>) -> Result<Option<bool>> {
    let Some(text) = text(context, 1)? else { return Ok(None) };
    // Compiled once per statement: SQLite keeps it with the pattern, which does not change while it runs.
    let pattern = context.get_or_create_aux(0, |pattern| -> std::result::Result<Regex, Problem> {
        Ok(Regex::new(pattern.as_str()?)?)
    })?;
    Ok(Some(pattern.is_match(&text)))
}

fn length(context: &Context<'_>) -> Result<Option<i64>> {
    Ok(text(context, 0)?.map(|text| text.chars().count() as i64))
}

fn micros(context: &Context<'_>) -> Result<Option<i64>> {
    Ok(text(context, 0)?.and_then(|text| parse_instant(&text)).map(|instant| instant.0))
}

fn similarity(context: &Context<'_>) -> Result<Option<f64>> {
    let Some(text) = text(context, 1)? else { return Ok(None) };
    Ok(Some(query(context)?.word_similarity([text.as_ref()]).into()))
}

fn list_similarity(context: &Context<'_>) -> Result<Option<f64>> {
    let Some(json) = text(context, 1)? else { return Ok(None) };
    let items: Vec<Value> = serde_json::from_str(&json).map_err(|e| Error::UserFunctionError(e.into()))?;
    Ok(Some(query(context)?.word_similarity(items.iter().filter_map(Value::as_str)).into()))
}

/// Taken apart once per statement, like a pattern.
fn query(context: &Context<'_>) -> Result<Arc<TrigramSet>> {
    context.get_or_create_aux(0, |query| -> std::result::Result<TrigramSet, Problem> {
        Ok(TrigramSet::of(query.as_str()?))
    })
}

fn distance(context: &Context<'_>) -> Result<Option<f64>> {
    let Some(json) = text(context, 2)? else { return Ok(None) };
    let Ok(vector) = serde_json::from_str::<Vec<f64>>(&json) else { return Ok(None) };
    let metric = context.get_raw(0).as_str().ok().and_then(Metric::parse);
    let origin = context.get_or_create_aux(1, |bytes| -> std::result::Result<Vec<f64>, Problem> {
        Ok(numbers(bytes.as_blob()?))
    })?;
    Ok(metric.and_then(|metric| metric.distance(&vector, &origin)))
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The text the text operators see: numbers stand for theirs.
fn text<'c>(context: &'c Context<'_>, at: usize) -> Result<Option<Cow<'c, str>>> {
    let value = context.get_raw(at);
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(Cow::Owned(integer.to_string())),
        ValueRef::Real(float) => Some(Cow::Owned(float_text(float))),
        ValueRef::Text(_) => {
            let text = value.as_str().map_err(|problem| Error::UserFunctionError(problem.into()))?;
            Some(Cow::Borrowed(text))
        }
        ValueRef::Blob(_) => {
            return Err(Error::InvalidFunctionParameterType(at, value.data_type()));
        }
    })
}
