//! Reading an archive: strict, in one pass, and with bounded memory.

use std::io::Read;

use serde::Deserialize;

use super::chunk::{Chunk, Kind, MAGIC};
use super::json::{BlobBegin, Counts, FORMAT, JobLine, Line, Manifest, ModelBegin, Sealed};
use crate::backup::entry::{
    ArchiveReader, Archived, ArchivedRevision, Entry, HashState, Weight, is_file_id, is_name,
};
use crate::backup::fault::{ArchiveResult, Fault, truncated};
use crate::blob::is_random;

/// Reads an archive. What it gives is only known to be whole when it has given `None`.
pub struct Reader<R> {
    input: R,
    /// The longest resource with its history.
    limit: u64,
    manifest: Manifest,
    at: u64,
    end: u64,
    place: Place,
    models_begun: usize,
    whole: blake3::Hasher,
    of_model: blake3::Hasher,
    rows: Vec<u8>,
    row: usize,
    pending: Option<Pending>,
    model: Counts,
    total: Counts,
}

enum Place {
    Between,
    Model,
    Blob { left: u64, size: u64, content_type: String, hash: Option<Box<(String, FileHash)>> },
    Done,
}

/// A resource whose revisions are still to come.
struct Pending {
    resource: Archived,
    missing: u64,
    weight: Weight,
}

/// The hash a file id is made of, where it is one.
pub(in crate::backup) enum FileHash {
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<xxhash_rust::xxh3::Xxh3>),
}

impl FileHash {
    /// Of a file id.
    pub(in crate::backup) fn of(file_id: &str) -> Option<Self> {
        let is_hex = |digits: &str, length| {
            digits.len() == length && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        match file_id.strip_prefix("b3-") {
            Some(digits) if is_hex(digits, 64) => Some(Self::Blake3(Box::default())),
            None if is_hex(file_id, 32) => Some(Self::Xxh3(Box::default())),
            _ => None,
        }
    }

    pub(in crate::backup) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Blake3(hash) => {
                hash.update(data);
            }
            Self::Xxh3(hash) => hash.update(data),
        }
    }

    pub(in crate::backup) fn file_id(&self) -> String {
        match self {
            Self::Blake3(hash) => format!("b3-{}", hash.finalize().to_hex()),
            Self::Xxh3(hash) => format!("{:032x}", hash.digest128()),
        }
    }
}

impl<R: Read> Reader<R> {
    /// Reads the beginning. No resource with its history may be longer than `limit` bytes.
    pub fn new(mut input: R, limit: u64) -> ArchiveResult<Self> {
        let mut magic = [0; 8];
        input.read_exact(&mut magic).map_err(|error| truncated(error, 0))?;
        if magic != MAGIC {
            return Err(Fault::NotAnArchive.at(0));
        }
        let mut whole = blake3::Hasher::new();
        whole.update(&magic);
        let end = MAGIC.len() as u64;
        let mut reader = Self {
            input,
            limit,
            manifest: Manifest {
                format: 0,
                tool: String::new(),
                created: String::new(),
                models: Vec::new(),
                token: String::new(),
                base: None,
                blobs: false,
                filtered: false,
            },
            at: end,
            end,
            place: Place::Between,
            models_begun: 0,
            whole,
            of_model: blake3::Hasher::new(),
            rows: Vec::new(),
            row: 0,
            pending: None,
            model: Counts::default(),
            total: Counts::default(),
        };
        reader.read_manifest()?;
        Ok(reader)
    }

