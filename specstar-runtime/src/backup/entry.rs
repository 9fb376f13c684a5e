//! What every format of archives holds, one part after the other.

use std::collections::HashSet;

use super::fault::{ArchiveResult, Fault};
use crate::datetime::Timestamp;
use crate::id;
use crate::job::Schedule;
use crate::meta::{Revision, Stamp};
use crate::store::JobPlace;

/// The longest id of a file that an archive may name.
const FILE_ID: usize = 128;

/// The longest name of a user, and of a schema version, in bytes.
const WORD: usize = 1024;

/// Numbers of revisions and versions: those that every client can read.
const NUMBERS: std::ops::RangeInclusive<i64> = 1..=(1 << 53) - 1;

/// What a resource and each revision take besides their texts.
const OVERHEAD: u64 = 512;

/// The longest name of a resource type.
const NAME: usize = 128;

/// A part of an archive.
#[derive(Debug)]
pub enum Entry {
    /// The resources of a type follow.
    Model {
        /// Its name.
        name: String,
    },
    /// A resource with its history.
    Resource(Box<Archived>),
    /// A resource that was removed for good since the base of a delta.
    Purged {
        /// Its id.
        resource_id: String,
    },
    /// The bytes of a file follow.
    Blob {
        /// Its id.
        file_id: String,
    },
    /// Some of these bytes.
    BlobData(Vec<u8>),
    /// All bytes of the file were given.
    BlobEnd {
        /// How many there were.
        size: u64,
        /// The media type; empty for none.
        content_type: String,
        /// Its id is a hash of the bytes.
        proven: bool,
    },
    /// The resources of the type end here.
    ModelEnd,
}

/// A resource as an archive has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    /// Where it stands in the archive, in bytes.
    pub at: u64,
    /// Its id.
    pub resource_id: String,
    /// The highest revision number ever given.
    pub rev_count: i64,
    /// Counts the changes of the head; 1 where the archive does not know.
    pub version: i64,
    /// When and by whom it was made.
    pub created: Stamp,
    /// When and by whom it was changed last.
    pub updated: Stamp,
    /// Soft-deleted.
    pub is_deleted: bool,
    /// The number of the current revision.
    pub current: i64,
    /// Every revision that is kept, by ascending number.
    pub revisions: Vec<ArchivedRevision>,
    /// Of a job: when it is due, where the archive knows.
    pub job: Option<JobPlace>,
}

/// A revision as an archive has it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchivedRevision {
    /// The revision; its payload is JSON.
    pub revision: Revision,
    /// What its hash says of the payload.
    pub hash: HashState,
}

/// What the hash of a revision says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashState {
    /// It is the hash of the payload as the archive has it.
    Fits,
    /// It is another one.
    Differs,
}

/// Reads one part after the other.
pub trait ArchiveReader {
    /// The next part; `None` behind a valid end, when everything was checked.
    fn next(&mut self) -> ArchiveResult<Option<Entry>>;

    /// Where the part begins that was read last.
    fn position(&self) -> u64;
}

impl Archived {
    /// Fails when the resource contradicts itself.
    pub(super) fn check(&mut self) -> ArchiveResult<()> {
        self.problem()
            .map_or(Ok(()), |problem| Err(Fault::resource(&self.resource_id, problem).at(self.at)))?;
        self.revisions.sort_by_key(|revision| revision.revision.seq);
        Ok(())
    }

