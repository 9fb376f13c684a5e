//! The store on real files.

mod changes;
mod choices;
mod faults;
pub(super) mod fixture;
mod groups;
mod keyset;
mod reads;
