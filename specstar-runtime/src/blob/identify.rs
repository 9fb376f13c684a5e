//! The ids of bytes that come in a content.

use bytes::Bytes;
use serde_json::Value;

use super::{BlobIds, Digest};
use crate::error::{Error, Result};
use crate::json::{
    BlobMembers, BlobPlace, Canonical, DecodeError, blob_places, path_of, pointer_of, rewrite_blobs,
};
use crate::meta::MadeFile;

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
    let mut places = blob_places(canonical).ok_or_else(misplaced)?;
    let mut before = before.map(Before::of);
    if let Some(before) = &mut before {
        for (place, _) in places.iter_mut().zip(&canonical.blobs).filter(|(_, blob)| blob.data.is_none()) {
            before.disown(&canonical.text, place);
        }
    }
    let mut uploads: Vec<MadeFile> = Vec::new();
    for (blob, place) in canonical.blobs.iter_mut().zip(&mut places) {
        let Some(data) = blob.data.take() else { continue };
        let ids = ids.ok_or(Error::NoBlobStorage)?;
        let given = place.members.file_id.take();
        let upload = upload(ids, data.into(), &mut place.members);
        let start = place.range.start;
        let mut stood =
            |given: &str| before.as_mut().is_some_and(|b| b.named_at(&canonical.text, start, given));
        if let Some(given) = given.filter(|given| *given != upload.file_id && !stood(given)) {
            let path = path_of(&canonical.text, start);
            let message = format!("the data is not that of the file `{given}`");
            return Err(DecodeError::data(path, message).into());
        }
        match uploads.iter_mut().find(|other| other.file_id == upload.file_id) {
            Some(same) => same.content_type = upload.content_type.or(same.content_type.take()),
            None => uploads.push(upload),
        }
    }
    if before.is_some() || !uploads.is_empty() {
        canonical.text = rewrite_blobs(&canonical.text, &mut places).ok_or_else(misplaced)?;
    }
    Ok((places, uploads))
}

/// What is said of the bytes from now on.
fn upload(ids: BlobIds, data: Bytes, members: &mut BlobMembers) -> MadeFile {
    let digest = Digest::of(&data);
    let file_id = ids.id(&digest);
    members.file_id = Some(file_id.clone());
    members.size = Some(digest.size);
    MadeFile { file_id, data, content_type: members.content_type.clone() }
}

/// The content that was patched, read when it is needed.
struct Before<'a> {
    text: &'a [u8],
    value: Option<Value>,
}

impl<'a> Before<'a> {
    const fn of(text: &'a [u8]) -> Self {
        Self { text, value: None }
    }

    /// What stood where this offset of the patched text is.
    fn at(&mut self, text: &[u8], offset: usize) -> Option<&Value> {
        let value = self.value.get_or_insert_with(|| serde_json::from_slice(self.text).unwrap_or_default());
        value.pointer(&pointer_of(text, offset))
    }

    fn named_at(&mut self, text: &[u8], offset: usize, file_id: &str) -> bool {
        self.at(text, offset).is_some_and(|old| old["file_id"] == file_id)
    }

    /// A patch that puts another file in the place of one leaves the size and the media type of the old one there,
    /// which are not those of the new one.
    fn disown(&mut self, text: &[u8], place: &mut BlobPlace) {
        let BlobMembers { file_id: Some(file_id), size, content_type } = &mut place.members else { return };
        // As a whole it may have been moved.
        if contains(self.text, &text[place.range.clone()]) {
            return;
        }
        let Some(old) = self.at(text, place.range.start) else { return };
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

/// A fault of the canonical text.
pub(crate) fn misplaced() -> Error {
    Error::internal("the blobs of a text are not where they were written")
}

/// Whether a text has this part somewhere.
pub(crate) fn contains(text: &[u8], part: &[u8]) -> bool {
    match (std::str::from_utf8(text), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.contains(part),
        _ => false,
    }
}
