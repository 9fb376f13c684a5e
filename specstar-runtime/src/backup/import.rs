//! Bringing the resources of an archive in: look at everything, then write.
//!
//! An archive is read three times: is it whole ([`Survey`]), does each resource fit and would nothing that holds be
//! broken, and only then is something written. A small archive is one commit. A larger one is written in batches,
//! so that other writers get between them; what they make impossible meanwhile ends the import where it is.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::xxh3_128;

use super::acbak;
use super::entry::{Archived, ArchivedRevision, Entry, HashState};
use super::fault::Fault;
use super::open::Opened;
use super::report::{ImportOptions, ImportReport, Imported, Progress};
use super::ssb::FileHash;
use super::survey::{Survey, named_files};
use crate::change::{Checkpoint, ModelIndex};
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::meta::{Head, Revision};
use crate::repository::{Arrival, Arriving, Caller, Duplicates, Fate, Findings, Model, Service};

/// The most resources of an archive that is one commit.
const ATOMIC_RESOURCES: u64 = 10_000;

/// The most bytes of its payloads: they are in memory all at once.
const ATOMIC_BYTES: u64 = 16 << 20;

/// The most resources of a batch of a larger one.
const BATCH_RESOURCES: usize = 500;

/// The most bytes of its payloads.
const BATCH_BYTES: u64 = 4 << 20;

/// Parts of a file that wait to be stored.
const WAITING: usize = 2;

/// An import on the thread that does it.
pub(crate) struct Importer<'a> {
    pub(crate) service: &'a Arc<Service>,
    pub(crate) caller: &'a Caller,
    pub(crate) options: &'a ImportOptions,
    /// The only type that is imported.
    pub(crate) only: Option<ModelIndex>,
    pub(crate) path: &'a Path,
    pub(crate) handle: &'a Handle,
}

