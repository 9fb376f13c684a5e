//! What an action gives.

use crate::error::{Error, Result};
use crate::resource::payload::Payload;

/// The return type of an action: `Result<R>`, or `Result<Option<R>>` where `None` writes nothing.
#[diagnostic::on_unimplemented(
    message = "an action of `{R}` returns `Result<{R}>` or `Result<Option<{R}>>`",
    label = "gives no `{R}`",
    note = "the error is that of this crate, `specstar::Error`"
)]
pub trait ActionOutcome<R> {
    /// It may be nothing.
    const OPTIONAL: bool;
    /// The value as canonical JSON.
    fn encode(self) -> Result<Option<Vec<u8>>>;
}

impl<R: Payload> ActionOutcome<R> for Result<R, Error> {
    const OPTIONAL: bool = false;

    fn encode(self) -> Result<Option<Vec<u8>>> {
        Ok(Some(self?.encode()?))
    }
}

impl<R: Payload> ActionOutcome<R> for Result<Option<R>, Error> {
    const OPTIONAL: bool = true;

    fn encode(self) -> Result<Option<Vec<u8>>> {
        let Some(value) = self? else { return Ok(None) };
        Ok(Some(value.encode()?))
    }
}

/// The functions of a return type. A constant of it is the one place that asks for the bound, so that a wrong type is
/// reported once.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Outcome<T> {
    /// It may be nothing.
    pub optional: bool,
    /// The value as canonical JSON.
    pub encode: fn(T) -> Result<Option<Vec<u8>>>,
}

impl<T> Outcome<T> {
    /// Those of an action on `R`.
    pub const fn of<R>() -> Self
    where
        T: ActionOutcome<R>,
    {
        Self { optional: T::OPTIONAL, encode: T::encode }
    }
}
