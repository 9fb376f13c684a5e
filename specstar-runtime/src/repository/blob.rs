//! The blobs of what is written: what is said of them, and the bytes they bring.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::payload::{Checked, hashed};
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::blob::identify::{Before, misplaced};
use crate::error::{Error, Result};
use crate::json::{BlobMembers, BlobPlace, rewrite_blobs};
use crate::meta::MadeFile;
use crate::timeline::Payload;

/// Content that can be planned.
pub(super) struct Ready {
    pub(super) payload: Payload,
    pub(super) uploads: Vec<MadeFile>,
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
        let brought: HashMap<&str, &MadeFile> =
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
    pub(super) async fn store_uploads(&self, uploads: &[MadeFile], caller: &Caller) -> Result<()> {
        for MadeFile { data, content_type, .. } in uploads {
            self.blobs()?.store_bytes(data.clone(), content_type.clone(), caller.now()).await?;
        }
        Ok(())
    }
}
