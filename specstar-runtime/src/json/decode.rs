//! Bodies to values, with the place of the first misfit.

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::path::path_at;
use super::walk::refuse_other_forms;
use super::{DecodeError, to_canonical};

/// Decodes a JSON object into its type.
///
/// The path of a misfit costs nothing until there is one: it is found by a second reading of the body
/// up to the place where serde stopped. Duplicate fields of a struct are refused; of duplicate keys of
/// a map the last one counts. Integers that do not fit their type and nesting deeper than 128 levels
/// are refused.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    if !starts_object(body) {
        return Err(not_an_object(body));
    }
    serde_json::from_slice(body).map_err(|error| explain(body, &error))
}

/// [`decode`], and the canonical JSON of the value.
///
/// The canonical text also shows where the body gave an array for an object, which serde alone accepts
/// for a struct.
pub fn decode_canonical<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<(T, Vec<u8>), DecodeError> {
    let value = decode::<T>(body)?;
    let canonical = to_canonical(&value)?;
    refuse_other_forms(body, &canonical)?;
    Ok((value, canonical))
}

/// serde takes an array for a struct, and a unit struct takes `null`; a payload is always an object.
fn starts_object(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

#[cold]
fn not_an_object(body: &[u8]) -> DecodeError {
    if let Some(error) = syntax_error(body) {
        return error;
    }
    let found = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    DecodeError::data("$", format!("expected an object, found {found}"))
}

#[cold]
fn explain(body: &[u8], error: &serde_json::Error) -> DecodeError {
    // A misfit may stand before the place where the text stops being JSON.
    if let Some(error) = syntax_error(body) {
        return error;
    }
    let path = match offset(body, error) {
        Some(offset) => path_at(body, offset),
        None => "$".to_owned(),
    };
    DecodeError::data(path, message(error))
}

/// What is wrong with the text as JSON, whatever its type.
fn syntax_error(body: &[u8]) -> Option<DecodeError> {
    if let Err(error) = std::str::from_utf8(body) {
        return Some(DecodeError::syntax(error.valid_up_to(), "the body is not UTF-8"));
    }
    let error = serde_json::from_slice::<IgnoredAny>(body).err()?;
    Some(DecodeError::syntax(offset(body, &error).unwrap_or_default(), message(&error)))
}

/// Lines and columns count from one, columns in bytes, and line 0 means that there is no place.
fn offset(body: &[u8], error: &serde_json::Error) -> Option<usize> {
    let lines_before = error.line().checked_sub(1)?;
    let breaks = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let line_start = match lines_before.checked_sub(1) {
        Some(last) => breaks.map(|(at, _)| at + 1).nth(last)?,
        None => 0,
    };
    Some((line_start + error.column()).min(body.len()))
}

/// Without the line and column, which the path replaces.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let tail = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&tail) {
        Some(message) => message.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
