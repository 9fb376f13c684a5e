//! Reading an archive of the reference, in one pass and with bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::io::Read;

use uuid::Uuid;

use super::record::{self, Meta, Payload, RawResource, Record};
use super::{FRAME, VERSION};
use crate::backup::entry::{
    ArchiveReader, Archived, ArchivedRevision, Entry, HashState, Weight, compact, is_file_id, is_name,
};
use crate::backup::fault::{ArchiveResult, Fault, truncated};
use crate::backup::ssb::{FileHash, parse_hash};
use crate::blob::is_random;
use crate::id::parse_revision;
use crate::meta::{DataHash, Revision, RevisionStatus, Stamp};

/// The most bytes of a file that are given at once.
const PART: u64 = 1 << 20;

/// The bytes a frame with a file can have besides those of the file.
const AROUND: usize = 4096;

/// Reads an archive. What it gives is only known to be whole when it has given `None`.
pub struct Reader<R> {
    input: R,
    /// What was read already and is to be read again, before `input`.
    ahead: std::io::Cursor<Vec<u8>>,
    limit: u64,
    at: u64,
    end: u64,
    model: Option<String>,
    seen: std::collections::HashSet<String>,
    resource: Option<Archived>,
    /// Of the resource with the revisions that were read.
    weight: Weight,
    /// Where its revisions are, by number.
    places: HashMap<i64, usize>,
    /// A record that was read when the resource before it was not given yet.
    waiting: Option<Record>,
    blob: Option<Blob>,
    done: bool,
}

/// A file in the middle of its frame.
struct Blob {
    file_id: String,
    /// It was given that it begins.
    begun: bool,
    hash: Option<FileHash>,
    left: u64,
    size: u64,
    /// Bytes of the frame behind those of the file.
    tail: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning. No resource with its history may be longer than `limit` bytes.
    pub fn new(input: R, limit: u64) -> ArchiveResult<Self> {
        let mut reader = Self {
            input,
            ahead: std::io::Cursor::default(),
            limit,
            at: 0,
            end: 0,
            model: None,
            seen: std::collections::HashSet::new(),
            resource: None,
            weight: Weight::default(),
            places: HashMap::new(),
            waiting: None,
            blob: None,
            done: false,
        };
        let Frame::Record(header) = reader.frame()? else { return Err(Fault::NotAnArchive.at(0)) };
        if header.t != "HeaderRecord" {
            return Err(Fault::NotAnArchive.at(0));
        }
        match header.version.unwrap_or(VERSION) {
            VERSION => Ok(reader),
            other => Err(Fault::Version(other).at(0)),
        }
    }

    /// The next frame. The input must not end here: only a record says that the archive does.
    fn frame(&mut self) -> ArchiveResult<Frame> {
        self.at = self.end;
        let mut length = [0; 4];
        self.input.read_exact(&mut length).map_err(|error| truncated(error, self.at))?;
        let length = u64::from(u32::from_be_bytes(length));
        self.end += 4 + length;
        let mut bytes = self.take(length.min(AROUND as u64))?;
        if let Some((file_id, size, used)) = blob_start(&bytes)
            && let Some(tail) = length.checked_sub(used as u64 + size)
            && tail <= AROUND as u64
        {
            self.ahead = std::io::Cursor::new(bytes.split_off(used));
            return Ok(Frame::Blob { file_id, size, tail });
        }
        if length > FRAME {
            return Err(Fault::TooLong { found: length, limit: FRAME }.at(self.at));
        }
        let more = self.take(length - bytes.len() as u64)?;
        bytes.extend(more);
        let record = record::decode(&bytes).map_err(|why| Fault::malformed("a record", why).at(self.at))?;
        Ok(Frame::Record(record))
    }

