//! The stored state of a resource: its head, which holds the whole current revision, and the
//! superseded revisions behind it.

use bytes::Bytes;
use uuid::Uuid;

use crate::datetime::Timestamp;

/// Whether a revision is still being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevisionStatus {
    /// May be rewritten in place.
    Draft,
    /// Final: a change makes a new revision.
    Stable,
}

impl RevisionStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Stable => "stable",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "draft" => Some(Self::Draft),
            "stable" => Some(Self::Stable),
            _ => None,
        }
    }
}

/// XXH3-128 of the canonical JSON; `xxh3_128:` and 32 hex digits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataHash(pub u128);

impl DataHash {
    /// The hash of a canonical payload.
    pub fn of(canonical: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(canonical))
    }
}

impl DataHash {
    /// The hash as on the wire, without an allocation: it stands in every answer, and the formatting of a
    /// `u128` in hex is slower than the hash.
    pub fn text(self) -> [u8; 41] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = *b"xxh3_128:--------------------------------";
        for (pair, byte) in text[9..].chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

impl std::fmt::Display for DataHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text is ASCII, so the fallback never happens; it only avoids a panic path.
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// When and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The instant, read once per operation.
    pub time: Timestamp,
    /// The user's name; `anonymous` when nobody is known.
    pub by: String,
}

/// A revision, its payload included. Borrowed from a store row where it can be ([`RevisionRef`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Number within its resource, from 1, never reused.
    pub seq: i64,
    /// Identifies this stored revision; kept by an in-place modify.
    pub uid: Uuid,
    /// The revision that was current when this one was made.
    pub parent_seq: Option<i64>,
    /// Version of the struct the payload was written with.
    pub schema_version: Option<String>,
    /// The version before, where this revision changed it.
    pub parent_schema_version: Option<String>,
    /// Draft or stable.
    pub status: RevisionStatus,
    /// Hash of `data`.
    pub data_hash: DataHash,
    /// When the revision was made.
    pub created: Stamp,
    /// Differs from `created` only after an in-place modify.
    pub updated: Stamp,
    /// Canonical JSON; of an [outdated](Self::outdated) revision what was made of it, `null` where that failed.
    pub data: Vec<u8>,
    /// How it is stored, when that is not at the schema version of the type.
    pub outdated: Option<Box<Outdated>>,
}

/// Content that was written at another schema version, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// Canonical JSON of the shape of that version.
    pub data: Vec<u8>,
    /// Why nothing could be made of it.
    pub problem: Option<Problem>,
    /// Files that the steps made of it, which are stored when the content is.
    pub files: Vec<MadeFile>,
}

/// The bytes of a file that is named in a content and may not be stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFile {
    /// The hash of the bytes.
    pub file_id: String,
    /// The bytes.
    pub data: Bytes,
    /// Their media type, as far as it is known.
    pub content_type: Option<String>,
}

/// Why stored content cannot become the type, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The type does not know how to read this version.
    NoPath(String),
    /// A step failed on it.
    Failed(String),
}

impl Problem {
    /// The reason.
    pub fn text(&self) -> &str {
        match self {
            Self::NoPath(text) | Self::Failed(text) => text,
        }
    }
}

/// A resource as stored: metadata and the whole current revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Row number: order of creation.
    pub pk: i64,
    /// The id on the wire.
    pub resource_id: String,
    /// Highest revision number ever issued.
    pub rev_count: i64,
    /// Counts every change of the head; writes compare it.
    pub version: i64,
    /// When the resource was made.
    pub created: Stamp,
    /// The last change of any kind.
    pub updated: Stamp,
    /// Soft-deleted.
    pub is_deleted: bool,
    /// The current revision.
    pub revision: Revision,
}

/// A [`Revision`] borrowed from a row.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct RevisionRef<'a> {
    pub seq: i64,
    pub uid: Uuid,
    pub parent_seq: Option<i64>,
    pub schema_version: Option<&'a str>,
    pub parent_schema_version: Option<&'a str>,
    pub status: RevisionStatus,
    pub data_hash: DataHash,
    pub created_time: Timestamp,
    pub created_by: &'a str,
    pub updated_time: Timestamp,
    pub updated_by: &'a str,
    pub data: &'a [u8],
    pub outdated: Option<OutdatedRef<'a>>,
}

