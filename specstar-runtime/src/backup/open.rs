//! Archives in files, of whichever format.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::{ArchiveReader, Entry};
use super::fault::{ArchiveResult, Fault};
use super::report::{Exported, VerifyReport};
use super::ssb::Manifest;
use super::{acbak, ssb};

/// The most bytes of a resource with its history, as it stands in the archive of a client: it is in memory as a whole.
pub(super) const RESOURCE: u64 = 256 << 20;

/// What a program imports and verifies are its own backups, and what could be written can be read.
pub(super) const UNLIMITED: u64 = u64::MAX;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// An archive that is open, at its beginning.
pub(super) struct Opened {
    pub(super) reader: Box<dyn ArchiveReader>,
    /// What it says of itself; none in the format of the reference.
    pub(super) manifest: Option<Manifest>,
    /// The hash of what was read, once it was read to the end.
    hash: Arc<std::sync::Mutex<blake3::Hasher>>,
    read: Arc<AtomicU64>,
}

impl Opened {
    /// Opens an archive and finds out what it is. No resource with its history may have more than `limit` bytes.
    pub(super) fn new(path: &Path, hashed: bool, limit: u64) -> ArchiveResult<Self> {
        let mut file = File::open(path)?;
        let mut start = [0; 8];
        let mut length = 0;
        while length < start.len() {
            match file.read(&mut start[length..])? {
                0 => break,
                read => length += read,
            }
        }
        let hash = Arc::new(std::sync::Mutex::new(blake3::Hasher::new()));
        let read = Arc::new(AtomicU64::new(0));
        let whole = std::io::Cursor::new(start[..length].to_vec()).chain(file);
        let noted = Noted { inner: whole, hash: hashed.then(|| Arc::clone(&hash)), read: Arc::clone(&read) };
        let input = BufReader::with_capacity(BUFFER, noted);
        let (reader, manifest): (Box<dyn ArchiveReader>, _) = if start == ssb::MAGIC {
            let reader = ssb::Reader::new(input, limit)?;
            let manifest = reader.manifest().clone();
            (Box::new(reader), Some(manifest))
        } else if start == acbak::START {
            (Box::new(acbak::Reader::new(input, limit)?), None)
        } else {
            let fault = if length == 0 { Fault::Truncated } else { Fault::NotAnArchive };
            return Err(fault.at(0));
        };
        Ok(Self { reader, manifest, hash, read })
    }

    /// Whether the hash of each revision was made of just the text that the archive has.
    pub(super) fn is_exact(&self) -> bool {
        self.manifest.is_some()
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The hash of what was read.
    pub(super) fn hash(&self) -> String {
        let hash = self.hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        hash.finalize().to_hex().to_string()
    }
}

struct Noted<R> {
    inner: R,
    hash: Option<Arc<std::sync::Mutex<blake3::Hasher>>>,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(hash) = &self.hash {
            hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner).update(&buffer[..read]);
        }
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads an archive to its end and says what is in it. Nothing else is looked at: whether it could be imported
/// depends on where.
pub fn verify(path: &Path) -> ArchiveResult<VerifyReport> {
    let mut opened = Opened::new(path, true, UNLIMITED)?;
    let mut models: BTreeMap<String, Exported> = BTreeMap::new();
    let mut current = String::new();
    while let Some(entry) = opened.reader.next()? {
        if let Entry::Model { name } = &entry {
            current.clone_from(name);
        }
        let model = models.entry(current.clone()).or_default();
        match entry {
            Entry::Resource(resource) => {
                model.resources += 1;
                model.revisions += resource.revisions.len() as u64;
            }
            Entry::Purged { .. } => model.purged += 1,
            Entry::BlobEnd { .. } => model.blobs += 1,
            Entry::Model { .. } | Entry::Blob { .. } | Entry::BlobData(_) | Entry::ModelEnd => {}
        }
    }
    let (token, base) = opened.manifest.as_ref().map(|m| (m.token.clone(), m.base.clone())).unzip();
    Ok(VerifyReport {
        models,
        bytes: opened.bytes(),
        archive_hash: opened.hash(),
        token,
        base: base.flatten(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use uuid::Uuid;

    use super::{Opened, verify};
    use crate::backup::ssb::{Manifest, ManifestModel, Writer};
    use crate::datetime::Timestamp;
    use crate::meta::{DataHash, Head, Revision, RevisionStatus, Stamp};

    /// The longest line of rows that can be written is shorter than what a client may send.
    const LONG: usize = 60 << 20;

    fn revision(seq: i64) -> Revision {
        let data = format!("{{\"text\":\"{}\"}}", "x".repeat(LONG)).into_bytes();
        let stamp = Stamp { time: Timestamp(seq), by: "ann".into() };
        Revision {
            seq,
            uid: Uuid::nil(),
            parent_seq: None,
            schema_version: None,
            parent_schema_version: None,
            status: RevisionStatus::Stable,
            data_hash: DataHash::of(&data),
            created: stamp.clone(),
            updated: stamp,
            data,
            outdated: None,
        }
    }

    #[test]
    fn a_history_of_any_length_that_was_written_can_be_verified() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let manifest = Manifest {
            format: 0,
            tool: "test".into(),
            created: String::new(),
            models: vec![ManifestModel { name: "note".into(), schema_version: None }],
            token: String::new(),
            base: None,
            blobs: false,
            filtered: false,
        };
        let mut writer = Writer::new(file.as_file_mut(), manifest).expect("it begins");
        writer.begin_model("note").expect("a model");
        let revision = revision(5);
        let head = Head {
            pk: 1,
            resource_id: "one".into(),
            rev_count: 5,
            version: 5,
            created: revision.created.clone(),
            updated: revision.updated.clone(),
            is_deleted: false,
            revision: revision.clone(),
        };
        let older: Vec<Revision> = (1..5).map(|seq| Revision { seq, ..revision.clone() }).collect();
        writer.resource(&head, &older, None).expect("a resource");
        writer.end_model().expect("its end");
        writer.finish().expect("the end");
        file.flush().expect("it is written");
        let report = verify(file.path()).expect("it is whole");
        assert_eq!(report.models["note"].revisions, 5);
        let mut limited = Opened::new(file.path(), false, super::RESOURCE).expect("it opens");
        let read = std::iter::from_fn(|| limited.reader.next().transpose());
        assert!(read.into_iter().any(|entry| entry.is_err()), "a client could send it");
    }
}