    /// So many bytes. The memory grows with what is really there.
    fn take(&mut self, length: u64) -> ArchiveResult<Vec<u8>> {
        let mut bytes = Vec::new();
        self.ahead.by_ref().chain(&mut self.input).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(Fault::Truncated.at(self.at)) }
    }

    fn step(&mut self) -> ArchiveResult<Option<Entry>> {
        if let Some(blob) = &self.blob {
            if blob.begun {
                return self.blob_data().map(Some);
            }
            // The resource before it comes first.
            let finished = self.finish_resource()?;
            return Ok(finished.or_else(|| self.announce_blob()));
        }
        let record = match self.waiting.take() {
            Some(record) => record,
            None => match self.frame()? {
                Frame::Record(record) => record,
                Frame::Blob { file_id, size, tail } => {
                    self.begin_blob(file_id, size, tail)?;
                    return Ok(None);
                }
            },
        };
        if record.t != "RevisionRecord"
            && let Some(entry) = self.finish_resource()?
        {
            self.waiting = Some(record);
            return Ok(Some(entry));
        }
        self.record(record)
    }

    fn record(&mut self, record: Record) -> ArchiveResult<Option<Entry>> {
        let at = self.at;
        let missing = |what: &str| Fault::Malformed(format!("{} has no {what}", record.t)).at(at);
        match (record.t.as_str(), &self.model) {
            ("ModelStartRecord", None) => {
                let name = record.model_name.clone().ok_or_else(|| missing("model_name"))?;
                if !is_name(&name) {
                    let name = name.escape_debug();
                    return Err(Fault::Malformed(format!("`{name}` cannot be a model")).at(at));
                }
                if self.seen.contains(&name) {
                    return Err(Fault::Misplaced { found: "a model that was there before" }.at(at));
                }
                self.seen.insert(name.clone());
                self.model = Some(name.clone());
                Ok(Some(Entry::Model { name }))
            }
            ("ModelEndRecord", Some(model)) => {
                if record.model_name.as_ref() != Some(model) {
                    return Err(Fault::Misplaced { found: "the end of another model" }.at(at));
                }
                self.model = None;
                Ok(Some(Entry::ModelEnd))
            }
            ("MetaRecord", Some(_)) => {
                let data = record.data.as_ref().ok_or_else(|| missing("data"))?;
                let meta = record::decode(&data.0).map_err(|why| Fault::malformed("a meta", why).at(at))?;
                (self.weight, self.places) = (Weight::default(), HashMap::new());
                self.weight.add(data.0.len(), self.limit).map_err(|fault| fault.at(at))?;
                self.resource = Some(archived(meta, at)?);
                Ok(None)
            }
            ("RevisionRecord", Some(_)) => {
                let data = record.data.as_ref().ok_or_else(|| missing("data"))?;
                self.weight.add(data.0.len(), self.limit).map_err(|fault| fault.at(at))?;
                let raw =
                    record::decode(&data.0).map_err(|why| Fault::malformed("a revision", why).at(at))?;
                self.revision(raw)?;
                Ok(None)
            }
            ("BlobRecord", Some(_)) => {
                let file_id = record.file_id.clone().ok_or_else(|| missing("file_id"))?;
                let mut data = record
                    .blob_data
                    .ok_or_else(|| Fault::Malformed("BlobRecord has no blob_data".into()).at(at))?
                    .0;
                let size = data.len() as u64;
                // In another order than it is written in, so it was read as a whole; it is read again as any other.
                super::pack::text(&mut data, "size");
                super::pack::unsigned(&mut data, record.size.unwrap_or(size));
                super::pack::text(&mut data, "content_type");
                super::pack::text(&mut data, record.content_type.as_deref().unwrap_or_default());
                let tail = data.len() as u64 - size;
                self.ahead = std::io::Cursor::new(data);
                self.begin_blob(file_id, size, tail)?;
                Ok(None)
            }
            ("EofRecord", None) => {
                if self.input.read(&mut [0])? != 0 {
                    return Err(Fault::Trailing.at(self.end));
                }
                self.done = true;
                Ok(None)
            }
            _ => Err(Fault::Malformed(format!("`{}` cannot stand here", record.t.escape_debug())).at(at)),
        }
    }

    fn finish_resource(&mut self) -> ArchiveResult<Option<Entry>> {
        let Some(mut resource) = self.resource.take() else { return Ok(None) };
        resource.check()?;
        Ok(Some(Entry::Resource(Box::new(resource))))
    }

    fn revision(&mut self, raw: RawResource) -> ArchiveResult<()> {
        let at = self.at;
        let Some(resource) = &mut self.resource else {
            return Err(Fault::Misplaced { found: "a revision" }.at(at));
        };
        let fault = |problem: String| Fault::resource(&resource.resource_id, problem).at(at);
        if raw.info.resource_id != resource.resource_id {
            return Err(fault(format!("a revision of `{}` follows it", raw.info.resource_id)));
        }
        let revision = revision(raw, &resource.resource_id).map_err(fault)?;
        // One that was migrated is there once per schema version, the last one being what is in force.
        match self.places.entry(revision.revision.seq) {
            Place::Occupied(place) => resource.revisions[*place.get()] = revision,
            Place::Vacant(place) => {
                place.insert(resource.revisions.len());
                resource.revisions.push(revision);
            }
        }
        Ok(())
    }

    fn begin_blob(&mut self, file_id: String, size: u64, tail: u64) -> ArchiveResult<()> {
        if self.model.is_none() {
            return Err(Fault::Misplaced { found: "a file" }.at(self.at));
        }
        if !is_file_id(&file_id) {
            let text = file_id.escape_debug();
            return Err(Fault::Malformed(format!("`{text}` cannot be the id of a file")).at(self.at));
        }
        let hash = FileHash::of(&file_id);
        self.blob = Some(Blob { file_id, begun: false, hash, left: size, size, tail });
        Ok(())
    }

    fn announce_blob(&mut self) -> Option<Entry> {
        let blob = self.blob.as_mut()?;
        blob.begun = true;
        Some(Entry::Blob { file_id: blob.file_id.clone() })
    }

    fn blob_data(&mut self) -> ArchiveResult<Entry> {
        let Some(mut blob) = self.blob.take() else { return Err(Fault::Truncated.at(self.at)) };
        if blob.left == 0 {
            return self.end_blob(blob);
        }
        let data = self.take(blob.left.min(PART))?;
        blob.left -= data.len() as u64;
        if let Some(hash) = &mut blob.hash {
            hash.update(&data);
        }
        self.blob = Some(blob);
        Ok(Entry::BlobData(data))
    }

    fn end_blob(&mut self, blob: Blob) -> ArchiveResult<Entry> {
        // What is left of the map of the frame, under a head of its own.
        let mut tail = vec![0x82];
        tail.extend(self.take(blob.tail)?);
        let tail: BlobTail =
            record::decode(&tail).map_err(|why| Fault::malformed("a file", why).at(self.at))?;
        if tail.size != blob.size {
            let (declared, found) = (tail.size, blob.size);
            return Err(Fault::Count { what: "bytes of a file", declared, found }.at(self.at));
        }
        // The id of a file that was not uploaded through the reference is that of its upload, and no hash.
        let is_hash = blob.hash.is_some();
        let proven = blob.hash.is_some_and(|hash| hash.file_id() == blob.file_id);
        if is_hash && !proven && !is_random(&blob.file_id) {
            return Err(Fault::Checksum("a file").at(self.at));
        }
        Ok(Entry::BlobEnd { size: blob.size, content_type: tail.content_type, proven })
    }
}