/// An [`Outdated`], borrowed.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct OutdatedRef<'a> {
    pub data: &'a [u8],
    pub problem: Option<&'a Problem>,
    pub files: &'a [MadeFile],
}

/// A [`Head`] borrowed from a row: lists are written from it without one allocation per field.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct HeadRef<'a> {
    pub pk: i64,
    pub resource_id: &'a str,
    pub rev_count: i64,
    pub version: i64,
    pub created_time: Timestamp,
    pub created_by: &'a str,
    pub updated_time: Timestamp,
    pub updated_by: &'a str,
    pub is_deleted: bool,
    pub revision: RevisionRef<'a>,
}

impl Revision {
    /// Borrows every part.
    pub fn as_ref(&self) -> RevisionRef<'_> {
        RevisionRef {
            seq: self.seq,
            uid: self.uid,
            parent_seq: self.parent_seq,
            schema_version: self.schema_version.as_deref(),
            parent_schema_version: self.parent_schema_version.as_deref(),
            status: self.status,
            data_hash: self.data_hash,
            created_time: self.created.time,
            created_by: &self.created.by,
            updated_time: self.updated.time,
            updated_by: &self.updated.by,
            data: &self.data,
            outdated: self.outdated.as_ref().map(|outdated| OutdatedRef {
                data: &outdated.data,
                problem: outdated.problem.as_ref(),
                files: &outdated.files,
            }),
        }
    }
}

impl Revision {
    /// A copy with an empty payload: what describes a revision needs no more.
    #[must_use]
    pub fn without_data(&self) -> Self {
        RevisionRef { data: &[], outdated: None, ..self.as_ref() }.to_owned()
    }

    /// The payload as it is stored.
    pub fn stored_data(&self) -> &[u8] {
        self.as_ref().stored_data()
    }

    /// Files that the content names and whose bytes were made where it was read.
    pub fn made_files(&self) -> &[MadeFile] {
        self.outdated.as_ref().map_or(&[], |outdated| &outdated.files)
    }

    /// Why there is no content of the type.
    pub fn problem(&self) -> Option<&Problem> {
        self.outdated.as_ref()?.problem.as_ref()
    }
}

impl<'a> RevisionRef<'a> {
    /// The payload as it is stored.
    pub fn stored_data(&self) -> &'a [u8] {
        self.outdated.map_or(self.data, |outdated| outdated.data)
    }

    /// Why there is no content of the type.
    pub fn problem(&self) -> Option<&'a Problem> {
        self.outdated.and_then(|outdated| outdated.problem)
    }

    /// Copies every part.
    pub fn to_owned(&self) -> Revision {
        Revision {
            seq: self.seq,
            uid: self.uid,
            parent_seq: self.parent_seq,
            schema_version: self.schema_version.map(str::to_owned),
            parent_schema_version: self.parent_schema_version.map(str::to_owned),
            status: self.status,
            data_hash: self.data_hash,
            created: Stamp { time: self.created_time, by: self.created_by.to_owned() },
            updated: Stamp { time: self.updated_time, by: self.updated_by.to_owned() },
            data: self.data.to_vec(),
            outdated: self.outdated.map(|outdated| {
                let OutdatedRef { data, problem, files } = outdated;
                Box::new(Outdated { data: data.to_vec(), problem: problem.cloned(), files: files.to_vec() })
            }),
        }
    }
}

impl Head {
    /// Borrows every part.
    pub fn as_ref(&self) -> HeadRef<'_> {
        HeadRef {
            pk: self.pk,
            resource_id: &self.resource_id,
            rev_count: self.rev_count,
            version: self.version,
            created_time: self.created.time,
            created_by: &self.created.by,
            updated_time: self.updated.time,
            updated_by: &self.updated.by,
            is_deleted: self.is_deleted,
            revision: self.revision.as_ref(),
        }
    }
}

impl HeadRef<'_> {
    /// Copies every part.
    pub fn to_owned(&self) -> Head {
        Head {
            pk: self.pk,
            resource_id: self.resource_id.to_owned(),
            rev_count: self.rev_count,
            version: self.version,
            created: Stamp { time: self.created_time, by: self.created_by.to_owned() },
            updated: Stamp { time: self.updated_time, by: self.updated_by.to_owned() },
            is_deleted: self.is_deleted,
            revision: self.revision.to_owned(),
        }
    }
}
