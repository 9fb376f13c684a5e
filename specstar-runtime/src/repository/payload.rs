//! From the bytes of a request to a payload that can be stored.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::Model;
use super::service::index_of;
use crate::descriptor::{FieldDescriptor, UnknownFields};
use crate::error::{Error, Result};
use crate::json::{self, DecodeError, DecodeErrorKind};
use crate::meta::{DataHash, Head};
use crate::resource::{Prepared, ValidationErrors};
use crate::schema;
use crate::timeline::Payload;

/// A payload that fits its type; its validator may still object.
pub(super) struct Checked {
    pub(super) payload: Payload,
    pub(super) invalid: Option<ValidationErrors>,
}

impl Checked {
    /// Raises what the validator said.
    pub(super) fn valid(self) -> Result<Payload> {
        match self.invalid {
            Some(errors) => Err(Error::Validation(errors)),
            None => Ok(self.payload),
        }
    }
}

/// The body of a create or a replace: fits the type, names nothing the client may not name.
pub(super) fn from_client(model: &Model, body: &[u8]) -> Result<Checked> {
    refuse_reserved(body)?;
    let prepared = prepare(model, body)?;
    let again = |body: &[u8]| (model.entry.prepare)(body).ok().map(|prepared| prepared.canonical);
    if model.settings.unknown_fields == UnknownFields::Deny
        && let Some(unknown) =
            json::unknown_fields_confirmed(body, &prepared.canonical, model.descriptor(), &again)
    {
        return Err(Error::UnknownField {
            path: unknown.path,
            name: unknown.name,
            suggestion: unknown.suggestion,
        });
    }
    checked(model, prepared)
}

/// A value the program made itself: only its type and its validator have a say.
pub(super) fn from_program(model: &Model, body: &[u8]) -> Result<Checked> {
    checked(model, prepare(model, body)?)
}

fn prepare(model: &Model, body: &[u8]) -> Result<Prepared> {
    let prepared = (model.entry.prepare)(body).map_err(decode_error)?;
    // serde takes an array for a struct and an object for a unit variant; the canonical form shows both.
    json::refuse_other_forms(body, &prepared.canonical).map_err(decode_error)?;
    Ok(prepared)
}

pub(crate) fn decode_error(error: DecodeError) -> Error {
    match error.kind {
        DecodeErrorKind::Syntax { offset } => Error::MalformedJson { offset, message: error.message },
        DecodeErrorKind::Data => Error::Decode(error),
    }
}

/// What a payload needs besides, once its type and its validator have seen it.
pub(super) fn checked(model: &Model, prepared: Prepared) -> Result<Checked> {
    let index = index_of(model, &prepared.canonical)?;
    json::check_vectors(model.descriptor(), &index)?;
    let payload = Payload {
        hash: DataHash::of(&prepared.canonical),
        index,
        blobs: Vec::new(),
        data: prepared.canonical,
        schema_version: model.descriptor().schema_version,
    };
    Ok(Checked { payload, invalid: prepared.invalid })
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
    model.descriptor().fields.iter().filter(|field| field.readonly)
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

/// The read-only fields with their stored values.
pub(super) fn keep_readonly(model: &Model, content: &mut Value, stored: &Value) {
    let Value::Object(members) = content else { return };
    for field in readonly(model) {
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
