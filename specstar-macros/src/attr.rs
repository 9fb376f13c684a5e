//! Attributes → typed options, each with the tokens it came from.

pub(crate) mod field;
pub(crate) mod grammar;
pub(crate) mod job;
pub(crate) mod migrate;
pub(crate) mod resource;
pub(crate) mod serde;
pub(crate) mod vector;
