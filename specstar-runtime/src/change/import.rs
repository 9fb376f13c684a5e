//! A resource out of an archive.

use super::{Existing, JobStart, ModelIndex};
use crate::json::IndexRow;
use crate::meta::{Head, Revision, Stamp};

/// A resource with its whole history, as it is to be afterwards.
///
/// All imports of a set that replace something take that away before any of them puts something there: unique
/// values may change places.
#[derive(Clone, Debug)]
pub struct Import {
    /// Which resource type.
    pub model: ModelIndex,
    /// The resource in whose place it comes; it keeps the row number, and its version counts on. Without one the id
    /// must not exist.
    pub replaces: Option<Existing>,
    /// The head; the row number is not looked at, nor is the version of one that replaces.
    pub head: Head,
    /// The revisions that are not current.
    pub older: Vec<Revision>,
    /// Index values of the current revision.
    pub index: IndexRow,
    /// The files that revisions name, each with the number of the revision.
    pub blobs: Vec<(i64, String)>,
    /// Of a job: what is asked of it besides what its document says.
    pub job: Option<Box<JobStart>>,
    /// Who imports it, and when.
    pub at: Stamp,
}

impl Import {
    /// The version of the head afterwards.
    pub fn version(&self) -> i64 {
        self.replaces.as_ref().map_or(self.head.version, |of| of.version + 1)
    }
}

/// How far the import of an archive has come, kept with the changes that bring it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The hash of the archive.
    pub archive: String,
    /// How many of its resources are done; `None` when all are, and nothing has to be kept.
    pub done: Option<u64>,
}
