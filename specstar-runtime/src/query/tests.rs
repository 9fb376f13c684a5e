//! Tests over the whole of the module: what is accepted, and what refusals say.

mod conditions;
mod filters;
