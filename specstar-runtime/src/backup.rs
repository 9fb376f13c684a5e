//! Archives: everything that is stored, in one stream that another program, or a later one, can read.
//!
//! [`Backup`] is what a program uses. An archive shows one moment, whatever is written meanwhile; it is written and
//! read with bounded memory. There are two formats: [our own](ssb), which tells whether it is whole, and [that of
//! the reference](acbak). An import takes either.

pub mod acbak;
mod entry;
mod export;
mod fault;
mod import;
mod open;
mod report;
mod service;
pub mod ssb;
mod survey;
mod token;

pub use entry::{ArchiveReader, Archived, ArchivedRevision, Entry, HashState};
pub(crate) use export::Export;
pub use fault::{ArchiveError, ArchiveResult, Fault};
pub use open::verify;
pub use report::{
    ArchiveFormat, ExportOptions, ExportReport, Exported, ImportOptions, ImportReport, Imported, OnDuplicate,
    OnProgress, Progress, ResourceCounts, VerifyReport,
};
pub use service::Backup;
pub(crate) use service::import;
