//! Writing an archive as the reference does, byte for byte.

use std::io::Write;

use serde_json::Value;

use super::{VERSION, pack};
use crate::backup::fault::{ArchiveResult, Fault};
use crate::descriptor::ResourceDescriptor;
use crate::id::revision_id;
use crate::json::write_indexed_data;
use crate::meta::{Head, Revision, Stamp};

/// Writes an archive, one part after the other.
pub struct Writer<W> {
    out: W,
    frame: Vec<u8>,
    model: String,
    written: u64,
    hash: blake3::Hasher,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub fn new(out: W) -> ArchiveResult<Self> {
        let mut writer =
            Self { out, frame: Vec::new(), model: String::new(), written: 0, hash: blake3::Hasher::new() };
        writer.record("HeaderRecord", 1, |frame| {
            pack::text(frame, "version");
            pack::unsigned(frame, VERSION);
        })?;
        Ok(writer)
    }

    /// Bytes so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// The resources of a type follow.
    pub fn begin_model(&mut self, name: &str) -> ArchiveResult<()> {
        name.clone_into(&mut self.model);
        self.named("ModelStartRecord")
    }

    /// A resource and its superseded revisions.
    pub fn resource(
        &mut self,
        descriptor: &ResourceDescriptor,
        head: &Head,
        older: &[Revision],
    ) -> ArchiveResult<()> {
        let meta = meta(descriptor, head)?;
        self.data("MetaRecord", &meta)?;
        let behind = older.partition_point(|revision| revision.seq < head.revision.seq);
        let (before, after) = older.split_at(behind);
        for revision in before.iter().chain([&head.revision]).chain(after) {
            let revision = self::revision(&head.resource_id, revision);
            self.data("RevisionRecord", &revision)?;
        }
        Ok(())
    }

    /// The bytes of a file follow, exactly so many; behind them is to be written what this gives.
    pub fn begin_blob(&mut self, file_id: &str, size: u64, content_type: &str) -> ArchiveResult<Vec<u8>> {
        let too_long = |found| Fault::TooLong { found, limit: u32::MAX.into() }.at(self.written);
        let bytes = usize::try_from(size).map_err(|_| too_long(size))?;
        let (mut start, mut end) = (Vec::new(), Vec::new());
        pack::map(&mut start, 5);
        pack::text(&mut start, "t");
        pack::text(&mut start, "BlobRecord");
        pack::text(&mut start, "file_id");
        pack::text(&mut start, file_id);
        pack::text(&mut start, "blob_data");
        pack::bytes(&mut start, bytes);
        pack::text(&mut end, "size");
        pack::unsigned(&mut end, size);
        pack::text(&mut end, "content_type");
        pack::text(&mut end, content_type);
        let found = (start.len() + end.len()) as u64 + size;
        let length = u32::try_from(found).map_err(|_| too_long(found))?;
        self.write(&length.to_be_bytes())?;
        self.write(&start)?;
        Ok(end)
    }

    /// Some of the bytes of a file, or what [`begin_blob`](Self::begin_blob) gave.
    pub fn write(&mut self, data: &[u8]) -> ArchiveResult<()> {
        self.hash.update(data);
        self.out.write_all(data)?;
        self.written += data.len() as u64;
        Ok(())
    }

    /// The resources of the type end here.
    pub fn end_model(&mut self) -> ArchiveResult<()> {
        self.named("ModelEndRecord")
    }

    /// Ends the archive and gives its length and its hash.
    pub fn finish(mut self) -> ArchiveResult<(u64, blake3::Hash)> {
        self.record("EofRecord", 0, |_| {})?;
        self.out.flush()?;
        Ok((self.written, self.hash.finalize()))
    }

    fn named(&mut self, record: &str) -> ArchiveResult<()> {
        let model = std::mem::take(&mut self.model);
        self.record(record, 1, |frame| {
            pack::text(frame, "model_name");
            pack::text(frame, &model);
        })?;
        self.model = model;
        Ok(())
    }

