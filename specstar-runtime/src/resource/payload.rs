//! The typed work of a write: JSON in, checked, canonical JSON out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Prepared, ValidationErrors};
use crate::json::{self, Canonical, DecodeError};

/// What a resource type must be for its values to be stored.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must also derive `serde::Serialize` and `serde::Deserialize`",
    label = "not serializable",
    note = "its values are stored as JSON"
)]
pub trait Payload: Sized + 'static {
    /// The value a JSON body describes.
    fn decode(body: &[u8]) -> Result<Self, DecodeError>;
    /// The value as canonical JSON, the bytes of its blobs included.
    fn encode(&self) -> Result<Vec<u8>, DecodeError>;
    /// The value as canonical JSON, and the blobs in it.
    fn capture(&self) -> Result<Canonical, DecodeError>;
}

// Without this the compiler names the leaf bounds, in the words of serde.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> Payload for T {
    fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        json::decode(body)
    }

    fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        json::to_canonical(self)
    }

    fn capture(&self) -> Result<Canonical, DecodeError> {
        json::capture(self)
    }
}

impl Prepared {
    /// A value ready to be stored, with what its validator says.
    pub(super) fn of<T: Payload>(value: &T, invalid: Option<ValidationErrors>) -> Result<Self, DecodeError> {
        let Canonical { text, blobs } = value.capture()?;
        Ok(Self { canonical: text, blobs, invalid })
    }
}

/// Decodes a body and writes it back as canonical JSON.
pub fn prepare<T: Payload>(body: &[u8]) -> Result<Prepared, DecodeError> {
    Prepared::of(&T::decode(body)?, None)
}

/// The same, and asks the validator of the resource. A function pointer and no generic parameter: the
/// compiler then says what signature it expected.
pub fn prepare_validated<T: Payload>(
    body: &[u8],
    validate: fn(&T) -> Result<(), ValidationErrors>,
) -> Result<Prepared, DecodeError> {
    let value = T::decode(body)?;
    Prepared::of(&value, validate(&value).err())
}