    /// What the archive says of itself.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read_manifest(&mut self) -> ArchiveResult<()> {
        let chunk = self.chunk()?;
        if chunk.kind != Kind::Manifest {
            return Err(Fault::Misplaced { found: chunk.kind.name() }.at(self.at));
        }
        self.hash(&chunk);
        let payload = chunk.payload()?;
        let manifest: Manifest = self.json("the manifest", &payload)?;
        if manifest.format != FORMAT {
            return Err(Fault::Version(manifest.format.into()).at(self.at));
        }
        for (at, model) in manifest.models.iter().enumerate() {
            self.check_name(&model.name)?;
            if manifest.models[..at].iter().any(|other| other.name == model.name) {
                return Err(Fault::Malformed(format!("model `{}` is there twice", model.name)).at(self.at));
            }
        }
        self.manifest = manifest;
        Ok(())
    }

    fn check_name(&self, name: &str) -> ArchiveResult<()> {
        let fault = || Fault::Malformed(format!("`{}` cannot be a model", name.escape_debug())).at(self.at);
        if is_name(name) { Ok(()) } else { Err(fault()) }
    }

    /// The next chunk; the input must not end here.
    fn chunk(&mut self) -> ArchiveResult<Chunk> {
        self.at = self.end;
        let chunk = Chunk::read(&mut self.input, self.at)?.ok_or_else(|| Fault::Truncated.at(self.at))?;
        self.end += (chunk.header.len() + chunk.stored.len()) as u64;
        Ok(chunk)
    }

    fn hash(&mut self, chunk: &Chunk) {
        for part in [&chunk.header[..], &chunk.stored] {
            self.whole.update(part);
            self.of_model.update(part);
        }
    }

    fn json<'a, T: Deserialize<'a>>(&self, what: &str, payload: &'a [u8]) -> ArchiveResult<T> {
        serde_json::from_slice(payload).map_err(|error| Fault::malformed(what, error).at(self.at))
    }

    fn step(&mut self) -> ArchiveResult<Step> {
        if let Some(entry) = self.next_row()? {
            return Ok(Step::Entry(entry));
        }
        if let Place::Done = self.place {
            return Ok(Step::End);
        }
        if let Place::Blob { left: 0, .. } = &self.place {
            return self.end_blob().map(Step::Entry);
        }
        let chunk = self.chunk()?;
        let kind = chunk.kind;
        let fits = match (&self.place, kind) {
            (Place::Between, Kind::ModelBegin | Kind::End) | (Place::Blob { .. }, Kind::BlobData) => true,
            (Place::Model, Kind::Rows | Kind::BlobBegin | Kind::ModelEnd) => {
                kind == Kind::Rows || self.pending.is_none()
            }
            _ => false,
        };
        if !fits {
            return Err(Fault::Misplaced { found: kind.name() }.at(self.at));
        }
        match kind {
            Kind::ModelEnd => return self.end_model(chunk).map(Step::Entry),
            Kind::End => return self.end_archive(chunk),
            Kind::ModelBegin => self.of_model = blake3::Hasher::new(),
            _ => {}
        }
        self.hash(&chunk);
        let payload = chunk.payload()?;
        match kind {
            Kind::ModelBegin => self.begin_model(&payload).map(Step::Entry),
            Kind::BlobBegin => self.begin_blob(&payload).map(Step::Entry),
            Kind::BlobData => self.blob_data(payload).map(Step::Entry),
            _ => {
                if payload.last() != Some(&b'\n') {
                    return Err(Fault::Malformed("rows do not end with a line".into()).at(self.at));
                }
                (self.rows, self.row) = (payload, 0);
                Ok(Step::Again)
            }
        }
    }

    fn begin_model(&mut self, payload: &[u8]) -> ArchiveResult<Entry> {
        let ModelBegin { name } = self.json("the begin of a model", payload)?;
        // In the order of the manifest: so none is missing, and none is there twice.
        if self.manifest.models.get(self.models_begun).is_none_or(|model| model.name != name) {
            return Err(Fault::Misplaced { found: "a model that the manifest has elsewhere" }.at(self.at));
        }
        self.models_begun += 1;
        self.model = Counts::default();
        self.place = Place::Model;
        Ok(Entry::Model { name: name.into_owned() })
    }

    fn next_row(&mut self) -> ArchiveResult<Option<Entry>> {
        while self.row < self.rows.len() {
            let rows = std::mem::take(&mut self.rows);
            let rest = &rows[self.row..];
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            self.row += length + 1;
            let entry = self.row(&rest[..length]);
            self.rows = rows;
            if let Some(entry) = entry? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn row(&mut self, text: &[u8]) -> ArchiveResult<Option<Entry>> {
        if let Some(pending) = &mut self.pending {
            pending.weight.add(text.len(), self.limit).map_err(|fault| fault.at(self.at))?;
        }
        match (self.json("a row", text)?, &mut self.pending) {
            (Line::Resource(line), None) => {
                let mut weight = Weight::default();
                weight.add(text.len(), self.limit).map_err(|fault| fault.at(self.at))?;
                self.pending = Some(Pending {
                    missing: line.revisions,
                    weight,
                    resource: Archived {
                        at: self.at,
                        resource_id: line.id.into_owned(),
                        rev_count: line.rev_count,
                        version: line.version,
                        created: line.created.stamp(),
                        updated: line.updated.stamp(),
                        is_deleted: line.is_deleted,
                        current: line.current,
                        revisions: Vec::new(),
                        job: line.job.map(JobLine::place),
                    },
                });
            }
            (Line::Revision(line), Some(pending)) if pending.missing > 0 => {
                let fault = |problem: &str| Fault::resource(&pending.resource.resource_id, problem);
                let seq = line.seq;
                let (revision, fits) = line
                    .revision()
                    .ok_or_else(|| fault(&format!("the hash of revision {seq} does not fit")).at(self.at))?;
                pending.missing -= 1;
                let hash = if fits { HashState::Fits } else { HashState::Differs };
                pending.resource.revisions.push(ArchivedRevision { revision, hash });
                self.model.revisions += 1;
            }
            (Line::Purged(line), None) => {
                self.model.purged += 1;
                return Ok(Some(Entry::Purged { resource_id: line.id.into_owned() }));
            }
            _ => return Err(Fault::Misplaced { found: "a row" }.at(self.at)),
        }
        let Some(mut done) = self.pending.take_if(|pending| pending.missing == 0) else { return Ok(None) };
        done.resource.check()?;
        self.model.resources += 1;
        Ok(Some(Entry::Resource(Box::new(done.resource))))
    }

    fn begin_blob(&mut self, payload: &[u8]) -> ArchiveResult<Entry> {
        let BlobBegin { file_id, size, content_type } = self.json("the begin of a file", payload)?;
        if !is_file_id(&file_id) {
            let text = file_id.escape_debug();
            return Err(Fault::Malformed(format!("`{text}` cannot be the id of a file")).at(self.at));
        }
        let file_id = file_id.into_owned();
        let hash = FileHash::of(&file_id).map(|hash| Box::new((file_id.clone(), hash)));
        self.place = Place::Blob { left: size, size, content_type: content_type.into_owned(), hash };
        Ok(Entry::Blob { file_id })
    }

    fn blob_data(&mut self, data: Vec<u8>) -> ArchiveResult<Entry> {
        let Place::Blob { left, size, hash, .. } = &mut self.place else {
            return Err(Fault::Misplaced { found: Kind::BlobData.name() }.at(self.at));
        };
        let Some(rest) = left.checked_sub(data.len() as u64).filter(|_| !data.is_empty()) else {
            let found = *size - *left + data.len() as u64;
            return Err(Fault::Count { what: "bytes of a file", declared: *size, found }.at(self.at));
        };
        *left = rest;
        if let Some(hash) = hash {
            hash.1.update(&data);
        }
        Ok(Entry::BlobData(data))
    }

    fn end_blob(&mut self) -> ArchiveResult<Entry> {
        let Place::Blob { size, content_type, hash, .. } = std::mem::replace(&mut self.place, Place::Model)
        else {
            return Err(Fault::Misplaced { found: Kind::BlobData.name() }.at(self.at));
        };
        let proven = match hash.map(|hash| (hash.1.file_id(), hash.0)) {
            Some((found, file_id)) if found != file_id && !is_random(&file_id) => {
                return Err(Fault::Checksum("a file").at(self.at));
            }
            Some((found, file_id)) => found == file_id,
            None => false,
        };
        self.model.blobs += 1;
        self.model.blob_bytes += size;
        Ok(Entry::BlobEnd { size, content_type, proven })
    }

    fn end_model(&mut self, chunk: Chunk) -> ArchiveResult<Entry> {
        let hash = self.of_model.finalize();
        self.hash(&chunk);
        self.sealed("the end of a model", &chunk.payload()?, self.model, hash)?;
        self.total.add(&self.model);
        self.place = Place::Between;
        Ok(Entry::ModelEnd)
    }

    fn end_archive(&mut self, chunk: Chunk) -> ArchiveResult<Step> {
        let hash = self.whole.finalize();
        self.sealed("the end", &chunk.payload()?, self.total, hash)?;
        let (declared, found) = (self.manifest.models.len() as u64, self.models_begun as u64);
        if declared != found {
            return Err(Fault::Count { what: "models", declared, found }.at(self.at));
        }
        if self.input.read(&mut [0])? != 0 {
            return Err(Fault::Trailing.at(self.end));
        }
        self.place = Place::Done;
        Ok(Step::End)
    }

    fn sealed(&self, what: &str, payload: &[u8], found: Counts, hash: blake3::Hash) -> ArchiveResult<()> {
        let sealed: Sealed<'_> = self.json(what, payload)?;
        let declared = sealed.counts;
        for (what, declared, found) in [
            ("resources", declared.resources, found.resources),
            ("revisions", declared.revisions, found.revisions),
            ("purges", declared.purged, found.purged),
            ("files", declared.blobs, found.blobs),
            ("bytes of files", declared.blob_bytes, found.blob_bytes),
        ] {
            if declared != found {
                return Err(Fault::Count { what, declared, found }.at(self.at));
            }
        }
        if sealed.blake3 == hash.to_hex().as_str() {
            Ok(())
        } else {
            Err(Fault::Checksum("everything before").at(self.at))
        }
    }
}

enum Step {
    Entry(Entry),
    Again,
    End,
}

impl<R: Read> ArchiveReader for Reader<R> {
    fn next(&mut self) -> ArchiveResult<Option<Entry>> {
        loop {
            match self.step()? {
                Step::Entry(entry) => return Ok(Some(entry)),
                Step::Again => {}
                Step::End => return Ok(None),
            }
        }
    }

    fn position(&self) -> u64 {
        self.at
    }
}
