//! The store on real files.

mod blobs;
mod cascades;
mod chain;
mod changes;
mod choices;
mod faults;
pub(super) mod fixture;
mod groups;
mod keyset;
mod log;
mod reads;
mod requirements;
mod uploads;
