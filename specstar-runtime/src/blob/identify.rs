//! The ids of bytes that come in a content.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde_json::Value;

use super::{BlobIds, Digest};
use crate::binary::is_media_type;
use crate::error::{Error, Result};
use crate::json::{
    BlobMembers, BlobPlace, Canonical, DecodeError, Pointers, blob_places, path_of, rewrite_blobs,
};
use crate::meta::MadeFile;

/// The most blobs of a document. Each is looked up and named in the transaction of its revision.
const MOST_BLOBS: usize = 1_000;

/// Puts the ids of the bytes of a text in their place. Nothing is stored yet: an id is a hash of the bytes. Bytes that
/// come with an id must be those of the id, unless it stood in the content `before` that was patched.
pub(crate) fn identify(
    ids: Option<BlobIds>,
    canonical: &mut Canonical,
    before: Option<&[u8]>,
) -> Result<(Vec<BlobPlace>, Vec<MadeFile>)> {
    if canonical.blobs.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    refuse_too_many(canonical)?;
    let mut places = blob_places(canonical).ok_or_else(misplaced)?;
    let mut before = before.map(Before::of);
    if let Some(before) = &mut before {
        let mut pointers = Pointers::of(&canonical.text);
        for (place, _) in places.iter_mut().zip(&canonical.blobs).filter(|(_, blob)| blob.data.is_none()) {
            before.disown(&mut pointers, place);
        }
    }
    let mut pointers = Pointers::of(&canonical.text);
    let mut uploads: Vec<MadeFile> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (blob, place) in canonical.blobs.iter_mut().zip(&mut places) {
        let Some(data) = blob.data.take() else { continue };
        let ids = ids.ok_or(Error::NoBlobStorage)?;
        if place.members.content_type.as_deref().is_some_and(|text| !is_media_type(text)) {
            let path = path_of(&canonical.text, place.range.start);
            let message = "expected a media type such as image/png, of at most 255 bytes";
            return Err(DecodeError::data(format!("{path}.content_type"), message).into());
        }
        let given = place.members.file_id.take();
        let upload = upload(ids, data.into(), &mut place.members);
        let start = place.range.start;
        let mut stood =
            |given: &str| before.as_mut().is_some_and(|b| b.named_at(&mut pointers, start, given));
        if let Some(given) = given.filter(|given| *given != upload.file_id && !stood(given)) {
            let path = path_of(&canonical.text, start);
            let message = format!("the data is not that of the file `{given}`");
            return Err(DecodeError::data(path, message).into());
        }
        match known.entry(upload.file_id.clone()) {
            Entry::Occupied(same) => {
                let same = &mut uploads[*same.get()];
                same.content_type = upload.content_type.or(same.content_type.take());
            }
            Entry::Vacant(new) => {
                new.insert(uploads.len());
                uploads.push(upload);
            }
        }
    }
    if before.is_some() || !uploads.is_empty() {
        canonical.text = rewrite_blobs(&canonical.text, &mut places).ok_or_else(misplaced)?;
    }
    Ok((places, uploads))
}

fn refuse_too_many(canonical: &Canonical) -> Result<()> {
    let Some(first) = canonical.blobs.get(MOST_BLOBS) else { return Ok(()) };
    let path = path_of(&canonical.text, first.range.start);
    let count = canonical.blobs.len();
    let message = format!("a document has at most {MOST_BLOBS} blobs, and this one has {count}");
    Err(DecodeError::data(path, message).into())
}

/// What is said of the bytes from now on.
fn upload(ids: BlobIds, data: Bytes, members: &mut BlobMembers) -> MadeFile {
    let digest = Digest::of(&data);
    let file_id = ids.id(&digest);
    members.file_id = Some(file_id.clone());
    members.size = Some(digest.size);
    MadeFile { file_id, data, content_type: members.content_type.clone() }
}

/// The content before a write, read once and when it is needed.
pub(crate) struct Before<'a> {
    text: &'a [u8],
    read: Option<Read>,
}

struct Read {
    value: Value,
    /// What it says of its files, wherever that stands.
    files: HashSet<BlobMembers>,
}

impl<'a> Before<'a> {
    pub(crate) const fn of(text: &'a [u8]) -> Self {
        Self { text, read: None }
    }

    fn read(&mut self) -> &Read {
        self.read.get_or_insert_with(|| {
            let value = serde_json::from_slice(self.text).unwrap_or_default();
            let mut files = HashSet::new();
            collect_files(&value, &mut files);
            Read { value, files }
        })
    }

    /// Whether it says just this of a file, at whatever place.
    pub(crate) fn says(&mut self, members: &BlobMembers) -> bool {
        self.read().files.contains(members)
    }

    /// What stood where this offset of the patched text is.
    fn at(&mut self, pointers: &mut Pointers<'_>, offset: usize) -> Option<&Value> {
        self.read().value.pointer(&pointers.at(offset))
    }

    fn named_at(&mut self, pointers: &mut Pointers<'_>, offset: usize, file_id: &str) -> bool {
        self.at(pointers, offset).is_some_and(|old| old["file_id"] == file_id)
    }

    /// A patch that puts another file in the place of one leaves the size and the media type of the old one there,
    /// which are not those of the new one.
    fn disown(&mut self, pointers: &mut Pointers<'_>, place: &mut BlobPlace) {
        // As a whole it may have been moved.
        if place.members.file_id.is_none() || self.says(&place.members) {
            return;
        }
        let BlobMembers { file_id: Some(file_id), size, content_type } = &mut place.members else { return };
        let Some(old) = self.at(pointers, place.range.start) else { return };
        if old["file_id"] == **file_id {
            return;
        }
        if old["size"].as_u64() == *size {
            *size = None;
        }
        if old["content_type"].as_str() == content_type.as_deref() {
            *content_type = None;
        }
    }
}

/// What a document says of files. Which of its objects are blobs only its type knows; one that is none and looks like
/// one does no harm.
fn collect_files(value: &Value, files: &mut HashSet<BlobMembers>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(file_id)) = members.get("file_id") {
                files.insert(BlobMembers {
                    file_id: Some(file_id.clone()),
                    size: members.get("size").and_then(Value::as_u64),
                    content_type: members.get("content_type").and_then(Value::as_str).map(str::to_owned),
                });
            }
            members.values().for_each(|value| collect_files(value, files));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_files(value, files)),
        _ => {}
    }
}

/// A fault of the canonical text.
pub(crate) fn misplaced() -> Error {
    Error::internal("the blobs of a text are not where they were written")
}
