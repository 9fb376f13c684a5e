//! The first pass over an archive: is it whole, and what is in it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use super::entry::{Archived, Entry};
use super::fault::Fault;
use super::open::Opened;
use super::report::{Imported, OnProgress, Progress};
use crate::change::ModelIndex;
use crate::error::Result;
use crate::repository::Service;

/// What is in an archive, as far as an import has to know it beforehand: a few bytes per resource.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Whether each resource is live afterwards, by a hash of type and id.
    resources: HashMap<u128, bool>,
    /// Files that revisions may name.
    pub(super) named: HashSet<String>,
    /// Files whose bytes are there.
    pub(super) files: HashSet<String>,
    /// The types that are imported, in order.
    pub(super) models: Vec<ModelIndex>,
    pub(super) report: BTreeMap<String, Imported>,
    pub(super) total: u64,
    /// Bytes of all payloads that are imported.
    pub(super) weight: u64,
    pub(super) bytes: u64,
    pub(super) hash: String,
    /// It is the delta of another one.
    pub(super) is_delta: bool,
}

impl Survey {
    /// Reads an archive to its end. With `only`, other types are passed over; else each has to be known.
    pub(super) fn of(
        service: &Service,
        path: &Path,
        only: Option<ModelIndex>,
        progress: Option<&OnProgress>,
    ) -> Result<Self> {
        let mut opened = Opened::new(path, true)?;
        let mut survey = Self {
            is_delta: opened.manifest.as_ref().is_some_and(|manifest| manifest.base.is_some()),
            ..Self::default()
        };
        let mut current = None;
        while let Some(entry) = opened.reader.next()? {
            match entry {
                Entry::Model { name } => {
                    current = survey.model(service, &name, only, opened.reader.position())?;
                }
                Entry::Resource(resource) => {
                    if let Some(model) = current {
                        survey.resource(model, &resource)?;
                    }
                    if let Some(progress) = progress {
                        progress(Progress { bytes: opened.bytes(), resources: survey.total });
                    }
                }
                Entry::Purged { resource_id } => {
                    if let Some(model) = current {
                        survey.note(model, &resource_id, false, opened.reader.position())?;
                    }
                }
                Entry::Blob { file_id } => {
                    survey.files.insert(file_id);
                }
                Entry::BlobData(_) | Entry::BlobEnd { .. } | Entry::ModelEnd => {}
            }
        }
        (survey.bytes, survey.hash) = (opened.bytes(), opened.hash());
        Ok(survey)
    }

    fn model(
        &mut self,
        service: &Service,
        name: &str,
        only: Option<ModelIndex>,
        at: u64,
    ) -> Result<Option<ModelIndex>> {
        let model = service.model(name);
        let Some(model) = model.filter(|model| only.is_none_or(|only| only == model.index)) else {
            if only.is_some() {
                return Ok(None);
            }
            return Err(Fault::Malformed(format!("there is no model `{name}`")).at(at).into());
        };
        self.models.push(model.index);
        self.report.insert(name.to_owned(), Imported::default());
        Ok(Some(model.index))
    }

    fn resource(&mut self, model: ModelIndex, resource: &Archived) -> Result<()> {
        self.note(model, &resource.resource_id, !resource.is_deleted, resource.at)?;
        self.total += 1;
        self.weight += resource.weight();
        for revision in &resource.revisions {
            self.named.extend(named_files(&revision.revision.data));
        }
        Ok(())
    }

    fn note(&mut self, model: ModelIndex, resource_id: &str, is_live: bool, at: u64) -> Result<()> {
        if self.resources.insert(key(model, resource_id), is_live).is_some() {
            return Err(Fault::resource(resource_id, "it is there twice").at(at).into());
        }
        Ok(())
    }

    /// Whether the archive has the resource live; `None` when it does not have it.
    pub(super) fn is_live(&self, model: ModelIndex, resource_id: &str) -> Option<bool> {
        self.resources.get(&key(model, resource_id)).copied()
    }
}

fn key(model: ModelIndex, resource_id: &str) -> u128 {
    let mut bytes = model.0.to_le_bytes().to_vec();
    bytes.extend_from_slice(resource_id.as_bytes());
    xxh3_128(&bytes)
}

/// What may be ids of files in a payload: the text of each member `file_id`, at whatever depth.
pub(super) fn named_files(json: &[u8]) -> Vec<String> {
    const MEMBER: &[u8] = b"\"file_id\"";
    // Most payloads have none, and need not be decoded.
    if !json.windows(MEMBER.len()).any(|window| window == MEMBER) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Ok(value) = Value::deserialize(&mut serde_json::Deserializer::from_slice(json)) {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => {
            if let Some(Value::String(file_id)) = members.get("file_id")
                && !found.contains(file_id)
            {
                found.push(file_id.clone());
            }
            members.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}
