//! Texts against a real engine.

mod agreement;
mod bench;
mod operators;
mod plans;
mod ranks;