enum Frame {
    Record(Record),
    /// A file, read up to its bytes; so many bytes stand behind these.
    Blob {
        file_id: String,
        size: u64,
        tail: u64,
    },
}

#[derive(serde::Deserialize)]
struct BlobTail {
    size: u64,
    content_type: String,
}

/// The id, the size, and the bytes in front of those of the file, where a frame begins as the reference writes
/// the record of a file.
fn blob_start(frame: &[u8]) -> Option<(String, u64, usize)> {
    let mut expected = vec![0x85];
    super::pack::text(&mut expected, "t");
    super::pack::text(&mut expected, "BlobRecord");
    super::pack::text(&mut expected, "file_id");
    let rest = frame.strip_prefix(&expected[..])?;
    let (length, rest) = match *rest.first()? {
        marker @ 0xa0..=0xbf => (usize::from(marker & 31), &rest[1..]),
        0xd9 => (usize::from(*rest.get(1)?), rest.get(2..)?),
        _ => return None,
    };
    let file_id = std::str::from_utf8(rest.get(..length)?).ok()?;
    let mut key = Vec::new();
    super::pack::text(&mut key, "blob_data");
    let rest = rest[length..].strip_prefix(&key[..])?;
    let digits = match *rest.first()? {
        0xc4 => 1,
        0xc5 => 2,
        0xc6 => 4,
        _ => return None,
    };
    let size = rest.get(1..=digits)?.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
    Some((file_id.to_owned(), size, frame.len() - rest.len() + 1 + digits))
}

