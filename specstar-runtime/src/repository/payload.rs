//! From the bytes of a request to a payload that can be stored.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};

use super::Model;
use super::blob;
use super::service::index_of;
use crate::blob::identify::identify;
use crate::descriptor::{FieldDescriptor, UnknownFields};
use crate::error::{Error, Result};
use crate::json::{self, BlobPlace, Canonical, DecodeError, DecodeErrorKind, with_data_members};
use crate::meta::{DataHash, Head, MadeFile};
use crate::resource::{Prepared, ValidationErrors};
use crate::schema;
use crate::timeline::Payload;

/// A payload that fits its type; its validator may still object.
pub(super) struct Checked {
    pub(super) payload: Payload,
    /// The blobs in it.
    places: Vec<BlobPlace>,
    /// The bytes that some of them bring.
    uploads: Vec<MadeFile>,
    invalid: Option<ValidationErrors>,
}

impl Checked {
    /// Raises what the validator said.
    pub(super) fn valid(self) -> Result<(Payload, Vec<BlobPlace>, Vec<MadeFile>)> {
        match self.invalid {
            Some(errors) => Err(Error::Validation(errors)),
            None => Ok((self.payload, self.places, self.uploads)),
        }
    }

    /// What the validator said.
    pub(super) const fn objection(&self) -> Option<&ValidationErrors> {
        self.invalid.as_ref()
    }

    /// Made from other content by something that only sees the ids of files: the bytes of those that it still names
    /// come along.
    pub(super) fn made_from(self, other: &Self) -> Self {
        self.bringing(&other.uploads)
    }

    /// With the bytes of those of these files that it names.
    pub(super) fn bringing(mut self, files: &[MadeFile]) -> Self {
        let named: HashSet<&String> = self.payload.blobs.iter().collect();
        let mut known: HashSet<String> = self.uploads.iter().map(|own| own.file_id.clone()).collect();
        for file in files {
            if named.contains(&file.file_id) && known.insert(file.file_id.clone()) {
                self.uploads.push(file.clone());
            }
        }
        self
    }
}

/// What a client writes: fits the type, names nothing the client may not name. With a patch, `before` is what was
/// patched.
pub(super) fn from_client(model: &Model, body: &[u8], before: Option<&[u8]>) -> Result<Checked> {
    refuse_reserved(body)?;
    known_fields(model, body, before)
}

/// What the payload of an archive is to its type.
pub(super) struct Archived {
    pub(super) canonical: Vec<u8>,
    pub(super) blobs: Vec<String>,
    /// It brings the bytes of files.
    pub(super) has_uploads: bool,
}

/// The same from an archive. It was accepted once, when the type may have had other fields and vectors, so that only
/// decoding has a say.
pub(super) fn from_archive(model: &Model, body: &[u8]) -> Result<Archived> {
    let (mut canonical, _) = prepare(model, body)?;
    let (places, uploads) = identify(model.settings.blob_ids, &mut canonical, None)?;
    Ok(Archived { canonical: canonical.text, blobs: blob::named(&places), has_uploads: !uploads.is_empty() })
}

fn known_fields(model: &Model, body: &[u8], before: Option<&[u8]>) -> Result<Checked> {
    let (canonical, invalid) = prepare(model, body)?;
    let again = |body: &[u8]| {
        let (canonical, _) = split((model.entry.prepare)(body).ok()?);
        Some(with_data_members(&canonical).into_owned())
    };
    if model.settings.unknown_fields == UnknownFields::Deny
        && let Some(unknown) =
            json::unknown_fields_confirmed(body, &with_data_members(&canonical), model.descriptor(), &again)
    {
        return Err(Error::UnknownField {
            path: unknown.path,
            name: unknown.name,
            suggestion: unknown.suggestion,
        });
    }
    checked(model, canonical, invalid, before)
}

/// A value the program made itself: only its type and its validator have a say.
pub(super) fn from_program(model: &Model, body: &[u8]) -> Result<Checked> {
    patched_by_program(model, body, None)
}

/// The same, of what was patched.
pub(super) fn patched_by_program(model: &Model, body: &[u8], before: Option<&[u8]>) -> Result<Checked> {
    let (canonical, invalid) = prepare(model, body)?;
    checked(model, canonical, invalid, before)
}

fn prepare(model: &Model, body: &[u8]) -> Result<(Canonical, Option<ValidationErrors>)> {
    let prepared = (model.entry.prepare)(body).map_err(decode_error)?;
    // serde takes an array for a struct and an object for a unit variant; the canonical form shows both.
    json::refuse_other_forms(body, &prepared.canonical).map_err(decode_error)?;
    Ok(split(prepared))
}

