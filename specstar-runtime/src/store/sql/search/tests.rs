//! Texts against a real engine.

pub(crate) mod agreement;
pub(crate) mod bench;
mod operators;
mod plans;
mod ranks;
