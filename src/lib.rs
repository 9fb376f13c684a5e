//! Versioned REST resources from a struct.
pub use specstar_runtime as runtime;
