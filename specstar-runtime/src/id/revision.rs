//! Revision ids: `{resource id}:{number}`.

use std::fmt::Write as _;

/// The id of a revision.
///
/// ```
/// assert_eq!(specstar_runtime::id::revision_id("user:ann", 3), "user:ann:3");
/// ```
pub fn revision_id(resource_id: &str, seq: i64) -> String {
    let mut id = String::with_capacity(resource_id.len() + 8);
    id.push_str(resource_id);
    // Writing to a `String` has no way to fail.
    let _ = write!(id, ":{seq}");
    id
}

/// Appends the id of a revision to JSON text, without quotes.
///
/// The resource id must be free of characters that JSON escapes, apart from `"`.
pub fn write_revision_id(out: &mut Vec<u8>, resource_id: &str, seq: i64) {
    if resource_id.contains('"') {
        out.extend_from_slice(resource_id.replace('"', "\\\"").as_bytes());
    } else {
        out.extend_from_slice(resource_id.as_bytes());
    }
    out.push(b':');
    out.extend_from_slice(itoa::Buffer::new().format(seq).as_bytes());
}

/// The number in a full revision id of this resource; `None` for anything else, such as an id of another
/// resource or a number with leading zeros.
///
/// ```
/// use specstar_runtime::id::parse_revision;
///
/// assert_eq!(parse_revision("user:ann", "user:ann:3"), Some(3));
/// assert_eq!(parse_revision("user:ann", "user:bob:3"), None);
/// assert_eq!(parse_revision("user:ann", "3"), None);
/// ```
pub fn parse_revision(resource_id: &str, text: &str) -> Option<i64> {
    match number(suffix(resource_id, text)?) {
        Some(Number::Seq(seq)) => Some(seq),
        _ => None,
    }
}

/// Why a text names no revision of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevisionIdError {
    /// Neither a number nor a revision id of this resource.
    #[error("neither a revision number nor a revision id of this resource")]
    Malformed,
    /// A number that no revision can have, such as `0` or `02`.
    #[error("no revision has this number")]
    Unknown,
}

/// The number of a revision given as number or as full id, as a switch takes it.
///
/// ```
/// use specstar_runtime::id::{RevisionIdError, parse_revision_or_number};
///
/// assert_eq!(parse_revision_or_number("user:ann", "3"), Ok(3));
/// assert_eq!(parse_revision_or_number("user:ann", "user:ann:3"), Ok(3));
/// assert_eq!(parse_revision_or_number("user:ann", "02"), Err(RevisionIdError::Unknown));
/// assert_eq!(parse_revision_or_number("user:ann", "abc"), Err(RevisionIdError::Malformed));
/// ```
pub fn parse_revision_or_number(resource_id: &str, text: &str) -> Result<i64, RevisionIdError> {
    let digits = suffix(resource_id, text).unwrap_or(text);
    match number(digits) {
        Some(Number::Seq(seq)) => Ok(seq),
        Some(Number::Impossible) => Err(RevisionIdError::Unknown),
        None => Err(RevisionIdError::Malformed),
    }
}

fn suffix<'t>(resource_id: &str, text: &'t str) -> Option<&'t str> {
    text.strip_prefix(resource_id)?.strip_prefix(':')
}

enum Number {
    Seq(i64),
    /// Digits that no revision id has: zero, leading zeros, more than 64 bits.
    Impossible,
}

fn number(digits: &str) -> Option<Number> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.starts_with('0') {
        return Some(Number::Impossible);
    }
    Some(digits.parse().map_or(Number::Impossible, Number::Seq))
}
