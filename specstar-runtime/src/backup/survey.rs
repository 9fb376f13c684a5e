//! The first pass over an archive: is it whole, and what is in it.

use std::collections::{BTreeMap, HashMap, HashSet};

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

/// The most resources of an archive that is one commit.
const ATOMIC_RESOURCES: u64 = 10_000;

/// The most bytes of its payloads: they are in memory all at once.
const ATOMIC_BYTES: u64 = 16 << 20;

/// The most resources of a batch of a larger one.
const BATCH_RESOURCES: usize = 500;

/// The most bytes of its payloads.
const BATCH_BYTES: u64 = 4 << 20;

/// What is in an archive, as far as an import has to know it beforehand: a few bytes per resource.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What becomes of each resource, by a hash of type and id.
    resources: HashMap<u128, Coming>,
    /// Where a batch ends that an import in batches begins.
    batch: Filling,
    batches: u32,
    /// By hashes of type and id: what exists and stays, because duplicates are passed over.
    pub(super) skipped: HashSet<u128>,
    /// Files that revisions may name.
    pub(super) named: HashSet<String>,
    /// Files whose bytes are there, and whether their ids are hashes of these.
    pub(super) files: HashMap<String, bool>,
    /// Files that revisions may name, as it was decided before anything was written: what is stored on the way changes
    /// nothing.
    pub(super) allowed: HashSet<String>,
    /// Of these the ones that may be named because nobody has stored them yet.
    pub(super) fresh: HashSet<String>,
    /// By hashes of type, id and file: what the resource named already that an arriving one replaces.
    pub(super) kept: HashSet<u128>,
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

/// What becomes of a resource.
#[derive(Clone, Copy, Debug)]
struct Coming {
    is_live: bool,
    /// The batch it comes with; none for one that is purged, which is before all.
    batch: Option<u32>,
}

/// How full a batch is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filling {
    resources: usize,
    weight: u64,
}

impl Filling {
    /// One more; whether the batch is full with it.
    pub(super) const fn add(&mut self, weight: u64) -> bool {
        self.resources += 1;
        self.weight += weight;
        let full = self.resources >= BATCH_RESOURCES || self.weight >= BATCH_BYTES;
        if full {
            *self = Self { resources: 0, weight: 0 };
        }
        full
    }
}

impl Survey {
    /// Reads an archive to its end. With `only`, other types are passed over; else each has to be known.
    pub(super) fn of(
        service: &Service,
        mut opened: Opened,
        only: Option<ModelIndex>,
        progress: Option<&OnProgress>,
    ) -> Result<Self> {
        let mut survey = Self {
            is_delta: opened.manifest.as_ref().is_some_and(|manifest| manifest.base.is_some()),
            ..Self::default()
        };
        let mut current = None;
        let mut file = String::new();
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
                        let purged = Coming { is_live: false, batch: None };
                        survey.note(model, &resource_id, purged, opened.reader.position())?;
                        survey.total += 1;
                    }
                }
                Entry::Blob { file_id } => file = file_id,
                Entry::BlobEnd { proven, .. } => {
                    // One that is there twice has to be proven twice: the first one is stored.
                    let file_id = std::mem::take(&mut file);
                    survey.files.entry(file_id).and_modify(|all| *all &= proven).or_insert(proven);
                }
                Entry::BlobData(_) | Entry::ModelEnd => {}
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
        let coming = Coming { is_live: !resource.is_deleted, batch: Some(self.batches) };
        self.note(model, &resource.resource_id, coming, resource.at)?;
        let weight = resource.weight();
        self.total += 1;
        self.weight += weight;
        self.batches += u32::from(self.batch.add(weight));
        for revision in &resource.revisions {
            self.named.extend(named_files(&revision.revision.data));
        }
        Ok(())
    }

    fn note(&mut self, model: ModelIndex, resource_id: &str, coming: Coming, at: u64) -> Result<()> {
        if self.resources.insert(key(model, resource_id), coming).is_some() {
            return Err(Fault::resource(resource_id, "it is there twice").at(at).into());
        }
        Ok(())
    }

    /// Whether the archive has the resource live; `None` when it does not have it.
    pub(super) fn is_live(&self, model: ModelIndex, resource_id: &str) -> Option<bool> {
        self.resources.get(&key(model, resource_id)).map(|coming| coming.is_live)
    }

    /// Whether all of it is one commit.
    pub(super) const fn is_atomic(&self) -> bool {
        self.total <= ATOMIC_RESOURCES && self.weight <= ATOMIC_BYTES
    }

    /// Whether one resource is stored by a commit before that which replaces the other one.
    pub(super) fn is_before(&self, model: ModelIndex, one: &str, other: &str) -> bool {
        let batch =
            |resource_id| self.resources.get(&key(model, resource_id)).and_then(|coming| coming.batch);
        !self.is_atomic() && batch(one) < batch(other)
    }
}

pub(super) fn key(model: ModelIndex, resource_id: &str) -> u128 {
    let mut bytes = model.0.to_le_bytes().to_vec();
    bytes.extend_from_slice(resource_id.as_bytes());
    xxh3_128(&bytes)
}

/// Of a file that a resource names. No id has a `/`.
pub(super) fn naming_key(model: ModelIndex, resource_id: &str, file_id: &str) -> u128 {
    key(model, &format!("{resource_id}/{file_id}"))
}

/// What may be ids of files in a payload: the text of each member `file_id`, at whatever depth.
pub(super) fn named_files(json: &[u8]) -> HashSet<String> {
    const MEMBER: &[u8] = b"\"file_id\"";
    // Most payloads have none, and need not be decoded.
    if !json.windows(MEMBER.len()).any(|window| window == MEMBER) {
        return HashSet::new();
    }
    let mut found = HashSet::new();
    if let Ok(value) = Value::deserialize(&mut serde_json::Deserializer::from_slice(json)) {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => {
            if let Some(Value::String(file_id)) = members.get("file_id") {
                found.insert(file_id.clone());
            }
            members.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}
