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

/// The most bytes of a resource with its history.
const RESOURCE: u64 = 256 << 20;

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
    /// Opens an archive and finds out what it is.
    pub(super) fn new(path: &Path, hashed: bool) -> ArchiveResult<Self> {
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
            let reader = ssb::Reader::new(input, RESOURCE)?;
            let manifest = reader.manifest().clone();
            (Box::new(reader), Some(manifest))
        } else if start == acbak::START {
            (Box::new(acbak::Reader::new(input, RESOURCE)?), None)
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
    let mut opened = Opened::new(path, true)?;
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