    fn data(&mut self, record: &str, data: &[u8]) -> ArchiveResult<()> {
        self.record(record, 1, |frame| {
            pack::text(frame, "data");
            pack::bytes(frame, data.len());
            frame.extend_from_slice(data);
        })
    }

    fn record(&mut self, name: &str, fields: usize, rest: impl FnOnce(&mut Vec<u8>)) -> ArchiveResult<()> {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        pack::map(&mut frame, fields + 1);
        pack::text(&mut frame, "t");
        pack::text(&mut frame, name);
        rest(&mut frame);
        let length = u32::try_from(frame.len()).map_err(|_| {
            Fault::TooLong { found: frame.len() as u64, limit: u32::MAX.into() }.at(self.written)
        })?;
        self.write(&length.to_be_bytes())?;
        self.write(&frame)?;
        self.frame = frame;
        Ok(())
    }
}

fn meta(descriptor: &ResourceDescriptor, head: &Head) -> ArchiveResult<Vec<u8>> {
    let revision = &head.revision;
    let out = &mut Vec::new();
    pack::map(out, 15);
    pack::text(out, "current_revision_id");
    pack::text(out, &revision_id(&head.resource_id, revision.seq));
    pack::text(out, "resource_id");
    pack::text(out, &head.resource_id);
    pack::text(out, "schema_version");
    pack::optional(out, revision.schema_version.as_deref());
    pack::text(out, "total_revision_count");
    pack::unsigned(out, head.rev_count.unsigned_abs());
    stamps(out, &head.created, &head.updated);
    pack::text(out, "is_deleted");
    pack::boolean(out, head.is_deleted);
    pack::text(out, "indexed_data");
    let mut indexed = Vec::new();
    write_indexed_data(descriptor, &revision.data, &mut indexed);
    let indexed: Value = serde_json::from_slice(&indexed).map_err(std::io::Error::from)?;
    pack::json(out, &indexed);
    pack::text(out, "rev_status");
    pack::text(out, revision.status.as_str());
    pack::text(out, "rev_created_by");
    pack::text(out, &revision.created.by);
    pack::text(out, "rev_updated_by");
    pack::text(out, &revision.updated.by);
    pack::text(out, "rev_created_time");
    pack::instant(out, revision.created.time);
    pack::text(out, "rev_updated_time");
    pack::instant(out, revision.updated.time);
    Ok(std::mem::take(out))
}

fn revision(resource_id: &str, revision: &Revision) -> Vec<u8> {
    let out = &mut Vec::new();
    pack::map(out, 2);
    pack::text(out, "info");
    pack::map(out, 11 + usize::from(revision.parent_schema_version.is_some()));
    pack::text(out, "uid");
    pack::text(out, &revision.uid.to_string());
    pack::text(out, "resource_id");
    pack::text(out, resource_id);
    pack::text(out, "revision_id");
    pack::text(out, &revision_id(resource_id, revision.seq));
    pack::text(out, "parent_revision_id");
    pack::optional(out, revision.parent_seq.map(|seq| revision_id(resource_id, seq)).as_deref());
    // Left out where it is not known: the reference tells that from null.
    if let Some(version) = &revision.parent_schema_version {
        pack::text(out, "parent_schema_version");
        pack::text(out, version);
    }
    pack::text(out, "schema_version");
    pack::optional(out, revision.schema_version.as_deref());
    pack::text(out, "data_hash");
    pack::text(out, &revision.data_hash.to_string());
    pack::text(out, "status");
    pack::text(out, revision.status.as_str());
    stamps(out, &revision.created, &revision.updated);
    pack::text(out, "raw_data");
    pack::bytes(out, revision.data.len());
    out.extend_from_slice(&revision.data);
    std::mem::take(out)
}

fn stamps(out: &mut Vec<u8>, created: &Stamp, updated: &Stamp) {
    pack::text(out, "created_time");
    pack::instant(out, created.time);
    pack::text(out, "updated_time");
    pack::instant(out, updated.time);
    pack::text(out, "created_by");
    pack::text(out, &created.by);
    pack::text(out, "updated_by");
    pack::text(out, &updated.by);
}
