//! The blobs of what is written: what is said of them, and the bytes they bring.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde_json::Value;

use super::payload::{Checked, hashed};
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::binary::is_media_type;
use crate::blob::{BlobIds, Digest};
use crate::error::{Error, Result};
use crate::json::{
    BlobMembers, BlobPlace, Canonical, DecodeError, Pointers, blob_places, path_of, rewrite_blobs,
};
use crate::timeline::Payload;

/// The most blobs of a document. Each is looked up and named in the transaction of its revision.
const MOST_BLOBS: usize = 1_000;

/// Bytes that are stored when everything else is decided: what is refused leaves none behind.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) file_id: String,
    data: Bytes,
    content_type: Option<String>,
}

/// Content that can be planned.
pub(super) struct Ready {
    pub(super) payload: Payload,
    pub(super) uploads: Vec<Upload>,
}

/// Puts the ids of the bytes of a text in their place. Nothing is stored yet: an id is a hash of the bytes. Bytes that
/// come with an id must be those of the id, unless it stood in the content `before` that was patched.
pub(super) fn identify(
    model: &Model,
    canonical: &mut Canonical,
    before: Option<&[u8]>,
) -> Result<(Vec<BlobPlace>, Vec<Upload>)> {
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
    let mut uploads: Vec<Upload> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (blob, place) in canonical.blobs.iter_mut().zip(&mut places) {
        let Some(data) = blob.data.take() else { continue };
        let ids = model.settings.blob_ids.ok_or(Error::NoBlobStorage)?;
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
fn upload(ids: BlobIds, data: Bytes, members: &mut BlobMembers) -> Upload {
    let digest = Digest::of(&data);
    let file_id = ids.id(&digest);
    members.file_id = Some(file_id.clone());
    members.size = Some(digest.size);
    Upload { file_id, data, content_type: members.content_type.clone() }
}

/// The content before a write, read once and when it is needed.
struct Before<'a> {
    text: &'a [u8],
    read: Option<Read>,
}

struct Read {
    value: Value,
    /// What it says of its files, wherever that stands.
    files: HashSet<BlobMembers>,
}

impl<'a> Before<'a> {
    const fn of(text: &'a [u8]) -> Self {
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
    fn says(&mut self, members: &BlobMembers) -> bool {
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

/// The files that a text names, each once.
pub(super) fn named(places: &[BlobPlace]) -> Vec<String> {
    let mut file_ids: Vec<String> = places.iter().filter_map(|place| place.members.file_id.clone()).collect();
    file_ids.sort_unstable();
    file_ids.dedup();
    file_ids
}

/// The media type that a stored document says a file has; the first one, where it says several.
pub(super) fn media_type_in(document: &[u8], file_id: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(document).ok()?;
    said_in(&value, file_id).map(str::to_owned)
}

fn said_in<'a>(value: &'a Value, file_id: &str) -> Option<&'a str> {
    match value {
        Value::Object(members) => {
            let own = members.get("file_id").is_some_and(|own| own == file_id);
            let said = members.get("content_type").filter(|_| own).and_then(Value::as_str);
            said.or_else(|| members.values().find_map(|value| said_in(value, file_id)))
        }
        Value::Array(items) => items.iter().find_map(|value| said_in(value, file_id)),
        _ => None,
    }
}

fn misplaced() -> Error {
    Error::internal("the blobs of a text are not where they were written")
}

impl Service {
    /// Raises what the validator said, and fills in what is known of files that are only named. What the content
    /// before says of a file stays as it is.
    pub(super) async fn complete_blobs(
        &self,
        model: &Model,
        checked: Checked,
        before: Option<&[u8]>,
    ) -> Result<Ready> {
        let (payload, mut places, uploads) = checked.valid()?;
        let mut before = before.map(Before::of);
        let brought: HashMap<&str, &Upload> =
            uploads.iter().map(|upload| (&*upload.file_id, upload)).collect();
        let mut wanted = |place: &&mut BlobPlace| {
            let BlobMembers { file_id: Some(file_id), size, content_type } = &place.members else {
                return false;
            };
            let incomplete = size.is_none() || content_type.is_none();
            incomplete
                && !(size.is_some() && brought.contains_key(&**file_id))
                && !before.as_mut().is_some_and(|before| before.says(&place.members))
        };
        let mut open: Vec<&mut BlobPlace> = places.iter_mut().filter(|place| wanted(place)).collect();
        if open.is_empty() {
            return Ok(Ready { payload, uploads });
        }
        let file_ids: Vec<String> = open.iter().filter_map(|place| place.members.file_id.clone()).collect();
        let records = self.store.blobs(&file_ids).await.map_err(store_error)?;
        let (mut missing, mut seen) = (Vec::new(), HashSet::new());
        for ((place, record), file_id) in open.iter_mut().zip(records).zip(file_ids) {
            let BlobMembers { size, content_type, .. } = &mut place.members;
            match (record, brought.get(&*file_id)) {
                (_, Some(upload)) => {
                    *size = size.or(Some(upload.data.len() as u64));
                    *content_type = content_type.take().or_else(|| upload.content_type.clone());
                }
                (Some(record), None) => {
                    *size = size.or(Some(record.size));
                    *content_type = content_type.take().or(record.content_type);
                }
                (None, None) => {
                    if seen.insert(file_id.clone()) {
                        missing.push(file_id);
                    }
                }
            }
        }
        if !missing.is_empty() {
            return Err(Error::BlobsMissing { file_ids: missing });
        }
        let text = rewrite_blobs(&payload.data, &mut places).ok_or_else(misplaced)?;
        Ok(Ready { payload: hashed(model, text, payload.blobs)?, uploads })
    }

    /// Stores the bytes of what is about to be committed.
    pub(super) async fn store_uploads(&self, uploads: &[Upload], caller: &Caller) -> Result<()> {
        for Upload { data, content_type, .. } in uploads {
            self.blobs()?.store_bytes(data.clone(), content_type.clone(), caller.now()).await?;
        }
        Ok(())
    }
}
