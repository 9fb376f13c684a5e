//! The blobs of what is written: what is said of them, and the bytes they bring.

use bytes::Bytes;

use super::payload::{Checked, hashed};
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::blob::{BlobIds, Digest};
use crate::error::{Error, Result};
use crate::json::{BlobMembers, BlobPlace, Canonical, DecodeError, blob_places, path_of, rewrite_blobs};
use crate::timeline::Payload;

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

/// Puts the ids of the bytes of a text in their place. Nothing is stored yet: an id is a hash of the bytes.
pub(super) fn identify(model: &Model, canonical: &mut Canonical) -> Result<(Vec<BlobPlace>, Vec<Upload>)> {
    if canonical.blobs.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut places = blob_places(canonical).ok_or_else(misplaced)?;
    let mut uploads: Vec<Upload> = Vec::new();
    for (blob, place) in canonical.blobs.iter_mut().zip(&mut places) {
        let Some(data) = blob.data.take() else { continue };
        let ids = model.settings.blob_ids.ok_or(Error::NoBlobStorage)?;
        let upload = upload(ids, data.into(), &mut place.members).map_err(|given| {
            let path = path_of(&canonical.text, place.range.start);
            DecodeError::data(path, format!("the data is not that of the file `{given}`"))
        })?;
        match uploads.iter_mut().find(|other| other.file_id == upload.file_id) {
            Some(same) => same.content_type = upload.content_type.or(same.content_type.take()),
            None => uploads.push(upload),
        }
    }
    if !uploads.is_empty() {
        canonical.text = rewrite_blobs(&canonical.text, &mut places).ok_or_else(misplaced)?;
    }
    Ok((places, uploads))
}

/// What is said of the bytes from now on; `Err` with the id they were sent with, when it is another one.
fn upload(ids: BlobIds, data: Bytes, members: &mut BlobMembers) -> Result<Upload, String> {
    let digest = Digest::of(&data);
    let file_id = ids.id(&digest);
    if let Some(given) = members.file_id.take()
        && given != file_id
    {
        return Err(given);
    }
    members.file_id = Some(file_id.clone());
    members.size = Some(digest.size);
    Ok(Upload { file_id, data, content_type: members.content_type.clone() })
}

/// The files that a text names, each once.
pub(super) fn named(places: &[BlobPlace]) -> Vec<String> {
    let mut file_ids: Vec<String> = places.iter().filter_map(|place| place.members.file_id.clone()).collect();
    file_ids.sort_unstable();
    file_ids.dedup();
    file_ids
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
        let wanted = |place: &&mut BlobPlace| {
            let BlobMembers { file_id, size, content_type } = &place.members;
            let incomplete = size.is_none() || content_type.is_none();
            let brought = uploads.iter().any(|upload| Some(&upload.file_id) == file_id.as_ref());
            let as_before = before.is_some_and(|before| contains(before, &payload.data[place.range.clone()]));
            incomplete && !as_before && !(brought && size.is_some()) && file_id.is_some()
        };
        let mut open: Vec<&mut BlobPlace> = places.iter_mut().filter(wanted).collect();
        if open.is_empty() {
            return Ok(Ready { payload, uploads });
        }
        let file_ids: Vec<String> = open.iter().filter_map(|place| place.members.file_id.clone()).collect();
        let records = self.store.blobs(&file_ids).await.map_err(store_error)?;
        let mut missing = Vec::new();
        for ((place, record), file_id) in open.iter_mut().zip(records).zip(file_ids) {
            let BlobMembers { size, content_type, .. } = &mut place.members;
            let brought = uploads.iter().find(|upload| upload.file_id == file_id);
            match (record, brought) {
                (_, Some(upload)) => {
                    *size = size.or(Some(upload.data.len() as u64));
                    *content_type = content_type.take().or_else(|| upload.content_type.clone());
                }
                (Some(record), None) => {
                    *size = size.or(Some(record.size));
                    *content_type = content_type.take().or(record.content_type);
                }
                (None, None) if missing.contains(&file_id) => {}
                (None, None) => missing.push(file_id),
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

fn contains(text: &[u8], part: &[u8]) -> bool {
    match (std::str::from_utf8(text), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.contains(part),
        _ => false,
    }
}
