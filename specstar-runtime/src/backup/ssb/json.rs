//! The JSON inside of chunks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::datetime::Timestamp;
use crate::meta::{DataHash, Revision, RevisionStatus, Stamp};
use crate::store::JobPlace;

/// The version of the format that is written.
pub(super) const FORMAT: u32 = 1;

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// What wrote it.
    pub tool: String,
    /// When.
    pub created: String,
    /// The resource types, in order.
    pub models: Vec<ManifestModel>,
    /// The state it shows, to be the `since` of a later delta.
    pub token: String,
    /// Of a delta: the state it follows on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether the bytes of files are in it.
    pub blobs: bool,
    /// A filter decided which resources are in it.
    pub filtered: bool,
}

/// A resource type in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestModel {
    /// Its name.
    pub name: String,
    /// The schema version of the program that wrote the archive.
    pub schema_version: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelBegin<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlobBegin<'a> {
    #[serde(borrow)]
    pub(super) file_id: Cow<'a, str>,
    pub(super) size: u64,
    #[serde(borrow)]
    pub(super) content_type: Cow<'a, str>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) resources: u64,
    pub(super) revisions: u64,
    pub(super) purged: u64,
    pub(super) blobs: u64,
    pub(super) blob_bytes: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.resources += other.resources;
        self.revisions += other.revisions;
        self.purged += other.purged;
        self.blobs += other.blobs;
        self.blob_bytes += other.blob_bytes;
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed<'a> {
    pub(super) counts: Counts,
    #[serde(borrow)]
    pub(super) blake3: Cow<'a, str>,
}

/// A line of rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line<'a> {
    Resource(#[serde(borrow)] ResourceLine<'a>),
    Revision(#[serde(borrow)] RevisionLine<'a>),
    Purged(#[serde(borrow)] PurgedLine<'a>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceLine<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    pub(super) rev_count: i64,
    pub(super) version: i64,
    #[serde(borrow)]
    pub(super) created: At<'a>,
    #[serde(borrow)]
    pub(super) updated: At<'a>,
    pub(super) is_deleted: bool,
    pub(super) current: i64,
    pub(super) revisions: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<JobLine<'a>>,
}

/// What stands beside the document of a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobLine<'a> {
    /// Microseconds since 1970.
    pub(super) run_at: i64,
    pub(super) priority: i16,
    pub(super) attempt: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) schedule: Option<Cow<'a, str>>,
}

impl<'a> JobLine<'a> {
    pub(super) fn of(job: &'a JobPlace) -> Self {
        let (first, last) = (Timestamp::WRITABLE.start(), Timestamp::WRITABLE.end());
        Self {
            // A delay may lead beyond what any archive can say: it is as good as never.
            run_at: job.run_at.0.clamp(*first, *last),
            priority: job.priority,
            attempt: job.attempt,
            schedule: job.schedule.as_deref().map(Cow::Borrowed),
        }
    }

    pub(super) fn place(self) -> JobPlace {
        JobPlace {
            run_at: Timestamp(self.run_at),
            priority: self.priority,
            attempt: self.attempt,
            schedule: self.schedule.map(Cow::into_owned),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurgedLine<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevisionLine<'a> {
    pub(super) seq: i64,
    pub(super) uid: Uuid,
    pub(super) parent: Option<i64>,
    #[serde(borrow)]
    pub(super) schema: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) parent_schema: Option<Cow<'a, str>>,
    pub(super) draft: bool,
    /// The hash, where it is not the one of `data`: it was kept of an imported revision.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) kept_hash: Option<Cow<'a, str>>,
    /// The hash of `data`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) created: At<'a>,
    #[serde(borrow)]
    pub(super) updated: At<'a>,
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

/// Microseconds since 1970 and a user.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct At<'a>(pub(super) i64, #[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> At<'a> {
    pub(super) fn of(stamp: &'a Stamp) -> Self {
        Self(stamp.time.0, Cow::Borrowed(&stamp.by))
    }

    pub(super) fn stamp(self) -> Stamp {
        Stamp { time: Timestamp(self.0), by: self.1.into_owned() }
    }
}

impl RevisionLine<'_> {
    /// The revision, and whether its hash fits; `None` when it has no hash that can be one.
    pub(super) fn revision(self) -> Option<(Revision, bool)> {
        let data = self.data.get().as_bytes().to_vec();
        let actual = DataHash::of(&data);
        let (data_hash, fits) = match (self.hash, self.kept_hash) {
            (Some(text), None) => (parse_hash(&text).filter(|hash| *hash == actual)?, true),
            (None, Some(text)) => {
                let hash = parse_hash(&text)?;
                (hash, hash == actual)
            }
            _ => return None,
        };
        let status = if self.draft { RevisionStatus::Draft } else { RevisionStatus::Stable };
        let revision = Revision {
            seq: self.seq,
            uid: self.uid,
            parent_seq: self.parent,
            schema_version: self.schema.map(Cow::into_owned),
            parent_schema_version: self.parent_schema.map(Cow::into_owned),
            status,
            data_hash,
            created: self.created.stamp(),
            updated: self.updated.stamp(),
            data,
            outdated: None,
        };
        Some((revision, fits))
    }
}

/// `xxh3_128:` and 32 lower-case digits.
pub(crate) fn parse_hash(text: &str) -> Option<DataHash> {
    let digits = text.strip_prefix("xxh3_128:")?;
    let lower = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    lower.then(|| u128::from_str_radix(digits, 16).ok().map(DataHash)).flatten()
}