impl Importer<'_> {
    pub(crate) fn run(&self) -> Result<ImportReport> {
        let mut survey = Survey::of(self.service, self.path, self.only, self.options.progress.as_ref())?;
        for model in &survey.models {
            self.handle.block_on(self.service.loading(self.model(*model), self.caller))?;
        }
        if survey.is_delta && self.duplicates() != Duplicates::Overwrite {
            return Err(Error::BadRequest("a delta can only overwrite what exists".into()));
        }
        let done = if self.options.resume { self.done(&survey)? } else { 0 };
        self.look(&mut survey, done)?;
        if !self.options.dry_run {
            survey.report.values_mut().for_each(|model| *model = Imported::default());
            self.store_files(&mut survey)?;
            self.apply(&mut survey, done)?;
        }
        Ok(ImportReport { models: survey.report, bytes: survey.bytes, archive_hash: survey.hash })
    }

    /// What the checkpoints of this import are kept under: the archive, and what of it is imported.
    fn archive(&self, survey: &Survey) -> String {
        self.only.map_or_else(
            || survey.hash.clone(),
            |only| format!("{} {}", survey.hash, self.model(only).name()),
        )
    }

    /// How many resources an earlier import of the archive has stored.
    fn done(&self, survey: &Survey) -> Result<u64> {
        self.handle.block_on(self.service.imported(&self.archive(survey)))
    }

    fn model(&self, index: ModelIndex) -> &Model {
        self.service.model_at(index)
    }

    fn duplicates(&self) -> Duplicates {
        self.options.on_duplicate.rule()
    }

    /// Hands each resource of the types that are imported to `visit`, in the order of the archive, but the first ones
    /// that are done.
    fn walk(&self, done: u64, mut visit: impl FnMut(ModelIndex, Part) -> Result<()>) -> Result<()> {
        let mut opened = Opened::new(self.path, false)?;
        let (exact, mut current, mut resources) = (opened.is_exact(), None, 0);
        while let Some(entry) = opened.reader.next()? {
            match (entry, current) {
                (Entry::Model { name }, _) => {
                    let model = self.service.model(&name).map(|model| model.index);
                    current = model.filter(|model| self.only.is_none_or(|only| only == *model));
                }
                (Entry::Resource(_) | Entry::Purged { .. }, Some(_)) if resources < done => resources += 1,
                (Entry::Resource(resource), Some(model)) => {
                    visit(model, Part::Resource { resource, exact })?;
                    resources += 1;
                }
                (Entry::Purged { resource_id }, Some(model)) => {
                    visit(model, Part::Purged(resource_id))?;
                    resources += 1;
                }
                _ => continue,
            }
            if let Some(progress) = &self.options.progress {
                progress(Progress { bytes: opened.bytes(), resources });
            }
        }
        Ok(())
    }

    /// Looks at each resource without writing anything.
    fn look(&self, survey: &mut Survey, done: u64) -> Result<()> {
        let mut report = std::mem::take(&mut survey.report);
        let mut uniques = HashSet::new();
        let survey_ref = &*survey;
        self.walk(done, |index, part| {
            let name = self.model(index).name();
            let counts = report.entry(name.to_owned()).or_default();
            let Part::Resource { resource, exact } = part else {
                counts.purged += 1;
                return Ok(());
            };
            counts.resources.total += 1;
            let resource_id = resource.resource_id.clone();
            let revisions = resource.revisions.len() as u64;
            match self.look_at(index, *resource, exact, survey_ref, &mut uniques) {
                Ok(fate) => {
                    count(counts, fate, revisions);
                    Ok(())
                }
                Err(error) if self.options.dry_run && is_of_resource(&error) => {
                    counts.fail(&resource_id, &error);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        })?;
        survey.report = report;
        Ok(())
    }

    fn look_at(
        &self,
        index: ModelIndex,
        resource: Archived,
        exact: bool,
        survey: &Survey,
        uniques: &mut HashSet<u128>,
    ) -> Result<Fate> {
        let arriving = self.arriving(index, resource, exact, survey)?;
        let examined = self.service.examine(&arriving, self.duplicates(), self.caller);
        let Findings { fate, uniques: values, targets } = self.handle.block_on(examined)?;
        for (constraint, values, holder) in values {
            self.check_unique(&arriving, constraint, &values, holder, survey, uniques)?;
        }
        let mut missing = Vec::new();
        for (field, target, resource_id) in targets {
            if !self.will_be_live(target, &resource_id, survey)? {
                missing.push(crate::error::MissingTarget { field: field.to_owned(), resource_id });
            }
        }
        if missing.is_empty() { Ok(fate) } else { Err(Error::targets_missing(missing)) }
    }

    /// Whether a resource is live once everything is imported.
    fn will_be_live(&self, model: ModelIndex, resource_id: &str, survey: &Survey) -> Result<bool> {
        let arrives = survey.is_live(model, resource_id);
        match (arrives, self.duplicates()) {
            (Some(live), Duplicates::Overwrite | Duplicates::Refuse) => Ok(live),
            (Some(true), Duplicates::Skip) => Ok(true),
            _ => self.handle.block_on(self.service.is_live(model, resource_id, self.caller)),
        }
    }

    fn check_unique(
        &self,
        arriving: &Arriving,
        constraint: usize,
        values: &[IndexValue],
        holder: Option<String>,
        survey: &Survey,
        seen: &mut HashSet<u128>,
    ) -> Result<()> {
        let model = self.model(arriving.model);
        let unique = &model.descriptor().uniques[constraint];
        // One that the archive replaces gives its value up.
        let replaced = |holder: &String| {
            self.duplicates() == Duplicates::Overwrite && survey.is_live(arriving.model, holder).is_some()
        };
        let holder = holder.filter(|holder| !replaced(holder));
        let key = unique_key(arriving.model, constraint, values, unique.case_insensitive);
        if holder.is_none() && seen.insert(key) {
            return Ok(());
        }
        let keys: Vec<&str> = unique.indexes.iter().map(|at| model.descriptor().indexes[*at].key).collect();
        let shown: Vec<String> = values.iter().map(shown).collect();
        let known = holder.map(|holder| {
            let exists = self.service.knows(model, &holder, self.caller);
            self.handle.block_on(exists).map(|known| known.then_some(holder))
        });
        Err(Error::UniqueConflict {
            field: keys.join(", "),
            value: shown.join(", "),
            conflicting_resource_id: known.transpose()?.flatten(),
        })
    }

    /// A resource as it would be stored.
    fn arriving(
        &self,
        index: ModelIndex,
        resource: Archived,
        exact: bool,
        survey: &Survey,
    ) -> Result<Arriving> {
        let model = self.model(index);
        let Archived {
            at,
            resource_id,
            rev_count,
            version,
            created,
            updated,
            is_deleted,
            current,
            revisions,
        } = resource;
        let mut blobs = Vec::new();
        let mut older = Vec::new();
        let mut in_force = None;
        for ArchivedRevision { mut revision, hash } in revisions {
            let seq = revision.seq;
            check_hash(model, &revision, hash, exact)
                .map_err(|fault| Error::from(Fault::resource(&resource_id, fault).at(at)))?;
            let (content, named) =
                Service::arriving_content(model, revision.schema_version.as_deref(), revision.data, exact)
                    .map_err(|error| located(&error, &resource_id, seq, at))?;
            revision.data = content;
            // Where the type does not tell, what looks like a file is one if there is such a file.
            let certain = named.is_some();
            for file_id in named.unwrap_or_else(|| named_files(&revision.data)) {
                if self.may_name(&file_id, survey)? {
                    blobs.push((seq, file_id));
                } else if certain {
                    let problem = format!("revision {seq} names the file `{file_id}`, which is nowhere");
                    return Err(Fault::resource(&resource_id, problem).at(at).into());
                }
            }
            if seq == current { in_force = Some(revision) } else { older.push(revision) }
        }
        let missing = || Error::from(Fault::resource(&resource_id, "it has no current revision").at(at));
        let revision = in_force.ok_or_else(missing)?;
        let index_row = Service::arriving_index(model, &revision)
            .map_err(|error| located(&error, &resource_id, current, at))?;
        let head = Head { pk: 0, resource_id, rev_count, version, created, updated, is_deleted, revision };
        Ok(Arriving { model: index, head, older, index: index_row, blobs })
    }

    /// A program may name what is stored. A client has to bring the bytes, and where an id is no hash of them, the file
    /// must be new: else an archive would open files to whoever writes it.
    fn may_name(&self, file_id: &str, survey: &Survey) -> Result<bool> {
        let brought = survey.files.contains(file_id);
        if self.caller.is_trusted() {
            return Ok(brought || self.is_stored(file_id)?);
        }
        Ok(brought && (is_proven(file_id) || !self.is_stored(file_id)?))
    }

    fn is_stored(&self, file_id: &str) -> Result<bool> {
        match self.service.blobs() {
            Ok(blobs) => Ok(self.handle.block_on(blobs.find(file_id))?.is_some()),
            Err(_) => Ok(false),
        }
    }

    /// One whose bytes are lost gets them from the archive.
    fn has_bytes(&self, file_id: &str) -> Result<bool> {
        self.handle.block_on(self.service.blobs()?.is_whole(file_id))
    }

    /// Stores the files that are named and not there yet. Those that no revision names in the end are collected.
    fn store_files(&self, survey: &mut Survey) -> Result<()> {
        if survey.files.is_disjoint(&survey.named) {
            return Ok(());
        }
        let mut opened = Opened::new(self.path, false)?;
        let mut current = String::new();
        while let Some(entry) = opened.reader.next()? {
            match entry {
                Entry::Model { name } => current = name,
                Entry::Blob { file_id }
                    if survey.named.contains(&file_id) && !self.has_bytes(&file_id)? =>
                {
                    self.store_file(&mut opened, file_id)?;
                    if let Some(counts) = survey.report.get_mut(&current) {
                        counts.blobs += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn store_file(&self, opened: &mut Opened, file_id: String) -> Result<()> {
        let blobs = self.service.blobs()?.clone();
        let (sender, receiver) = mpsc::channel::<Result<Bytes>>(WAITING);
        let now = self.caller.now();
        let key = self.handle.block_on(blobs.stage(now))?;
        let written = {
            let (blobs, key) = (blobs.clone(), key.clone());
            let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
                receiver.recv().await.map(|part| (part, receiver))
            });
            self.handle.spawn(async move {
                let limit = blobs.limit();
                blobs.storage().put_stream(&key, Box::pin(stream), limit).await
            })
        };
        let read = loop {
            match opened.reader.next() {
                Ok(Some(Entry::BlobData(data))) => {
                    // It is gone when the storage has failed, which it says below.
                    let _ = sender.blocking_send(Ok(data.into()));
                }
                Ok(Some(Entry::BlobEnd { content_type, .. })) => break Ok(content_type),
                Ok(_) => break Err(Error::internal("a file of an archive has no end")),
                Err(error) => break Err(error.into()),
            }
        };
        if read.is_err() {
            let _ = sender.blocking_send(Err(Error::BadRequest("the archive cannot be read".into())));
        }
        drop(sender);
        let digest = self.handle.block_on(written).map_err(Error::internal).flatten();
        let (content_type, digest) = match (read, digest) {
            (Ok(content_type), Ok(digest)) => (content_type, digest),
            (Err(error), _) | (_, Err(error)) => {
                self.handle.block_on(blobs.discard(key));
                return Err(error);
            }
        };
        let content_type = Some(content_type).filter(|text| !text.is_empty());
        let published =
            self.handle.block_on(blobs.publish_as(file_id, key, digest.size, content_type, now))?;
        published.map(|_| ()).ok_or_else(|| {
            let reason = "a file took longer than unfinished uploads are kept".to_owned();
            Error::Unavailable { reason, retry_after: 1 }
        })
    }

    fn apply(&self, survey: &mut Survey, done: u64) -> Result<()> {
        let mut report = std::mem::take(&mut survey.report);
        let survey_ref = &*survey;
        let atomic = survey.total <= ATOMIC_RESOURCES && survey.weight <= ATOMIC_BYTES;
        let mut batch = Batch { done, ..Batch::default() };
        self.walk(done, |index, part| {
            let arrival = match part {
                Part::Resource { resource, exact } => {
                    batch.weight += resource.weight();
                    Arrival::Resource(Box::new(self.arriving(index, *resource, exact, survey_ref)?))
                }
                Part::Purged(resource_id) => Arrival::Purged { model: index, resource_id },
            };
            batch.arrivals.push(arrival);
            batch.done += 1;
            if !atomic && (batch.arrivals.len() >= BATCH_RESOURCES || batch.weight >= BATCH_BYTES) {
                self.commit(&mut batch, false, survey_ref, &mut report)?;
            }
            Ok(())
        })?;
        batch.is_last = true;
        self.commit(&mut batch, atomic, survey_ref, &mut report)?;
        survey.report = report;
        Ok(())
    }

    fn commit(
        &self,
        batch: &mut Batch,
        atomic: bool,
        survey: &Survey,
        report: &mut std::collections::BTreeMap<String, Imported>,
    ) -> Result<()> {
        let Batch { arrivals, done, is_last, .. } = std::mem::take(batch);
        batch.done = done;
        // One commit leaves nothing to come back to.
        let checkpoint =
            (!atomic).then(|| Checkpoint { archive: self.archive(survey), done: (!is_last).then_some(done) });
        // In one commit everything is there at its end; of several, another one may bring it.
        let elsewhere = |model: ModelIndex, id: &str| !atomic && survey.is_live(model, id) == Some(true);
        let imported =
            self.service.import(&arrivals, self.duplicates(), &elsewhere, checkpoint.as_ref(), self.caller);
        let fates = self.handle.block_on(imported)?;
        for (arrival, fate) in arrivals.iter().zip(fates) {
            match arrival {
                Arrival::Resource(arriving) => {
                    let counts = report.entry(self.model(arriving.model).name().to_owned()).or_default();
                    counts.resources.total += 1;
                    count(counts, fate, arriving.older.len() as u64 + 1);
                }
                Arrival::Purged { model, .. } => {
                    let counts = report.entry(self.model(*model).name().to_owned()).or_default();
                    counts.purged += u64::from(fate == Fate::Overwritten);
                }
            }
        }
        Ok(())
    }
}

/// The reference leaves the hash of a revision as it was when it migrates it; ours says where a hash was kept.
fn check_hash(model: &Model, revision: &Revision, hash: HashState, exact: bool) -> Result<(), String> {
    let of_its_data = revision.parent_schema_version.is_none()
        && revision.schema_version.as_deref() == model.descriptor().schema_version;
    if hash == HashState::Differs && !exact && of_its_data {
        return Err(format!("the hash of revision {} does not fit its data", revision.seq));
    }
    Ok(())
}

/// Whether the reader has found the bytes of a file to fit its id.
fn is_proven(file_id: &str) -> bool {
    FileHash::of(file_id).is_some() && !acbak::is_random(file_id)
}

enum Part {
    Resource { resource: Box<Archived>, exact: bool },
    Purged(String),
}

#[derive(Default)]
struct Batch {
    arrivals: Vec<Arrival>,
    weight: u64,
    /// How many resources of the archive are stored with it.
    done: u64,
    is_last: bool,
}

fn count(counts: &mut Imported, fate: Fate, revisions: u64) {
    match fate {
        Fate::Created => counts.resources.created += 1,
        Fate::Overwritten => counts.resources.overwritten += 1,
        Fate::Skipped => {
            counts.resources.skipped += 1;
            return;
        }
    }
    counts.revisions += revisions;
}

/// Whether an error is about one resource, so that others can still be looked at.
fn is_of_resource(error: &Error) -> bool {
    !matches!(error, Error::Unavailable { .. } | Error::Internal { .. } | Error::PermissionDenied { .. })
}

/// A payload that does not fit, with the place it stands at.
fn located(error: &Error, resource_id: &str, seq: i64, at: u64) -> Error {
    Fault::resource(resource_id, format!("revision {seq}: {error}")).at(at).into()
}

fn unique_key(model: ModelIndex, constraint: usize, values: &[IndexValue], folded: bool) -> u128 {
    let mut bytes = [model.0.to_le_bytes(), constraint.to_le_bytes()].concat();
    for value in values {
        match value {
            IndexValue::Null => bytes.push(0),
            IndexValue::Integer(number) => {
                bytes.push(1);
                bytes.extend(number.to_le_bytes());
            }
            IndexValue::Float(number) => {
                bytes.push(2);
                bytes.extend(number.to_bits().to_le_bytes());
            }
            IndexValue::Text(text) => {
                let text = if folded { unicase::UniCase::new(text).to_folded_case() } else { text.clone() };
                bytes.push(3);
                bytes.extend(text.len().to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    xxh3_128(&bytes)
}

fn shown(value: &IndexValue) -> String {
    match value {
        IndexValue::Null => "null".to_owned(),
        IndexValue::Text(text) => text.clone(),
        IndexValue::Integer(number) => number.to_string(),
        IndexValue::Float(number) => number.to_string(),
    }
}
