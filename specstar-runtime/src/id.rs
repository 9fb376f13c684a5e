//! Ids of resources and revisions, and the entity tags made of them.

mod etag;
mod revision;

use uuid::Uuid;

use crate::descriptor::IdGenerator;

pub use etag::{CurrentTag, EntityTag, Precondition};
pub use revision::{
    RevisionIdError, parse_revision, parse_revision_or_number, revision_id, write_revision_id,
};

/// The longest resource id, in bytes.
pub const MAX_ID_BYTES: usize = 255;

/// Why a text cannot be a resource id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or white space only.
    #[error("a resource id must not be blank")]
    Blank,
    /// More than 255 bytes.
    #[error("a resource id must not be longer than {MAX_ID_BYTES} bytes")]
    TooLong,
    /// White space at an end, which people and proxies lose.
    #[error("a resource id must not start or end with white space")]
    Untrimmed,
    /// A name that is, or may become, a route of every resource type, or that URLs resolve away.
    #[error("a resource id must not be the name of a route, `.` or `..`")]
    Reserved,
    /// A control character, or one with a meaning in paths and URLs.
    #[error("a resource id must not contain {0:?}")]
    Forbidden(char),
}

/// What stands for something else in the place of an id.
const RESERVED: &[&str] = &[
    ".",
    "..",
    "data",
    "meta",
    "full",
    "revision-info",
    "count",
    "export",
    "import",
    "restore",
    "migrate",
    "changes",
];

/// Checks an id that a client chose or a generator made: not blank, no `/`, `\`, `?`, `#`, `%` and no
/// control character, no white space at the ends, at most 255 bytes.
///
/// ```
/// use specstar_runtime::id::{IdError, check_resource_id};
///
/// assert_eq!(check_resource_id("user:ann"), Ok(()));
/// assert_eq!(check_resource_id("a/b"), Err(IdError::Forbidden('/')));
/// ```
pub fn check_resource_id(id: &str) -> Result<(), IdError> {
    let forbidden = |c: &char| matches!(c, '/' | '\\' | '?' | '#' | '%') || c.is_control();
    if id.trim().is_empty() {
        return Err(IdError::Blank);
    }
    if id.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong);
    }
    if let Some(c) = id.chars().find(forbidden) {
        return Err(IdError::Forbidden(c));
    }
    if RESERVED.contains(&id) {
        return Err(IdError::Reserved);
    }
    if id.trim() == id { Ok(()) } else { Err(IdError::Untrimmed) }
}

/// Makes the id of a new resource: `{name}:` and a random part, or whatever a custom generator gives.
///
/// Version 7 UUIDs ascend within the process, also inside one millisecond. The result of a custom
/// generator is not checked here.
///
/// ```
/// use specstar_runtime::{descriptor::IdGenerator, id::generate};
///
/// assert!(generate(IdGenerator::UuidV7, "user").starts_with("user:"));
/// assert_eq!(generate(IdGenerator::Custom(|| "one".to_owned()), "user"), "one");
/// ```
pub fn generate(generator: IdGenerator, name: &str) -> String {
    match generator {
        IdGenerator::UuidV7 => named_uuid(name, Uuid::now_v7()),
        IdGenerator::UuidV4 => named_uuid(name, Uuid::new_v4()),
        IdGenerator::Ulid => format!("{name}:{}", ulid::Ulid::generate()),
        IdGenerator::NanoId => format!("{name}:{}", nanoid::nanoid!()),
        IdGenerator::Custom(make) => make(),
    }
}

fn named_uuid(name: &str, uuid: Uuid) -> String {
    let mut id = String::with_capacity(name.len() + 1 + uuid::fmt::Hyphenated::LENGTH);
    id.push_str(name);
    id.push(':');
    id.push_str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    id
}

#[cfg(test)]
mod tests;