pub(super) fn split(
    Prepared { canonical, blobs, invalid }: Prepared,
) -> (Canonical, Option<ValidationErrors>) {
    (Canonical { text: canonical, blobs }, invalid)
}

pub(crate) fn decode_error(error: DecodeError) -> Error {
    match error.kind {
        DecodeErrorKind::Syntax { offset } => Error::MalformedJson { offset, message: error.message },
        DecodeErrorKind::Data => Error::Decode(error),
    }
}

/// What a payload needs besides, once its type and its validator have seen it.
pub(super) fn checked(
    model: &Model,
    mut canonical: Canonical,
    invalid: Option<ValidationErrors>,
    before: Option<&[u8]>,
) -> Result<Checked> {
    let (places, uploads) = identify(model.settings.blob_ids, &mut canonical, before)?;
    let payload = hashed(model, canonical.text, blob::named(&places))?;
    Ok(Checked { payload, places, uploads, invalid })
}

/// Canonical JSON that names these files, with everything that is read from it.
pub(super) fn hashed(model: &Model, data: Vec<u8>, blobs: Vec<String>) -> Result<Payload> {
    let index = index_of(model, &data)?;
    json::check_vectors(model.descriptor(), &index)?;
    let schema_version = model.descriptor().schema_version;
    Ok(Payload { hash: DataHash::of(&data), index, blobs, data, schema_version })
}

type Members<'a> = BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;

/// `resource_id` is no field of any resource, and a client that sends it means something the server does not do.
fn refuse_reserved(body: &[u8]) -> Result<()> {
    // The search is a filter: only a body that has the text somewhere is looked at member by member.
    let suspicious = std::str::from_utf8(body).is_ok_and(|text| text.contains("resource_id"));
    if suspicious && serde_json::from_slice::<Members<'_>>(body).is_ok_and(|m| m.contains_key("resource_id"))
    {
        return Err(Error::ReservedField);
    }
    Ok(())
}

fn readonly(model: &Model) -> impl Iterator<Item = &'static FieldDescriptor> {
    let open = model.settings.clients_write_jobs;
    model.descriptor().fields.iter().filter(move |field| field.readonly && !open)
}

/// A create may not name a read-only field.
pub(super) fn refuse_readonly(model: &Model, body: &[u8]) -> Result<()> {
    let Some(first) = readonly(model).next() else { return Ok(()) };
    let Ok(members) = serde_json::from_slice::<Members<'_>>(body) else { return Ok(()) };
    debug_assert!(first.readonly);
    for field in readonly(model) {
        if members.contains_key(field.name) || field.aliases.iter().any(|alias| members.contains_key(*alias))
        {
            return Err(Error::ReadOnlyField { field: field.name.to_owned() });
        }
    }
    Ok(())
}

/// The body of a replace with the stored values of the read-only fields, which the client may repeat but not
/// change. `None` when the type has no such field.
pub(super) fn with_readonly(model: &Model, body: &[u8], head: &Head) -> Result<Option<Vec<u8>>> {
    if readonly(model).next().is_none() {
        return Ok(None);
    }
    schema::readable(head)?;
    let mut sent: Map<String, Value> = from_stored(body)?;
    let stored: Map<String, Value> = from_stored(&head.revision.data)?;
    for field in readonly(model) {
        let now = stored.get(field.name).cloned();
        for name in std::iter::once(&field.name).chain(field.aliases) {
            if let Some(value) = sent.remove(*name)
                && Some(&value) != now.as_ref()
            {
                return Err(Error::ReadOnlyField { field: field.name.to_owned() });
            }
        }
        if let Some(value) = now {
            sent.insert(field.name.to_owned(), value);
        }
    }
    serde_json::to_vec(&sent).map(Some).map_err(Error::internal)
}

/// After a patch: the read-only fields have their stored values.
pub(super) fn same_readonly(model: &Model, patched: &Value, stored: &Value) -> Result<()> {
    for field in readonly(model) {
        if patched.get(field.name) != stored.get(field.name) {
            return Err(Error::ReadOnlyField { field: field.name.to_owned() });
        }
    }
    Ok(())
}

/// The read-only fields with their stored values; of a job also where clients write them: going back in its history
/// does not go back with the work.
pub(super) fn keep_readonly(model: &Model, content: &mut Value, stored: &Value) {
    let Value::Object(members) = content else { return };
    for field in model.descriptor().fields.iter().filter(|field| field.readonly) {
        match stored.get(field.name) {
            Some(value) => members.insert(field.name.to_owned(), value.clone()),
            None => members.remove(field.name),
        };
    }
}

/// Reads JSON that was checked before: what fails here is a fault of the program or of the disk.
pub(super) fn from_stored<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(Error::internal)
}
