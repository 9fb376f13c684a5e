//! What an export or an import is asked to do, and what it did.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::fault::ArchiveError;
use crate::error::Error;
use crate::repository::Duplicates;

/// How many errors of a resource type a report names.
const MOST_ERRORS: usize = 100;

/// The format of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// Our own: checked as a whole, compressed, with deltas.
    #[default]
    Ssb,
    /// That of SpecStar 0.12 for Python.
    Acbak,
}

impl ArchiveFormat {
    /// How files of this format are called.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Ssb => "ssbak",
            Self::Acbak => "acbak",
        }
    }
}

/// What happens where an archive has a resource whose id exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The archive's replaces it, with the whole history.
    Overwrite,
    /// It stays as it is.
    Skip,
    /// The import fails, and nothing is imported.
    #[default]
    RaiseError,
}

impl OnDuplicate {
    /// By its name on the wire.
    ///
    /// ```
    /// use specstar_runtime::backup::OnDuplicate;
    /// assert_eq!(OnDuplicate::parse("skip"), Some(OnDuplicate::Skip));
    /// assert_eq!(OnDuplicate::parse("merge"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "overwrite" => Some(Self::Overwrite),
            "skip" => Some(Self::Skip),
            "raise_error" => Some(Self::RaiseError),
            _ => None,
        }
    }

    pub(super) const fn rule(self) -> Duplicates {
        match self {
            Self::Overwrite => Duplicates::Overwrite,
            Self::Skip => Duplicates::Skip,
            Self::RaiseError => Duplicates::Refuse,
        }
    }
}

/// How far an export or an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the archive that were written, or read in the pass at hand.
    pub bytes: u64,
    /// Resources that were written, or looked at in the pass at hand.
    pub resources: u64,
}

/// Is told of progress, often; it runs on the thread that does the work.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What is to be exported.
#[derive(Clone, Default)]
pub struct ExportOptions {
    /// The names of the resource types; empty for all.
    pub models: Vec<String>,
    /// The format.
    pub format: ArchiveFormat,
    /// Only what changed since the state with this token, which an earlier report has.
    pub since: Option<String>,
    /// Without the bytes of files.
    pub without_blobs: bool,
    /// Is told of progress.
    pub progress: Option<OnProgress>,
}

/// How an archive is imported.
#[derive(Clone, Default)]
pub struct ImportOptions {
    /// What happens where a resource exists.
    pub on_duplicate: OnDuplicate,
    /// Only look whether it could be imported.
    pub dry_run: bool,
    /// Go on where an import of the same archive has ended early: what it has stored is passed over.
    pub resume: bool,
    /// Is told of progress.
    pub progress: Option<OnProgress>,
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// By the name of the resource type.
    pub models: BTreeMap<String, Exported>,
    /// The length of the archive.
    pub bytes: u64,
    /// BLAKE3 of the archive, up to the part that holds it.
    pub hash: String,
    /// The state it shows, for the `since` of a later export.
    pub token: String,
}

/// How much of a resource type was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Resources.
    pub resources: u64,
    /// Their revisions.
    pub revisions: u64,
    /// Resources that are said to be gone.
    pub purged: u64,
    /// Files.
    pub blobs: u64,
}

/// What was imported, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// By the name of the resource type.
    pub models: BTreeMap<String, Imported>,
    /// The length of the archive.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub archive_hash: String,
}

impl ImportReport {
    /// Whether something stands in the way of the import.
    pub fn has_errors(&self) -> bool {
        self.models.values().any(|model| model.resources.failed > 0)
    }
}

/// What became of a resource type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Its resources.
    pub resources: ResourceCounts,
    /// Revisions that were written.
    pub revisions: u64,
    /// Resources that were removed, as a delta says.
    pub purged: u64,
    /// Files that its revisions name and that were not stored before.
    pub blobs: u64,
    /// What stands in the way: the first hundred.
    pub errors: Vec<String>,
}

impl Imported {
    pub(super) fn fail(&mut self, resource_id: &str, error: &Error) {
        self.resources.failed += 1;
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(format!("{resource_id}: {error}"));
        }
    }
}

/// What became of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResourceCounts {
    /// How many the archive has.
    pub total: u64,
    /// Those that did not exist.
    pub created: u64,
    /// Those that replaced another.
    pub overwritten: u64,
    /// Those that were left out, because one exists.
    pub skipped: u64,
    /// Those that cannot be imported.
    pub failed: u64,
}

/// What an archive says of itself, once it was read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// By the name of the resource type.
    pub models: BTreeMap<String, Exported>,
    /// The length of the archive.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub archive_hash: String,
    /// The state it shows; none in the format of the reference.
    pub token: Option<String>,
    /// Of a delta: the state it follows on.
    pub base: Option<String>,
}

impl From<ArchiveError> for Error {
    fn from(error: ArchiveError) -> Self {
        Self::BadRequest(error.to_string())
    }
}
