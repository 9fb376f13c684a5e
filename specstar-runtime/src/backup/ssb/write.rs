//! Writing an archive.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;
use serde_json::value::RawValue;

use super::chunk::{BLOB_PART, Kind, LINE, MAGIC, Packer, ROWS};
use super::json::{
    At, BlobBegin, Counts, FORMAT, JobLine, Line, Manifest, ModelBegin, PurgedLine, ResourceLine,
    RevisionLine, Sealed,
};
use crate::backup::fault::{ArchiveResult, Fault};
use crate::meta::{DataHash, Head, Revision, RevisionStatus};
use crate::store::JobPlace;

/// Writes an archive, one part after the other. It holds one chunk in memory.
pub struct Writer<W> {
    out: W,
    packer: Packer,
    written: u64,
    whole: blake3::Hasher,
    of_model: blake3::Hasher,
    rows: Vec<u8>,
    blob: Vec<u8>,
    model: Counts,
    total: Counts,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub fn new(mut out: W, mut manifest: Manifest) -> ArchiveResult<Self> {
        manifest.format = FORMAT;
        out.write_all(&MAGIC)?;
        let mut whole = blake3::Hasher::new();
        whole.update(&MAGIC);
        let mut writer = Self {
            out,
            packer: Packer::new()?,
            written: MAGIC.len() as u64,
            whole,
            of_model: blake3::Hasher::new(),
            rows: Vec::new(),
            blob: Vec::new(),
            model: Counts::default(),
            total: Counts::default(),
        };
        writer.json(Kind::Manifest, &manifest)?;
        Ok(writer)
    }

    /// Bytes so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// The resources of a type follow.
    pub fn begin_model(&mut self, name: &str) -> ArchiveResult<()> {
        self.of_model = blake3::Hasher::new();
        self.model = Counts::default();
        self.json(Kind::ModelBegin, &ModelBegin { name: Cow::Borrowed(name) })
    }

    /// A resource and its superseded revisions; of a job also when it is due.
    pub fn resource(&mut self, head: &Head, older: &[Revision], job: Option<&JobPlace>) -> ArchiveResult<()> {
        self.line(&Line::Resource(ResourceLine {
            id: Cow::Borrowed(&head.resource_id),
            rev_count: head.rev_count,
            version: head.version,
            created: At::of(&head.created),
            updated: At::of(&head.updated),
            is_deleted: head.is_deleted,
            current: head.revision.seq,
            revisions: older.len() as u64 + 1,
            job: job.map(JobLine::of),
        }))?;
        let behind = older.partition_point(|revision| revision.seq < head.revision.seq);
        let (before, after) = older.split_at(behind);
        for revision in before.iter().chain([&head.revision]).chain(after) {
            self.revision(revision)?;
        }
        self.model.resources += 1;
        Ok(())
    }

    fn revision(&mut self, revision: &Revision) -> ArchiveResult<()> {
        let at = self.written;
        let malformed = |error: &dyn std::fmt::Display| Fault::malformed("stored data", error).at(at);
        let text = std::str::from_utf8(&revision.data).map_err(|error| malformed(&error))?;
        let data: &RawValue = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        let hash = Some(Cow::Owned(revision.data_hash.to_string()));
        let fits = DataHash::of(&revision.data) == revision.data_hash;
        let (hash, kept_hash) = if fits { (hash, None) } else { (None, hash) };
        self.model.revisions += 1;
        self.line(&Line::Revision(RevisionLine {
            seq: revision.seq,
            uid: revision.uid,
            parent: revision.parent_seq,
            schema: revision.schema_version.as_deref().map(Cow::Borrowed),
            parent_schema: revision.parent_schema_version.as_deref().map(Cow::Borrowed),
            draft: revision.status == RevisionStatus::Draft,
            kept_hash,
            hash,
            created: At::of(&revision.created),
            updated: At::of(&revision.updated),
            data,
        }))
    }

    /// A resource that is not there any more.
    pub fn purged(&mut self, resource_id: &str) -> ArchiveResult<()> {
        self.model.purged += 1;
        self.line(&Line::Purged(PurgedLine { id: Cow::Borrowed(resource_id) }))
    }

    /// The bytes of a file follow, exactly so many.
    pub fn begin_blob(&mut self, file_id: &str, size: u64, content_type: &str) -> ArchiveResult<()> {
        self.flush_rows()?;
        self.model.blobs += 1;
        self.model.blob_bytes += size;
        let (file_id, content_type) = (Cow::Borrowed(file_id), Cow::Borrowed(content_type));
        self.json(Kind::BlobBegin, &BlobBegin { file_id, size, content_type })
    }

    /// Some of these bytes.
    pub fn blob_data(&mut self, mut data: &[u8]) -> ArchiveResult<()> {
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(BLOB_PART - self.blob.len()));
            self.blob.extend_from_slice(now);
            data = later;
            if self.blob.len() == BLOB_PART {
                self.flush_blob()?;
            }
        }
        Ok(())
    }

    /// All bytes were given.
    pub fn end_blob(&mut self) -> ArchiveResult<()> {
        self.flush_blob()
    }

    /// The resources of the type end here.
    pub fn end_model(&mut self) -> ArchiveResult<()> {
        self.flush_rows()?;
        let sealed =
            Sealed { counts: self.model, blake3: Cow::Owned(self.of_model.finalize().to_hex().to_string()) };
        self.total.add(&self.model);
        self.json(Kind::ModelEnd, &sealed)
    }

    /// Ends the archive and gives its length, and the hash of what stands before its end.
    pub fn finish(mut self) -> ArchiveResult<(u64, blake3::Hash)> {
        let hash = self.whole.finalize();
        let sealed = Sealed { counts: self.total, blake3: Cow::Owned(hash.to_hex().to_string()) };
        self.json(Kind::End, &sealed)?;
        self.out.flush()?;
        Ok((self.written, hash))
    }

    fn line(&mut self, line: &Line<'_>) -> ArchiveResult<()> {
        let before = self.rows.len();
        serde_json::to_writer(&mut self.rows, line).map_err(std::io::Error::from)?;
        self.rows.push(b'\n');
        let length = (self.rows.len() - before) as u64;
        if length > LINE {
            return Err(Fault::TooLong { found: length, limit: LINE }.at(self.written));
        }
        if self.rows.len() >= ROWS { self.flush_rows() } else { Ok(()) }
    }

    fn flush_rows(&mut self) -> ArchiveResult<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        self.chunk(Kind::Rows, &rows)?;
        rows.clear();
        self.rows = rows;
        Ok(())
    }

    fn flush_blob(&mut self) -> ArchiveResult<()> {
        if self.blob.is_empty() {
            return Ok(());
        }
        let mut blob = std::mem::take(&mut self.blob);
        self.chunk(Kind::BlobData, &blob)?;
        blob.clear();
        self.blob = blob;
        Ok(())
    }

    fn json(&mut self, kind: Kind, value: &impl Serialize) -> ArchiveResult<()> {
        let payload = serde_json::to_vec(value).map_err(std::io::Error::from)?;
        self.chunk(kind, &payload)
    }

    fn chunk(&mut self, kind: Kind, payload: &[u8]) -> ArchiveResult<()> {
        let (header, stored) = self.packer.pack(kind, payload)?;
        for part in [&header[..], stored] {
            self.whole.update(part);
            self.of_model.update(part);
            self.out.write_all(part)?;
            self.written += part.len() as u64;
        }
        Ok(())
    }
}
