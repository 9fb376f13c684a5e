//! Sets of settings.

use crate::backup::ArchiveFormat;
use crate::blob::{BlobIds, UploadSettings};
use crate::descriptor::{IdGenerator, OnDecodeError, UnknownFields};
use crate::http::{HttpSettings, UnknownParameters};
use crate::query::UnindexedPolicy;
use crate::repository::Settings;

/// A set of settings to start from; each of them can still be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The safe defaults of this framework.
    #[default]
    Standard,
    /// The behaviour of SpecStar 0.12 for Python, for those who move from it: unknown fields and parameters
    /// are ignored, filters on fields without an index match nothing, pages are unlimited, ids are UUID v4,
    /// `HEAD` is not answered, a stable revision may be rewritten by a request that makes it a draft, references
    /// are neither validated by writes nor followed by permanent deletes, a restrict is not
    /// lifted by what goes along, a restore leaves alone what the delete took along, a write may leave a resource
    /// outside of its writer's scope, blobs are called by the XXH3-128 of their content and are everybody's to read
    /// and to upload, in forms only, upload sessions do not expire, and clients write every field
    /// of a job.
    Compat,
}

impl Preset {
    pub(crate) fn rules(self) -> Settings {
        match self {
            Self::Standard => Settings::default(),
            Self::Compat => Settings {
                id_generator: IdGenerator::UuidV4,
                unknown_fields: UnknownFields::Ignore,
                on_decode_error: OnDecodeError::Skip,
                rewrite_stable_as_draft: true,
                validate_references: false,
                purge_follows_references: false,
                restrict_before_cascade: true,
                restore_cascades: false,
                scope_of_writes: false,
                open_blobs: true,
                clients_write_jobs: true,
                ..Settings::default()
            },
        }
    }

    pub(crate) fn blob_ids(self) -> BlobIds {
        match self {
            Self::Standard => BlobIds::Blake3,
            Self::Compat => BlobIds::Xxh3,
        }
    }

    pub(crate) fn uploads(self) -> UploadSettings {
        match self {
            Self::Standard => UploadSettings::default(),
            Self::Compat => {
                UploadSettings { expires_after: None, forgotten_after: None, ..UploadSettings::default() }
            }
        }
    }

    pub(crate) fn wire(self) -> HttpSettings {
        match self {
            Self::Standard => HttpSettings::default(),
            Self::Compat => HttpSettings {
                unknown_parameters: UnknownParameters::Ignore,
                unindexed: UnindexedPolicy::Warn,
                page_size: u64::from(u32::MAX),
                max_page_size: i64::MAX as u64 - 1,
                head_and_options: false,
                raw_uploads: false,
                archive_format: ArchiveFormat::Acbak,
                ..HttpSettings::default()
            },
        }
    }
}