fn archived(meta: Meta, at: u64) -> ArchiveResult<Archived> {
    let Some(current) = parse_revision(&meta.resource_id, &meta.current_revision_id) else {
        let problem = format!("`{}` is no revision of it", meta.current_revision_id);
        return Err(Fault::resource(&meta.resource_id, problem).at(at));
    };
    Ok(Archived {
        at,
        rev_count: meta.total_revision_count,
        version: 1,
        created: Stamp { time: meta.created_time.0, by: meta.created_by },
        updated: Stamp { time: meta.updated_time.0, by: meta.updated_by },
        is_deleted: meta.is_deleted,
        current,
        revisions: Vec::new(),
        job: None,
        resource_id: meta.resource_id,
    })
}

/// The revision with its payload as JSON. An error says what is wrong with it.
fn revision(raw: RawResource, resource_id: &str) -> Result<ArchivedRevision, String> {
    let RawResource { info, raw_data } = raw;
    let seq_of = |text: &str| {
        parse_revision(resource_id, text).ok_or_else(|| format!("`{text}` is no revision of it"))
    };
    let seq = seq_of(&info.revision_id)?;
    let actual = DataHash::of(&raw_data.0);
    let data_hash = match &info.data_hash {
        Some(text) => parse_hash(text).ok_or_else(|| format!("`{text}` is no hash"))?,
        None => actual,
    };
    let hash = if data_hash == actual { HashState::Fits } else { HashState::Differs };
    let revision = Revision {
        seq,
        uid: Uuid::try_parse(&info.uid).map_err(|_| format!("`{}` is no UUID", info.uid))?,
        parent_seq: info.parent_revision_id.as_deref().map(seq_of).transpose()?,
        schema_version: info.schema_version,
        parent_schema_version: info.parent_schema_version,
        status: RevisionStatus::parse(&info.status)
            .ok_or_else(|| format!("`{}` is no status", info.status))?,
        data_hash,
        created: Stamp { time: info.created_time.0, by: info.created_by },
        updated: Stamp { time: info.updated_time.0, by: info.updated_by },
        data: json(&raw_data.0)
            .map_err(|why| format!("the data of revision {seq} cannot be decoded: {why}"))?,
        outdated: None,
    };
    Ok(ArchivedRevision { revision, hash })
}

/// A payload in the encoding of its model, which nothing tells but the payload itself: an object begins with `{`,
/// a map in `MessagePack` with another byte.
fn json(raw: &[u8]) -> Result<Vec<u8>, String> {
    match raw.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {
            serde_json::from_slice::<serde::de::IgnoredAny>(raw).map_err(|error| error.to_string())?;
            Ok(compact(raw))
        }
        Some(0x80..=0x8f | 0xde | 0xdf) => {
            let Payload(value) = record::decode(raw)?;
            serde_json::to_vec(&value).map_err(|error| error.to_string())
        }
        _ => Err("it is neither a JSON object nor a map".into()),
    }
}

impl<R: Read> ArchiveReader for Reader<R> {
    fn next(&mut self) -> ArchiveResult<Option<Entry>> {
        while !self.done {
            if let Some(entry) = self.step()? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn position(&self) -> u64 {
        self.at
    }
}
