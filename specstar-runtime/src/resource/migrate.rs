//! The typed work of a migration: stored JSON of an older shape in, JSON of the resource type out.

use serde::de::DeserializeOwned;

use super::{Prepared, ValidationErrors, payload::Payload};
use crate::json::{self, DecodeError};

/// A value that is made of one of an older shape.
///
/// A conversion that cannot fail is an `impl From<UserV1> for UserV2`; then this trait is there by itself.
///
/// ```
/// use specstar_runtime::resource::{MigrateError, MigrateFrom};
///
/// struct UserV1 { age: String }
/// struct User { age: u32 }
///
/// impl MigrateFrom<UserV1> for User {
///     fn migrate_from(old: UserV1) -> Result<Self, MigrateError> {
///         let age = old.age.parse().map_err(|_| format!("`{}` is not an age", old.age))?;
///         Ok(Self { age })
///     }
/// }
/// assert_eq!(User::migrate_from(UserV1 { age: "7".into() }).unwrap().age, 7);
/// assert!(User::migrate_from(UserV1 { age: "seven".into() }).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "the trait `MigrateFrom<{Old}>` is not implemented for `{Self}`",
    label = "this step needs a conversion",
    note = "write `impl From<{Old}> for {Self}`, or where it can fail \
            `impl MigrateFrom<{Old}> for {Self} {{ fn migrate_from(old: {Old}) -> Result<Self, MigrateError> {{ … }} }}`"
)]
pub trait MigrateFrom<Old>: Sized {
    /// The value of the newer shape, or why there is none.
    fn migrate_from(old: Old) -> Result<Self, MigrateError>;
}

#[diagnostic::do_not_recommend]
impl<Old, New: From<Old>> MigrateFrom<Old> for New {
    fn migrate_from(old: Old) -> Result<Self, MigrateError> {
        Ok(old.into())
    }
}

/// Why a stored value has no newer shape; in words, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrateError(String);

impl MigrateError {
    /// A reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl<T: Into<String>> From<T> for MigrateError {
    fn from(reason: T) -> Self {
        Self(reason.into())
    }
}

impl std::fmt::Display for MigrateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MigrateError {}

/// A whole way from the stored JSON of one older schema version to the resource type.
pub type Migration = fn(&[u8]) -> Result<Prepared, MigrateError>;

/// What a shape of an older schema version must be: it is read and never written again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must also derive `serde::Deserialize`",
    label = "cannot be read",
    note = "stored content of an older schema version is read as this type"
)]
pub trait OlderShape: Sized {
    /// The value that stored JSON describes.
    fn read(data: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> OlderShape for T {
    fn read(data: &[u8]) -> Result<Self, DecodeError> {
        json::decode(data)
    }
}

/// Reads stored JSON as the shape it was written in.
pub fn older<T: OlderShape>(data: &[u8]) -> Result<T, MigrateError> {
    T::read(data).map_err(|error| MigrateError(format!("it does not fit its schema version: {error}")))
}

/// One step.
pub fn newer<Old, New: MigrateFrom<Old>>(old: Old) -> Result<New, MigrateError> {
    New::migrate_from(old)
}

/// The end of a way.
pub fn migrated<T: Payload>(value: &T) -> Result<Prepared, MigrateError> {
    Prepared::of(value, None).map_err(|error| MigrateError(error.to_string()))
}

/// The same, and asks the validator of the resource.
pub fn migrated_validated<T: Payload>(
    value: &T,
    validate: fn(&T) -> Result<(), ValidationErrors>,
) -> Result<Prepared, MigrateError> {
    Prepared::of(value, validate(value).err()).map_err(|error| MigrateError(error.to_string()))
}
