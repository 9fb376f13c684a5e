//! Archives: everything that is stored, in one stream that another program, or a later one, can read.

pub mod acbak;
mod entry;
mod fault;
pub mod ssb;

pub use entry::{ArchiveReader, Archived, ArchivedRevision, Entry, HashState};
pub use fault::{ArchiveError, ArchiveResult, Fault};