    fn problem(&self) -> Option<String> {
        if let Err(reason) = id::check_resource_id(&self.resource_id) {
            return Some(format!("the id cannot be one: {reason}"));
        }
        if !NUMBERS.contains(&self.rev_count) || !NUMBERS.contains(&self.version) {
            return Some("the counts are not positive, or too large".into());
        }
        if let Some(problem) = [&self.created, &self.updated].into_iter().find_map(stamp_problem) {
            return Some(problem);
        }
        if let Some(problem) = self.job.as_ref().and_then(job_problem) {
            return Some(problem);
        }
        let mut seen = HashSet::new();
        for ArchivedRevision { revision, .. } in &self.revisions {
            let seq = revision.seq;
            if seq < 1 || seq > self.rev_count {
                return Some(format!("revision {seq} is not among {}", self.rev_count));
            }
            if let Some(problem) = [&revision.created, &revision.updated].into_iter().find_map(stamp_problem)
            {
                return Some(format!("revision {seq}: {problem}"));
            }
            if !seen.insert(seq) {
                return Some(format!("revision {seq} is there twice"));
            }
            // A parent may have been pruned, but it was given a number once.
            if revision
                .parent_seq
                .is_some_and(|parent| parent < 1 || parent > self.rev_count || parent == seq)
            {
                return Some(format!("revision {seq} has a parent that cannot be"));
            }
            if revision.data.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
                return Some(format!("the data of revision {seq} is no JSON object"));
            }
        }
        if seen.contains(&self.current) { None } else { Some("the current revision is missing".into()) }
    }

    /// What is longer than a client may write: it would be in every answer.
    pub(super) fn excess(&self) -> Option<String> {
        let stamps = self
            .revisions
            .iter()
            .flat_map(|ArchivedRevision { revision, .. }| [&revision.created, &revision.updated])
            .chain([&self.created, &self.updated]);
        if stamps.map(|stamp| stamp.by.len()).any(|length| length > WORD) {
            return Some(format!("the name of a user is longer than {WORD} bytes"));
        }
        let versions = self.revisions.iter().flat_map(|ArchivedRevision { revision, .. }| {
            [&revision.schema_version, &revision.parent_schema_version]
        });
        versions
            .flatten()
            .any(|version| version.len() > WORD)
            .then(|| format!("a schema version is longer than {WORD} bytes"))
    }

    /// Bytes it takes, for limits.
    pub(super) fn weight(&self) -> u64 {
        let of_stamp = |stamp: &Stamp| stamp.by.len();
        let revisions = self.revisions.iter().map(|ArchivedRevision { revision, .. }| {
            let words = [&revision.schema_version, &revision.parent_schema_version];
            let words: usize = words.into_iter().flatten().map(String::len).sum();
            let texts =
                revision.data.len() + words + of_stamp(&revision.created) + of_stamp(&revision.updated);
            texts as u64 + OVERHEAD
        });
        let head = self.resource_id.len() + of_stamp(&self.created) + of_stamp(&self.updated);
        revisions.sum::<u64>() + head as u64
    }
}

/// What a reader holds of a resource whose revisions are still to come.
#[derive(Debug, Default)]
pub(super) struct Weight(u64);

impl Weight {
    /// Fails beyond the limit with so many bytes more. They are counted as they stand in the archive, whatever they
    /// say.
    pub(super) fn add(&mut self, bytes: usize, limit: u64) -> Result<(), Fault> {
        self.0 = self.0.saturating_add(bytes as u64).saturating_add(OVERHEAD);
        if self.0 > limit { Err(Fault::TooLong { found: self.0, limit }) } else { Ok(()) }
    }
}

fn stamp_problem(stamp: &Stamp) -> Option<String> {
    time_problem(stamp.time)
}

fn time_problem(time: Timestamp) -> Option<String> {
    let fits = Timestamp::WRITABLE.contains(&time.0);
    (!fits).then(|| "an instant is not within the years 1 to 9999".into())
}

/// An expression that this program cannot use, or whose time does not come any more, is kept as it is: whoever looks for
/// the next time says so.
fn job_problem(job: &JobPlace) -> Option<String> {
    let is_none = |text: &String| text.len() > Schedule::LONGEST || text.contains(char::is_control);
    let unfit = job.schedule.as_ref().is_some_and(is_none);
    time_problem(job.run_at).or_else(|| unfit.then(|| "its schedule cannot be one".into()))
}

/// Whether this can be the name of a resource type: what is looked up, shown and never a path.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !name.starts_with('.')
}

/// Whether this can be the id of a file: nothing that a path could be made of.
pub(super) fn is_file_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= FILE_ID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// JSON without white space between its parts.
pub(super) fn compact(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for &byte in json {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_text = byte == b'"';
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn white_space_is_removed_outside_of_text_only() {
        let json = br#" { "a b" : [ 1 , "x \" y\\" , {} ] } "#;
        assert_eq!(compact(json), br#"{"a b":[1,"x \" y\\",{}]}"#);
    }
}
