//! Bringing the resources of an archive in: look at everything, then write.
//!
//! An archive is read three times: is it whole ([`Survey`]), does each resource fit and would nothing that holds be
//! broken, and only then is something written. A small archive is one commit. A larger one is written in batches,
//! so that other writers get between them; what they make impossible meanwhile ends the import where it is.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::xxh3_128;

use super::entry::{Archived, ArchivedRevision, Entry, HashState};
use super::fault::Fault;
use super::open::{self, Opened};
use super::report::{ImportOptions, ImportReport, Imported, Progress};
use super::survey::{self, Filling, Survey, named_files, naming_key};
use crate::change::{Checkpoint, ModelIndex};
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::meta::{Head, Revision};
use crate::repository::{Arrival, Arriving, Caller, Duplicates, Fate, Findings, Model, Parts, Service};
use crate::store::{NewBlob, Published};

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
        let mut survey = Survey::of(
            self.service,
            Opened::new(self.path, true, self.limit())?,
            self.only,
            self.options.progress.as_ref(),
        )?;
        for model in &survey.models {
            self.handle.block_on(self.service.loading(self.model(*model), self.caller))?;
        }
        if survey.is_delta && self.duplicates() != Duplicates::Overwrite {
            return Err(Error::BadRequest("a delta can only overwrite what exists".into()));
        }
        self.allow(&mut survey)?;
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

    /// The most bytes of a resource with its history.
    fn limit(&self) -> u64 {
        limit_for(self.caller)
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
        let mut opened = Opened::new(self.path, false, self.limit())?;
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
        let mut kept = HashSet::new();
        let mut skipped = HashSet::new();
        let survey_ref = &*survey;
        self.walk(done, |index, part| {
            let name = self.model(index).name();
            let counts = report.entry(name.to_owned()).or_default();
            let (resource, exact) = match part {
                Part::Resource { resource, exact } => (resource, exact),
                Part::Purged(resource_id) => {
                    match self.look_at_purge(index, &resource_id, survey_ref) {
                        Ok(fate) => counts.purged += u64::from(fate == Fate::Overwritten),
                        Err(error) if self.options.dry_run && is_of_resource(&error) => {
                            counts.fail(&resource_id, &error);
                        }
                        Err(error) => return Err(error),
                    }
                    return Ok(());
                }
            };
            counts.resources.total += 1;
            let resource_id = resource.resource_id.clone();
            let revisions = resource.revisions.len() as u64;
            match self.look_at(index, *resource, exact, survey_ref, &mut uniques, &mut kept) {
                Ok(fate) => {
                    if fate == Fate::Skipped {
                        skipped.insert(survey::key(index, &resource_id));
                    }
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
        (survey.report, survey.kept, survey.skipped) = (report, kept, skipped);
        Ok(())
    }

    fn look_at(
        &self,
        index: ModelIndex,
        resource: Archived,
        exact: bool,
        survey: &Survey,
        uniques: &mut HashSet<u128>,
        kept: &mut HashSet<u128>,
    ) -> Result<Fate> {
        let arriving = self.arriving(index, resource, exact, survey, Some(kept))?;
        let examined = self.service.examine(&arriving, self.duplicates(), self.caller);
        let Findings { fate, uniques: values, targets, deletes } = self.handle.block_on(examined)?;
        if deletes {
            self.check_referrers(index, &arriving.head.resource_id, false, survey)?;
        }
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

    fn look_at_purge(&self, model: ModelIndex, resource_id: &str, survey: &Survey) -> Result<Fate> {
        let fate = self.handle.block_on(self.service.examine_purge(model, resource_id, self.caller))?;
        if fate == Fate::Overwritten {
            self.check_referrers(model, resource_id, true, survey)?;
        }
        Ok(fate)
    }

    /// Fails when something that the archive leaves as it is refers to what goes. What comes with the archive is
    /// looked at itself.
    fn check_referrers(
        &self,
        model: ModelIndex,
        resource_id: &str,
        is_purge: bool,
        survey: &Survey,
    ) -> Result<()> {
        let referrers = self.service.referrers_of(model, resource_id, is_purge);
        let stays = |(model, id): &(ModelIndex, String)| survey.is_live(*model, id).is_none();
        if !self.handle.block_on(referrers)?.iter().any(stays) {
            return Ok(());
        }
        let name = self.model(model).name();
        Err(Error::Conflict(format!(
            "`{name}/{resource_id}` is deleted in the archive, and a resource that is not in the archive refers to it"
        )))
    }

    /// Whether a resource is live once everything is imported.
    fn will_be_live(&self, model: ModelIndex, resource_id: &str, survey: &Survey) -> Result<bool> {
        let arrives = survey.is_live(model, resource_id);
        match (arrives, self.duplicates()) {
            (Some(live), Duplicates::Overwrite | Duplicates::Refuse) => Ok(live),
            // It only comes when it is not there.
            (Some(true), Duplicates::Skip)
                if self.handle.block_on(self.service.is_live_now(model, resource_id))?.is_none() =>
            {
                Ok(true)
            }
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
        let own = &arriving.head.resource_id;
        if let Some(holder) = holder.as_ref().filter(|holder| replaced(holder))
            && survey.is_before(arriving.model, own, holder)
        {
            let name = model.name();
            return Err(Error::Conflict(format!(
                "`{name}/{own}` has a unique value in the archive that `{name}/{holder}` has now, which is replaced \
                 later: the archive is too large for one commit, so change the value of one of them before"
            )));
        }
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
        mut kept: Option<&mut HashSet<u128>>,
    ) -> Result<Arriving> {
        let model = self.model(index);
        if let Some(excess) = resource.excess().filter(|_| !self.caller.is_trusted()) {
            return Err(Fault::resource(&resource.resource_id, excess).at(resource.at).into());
        }
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
        let is_trusted = self.caller.is_trusted();
        for ArchivedRevision { mut revision, hash } in revisions {
            let seq = revision.seq;
            // A history is what it is. What is in force has to be of use, where it is not a backup that comes back.
            let may_misfit = is_trusted || seq != current;
            let version = revision.schema_version.as_deref();
            check_hash(model, &revision, hash, exact)
                .map_err(|fault| Error::from(Fault::resource(&resource_id, fault).at(at)))?;
            let (content, named) =
                Service::arriving_content(model, version, revision.data, exact, may_misfit)
                    .map_err(|error| located(&error, &resource_id, seq, at))?;
            revision.data = content;
            // Where the type does not tell, what looks like a file is one if there is such a file.
            let certain = named.is_some();
            for file_id in named.map_or_else(|| named_files(&revision.data), HashSet::from_iter) {
                if self.may_name(&file_id, (index, &resource_id), survey, kept.as_deref_mut())? {
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
        let index_row = Service::arriving_index(model, &revision, is_trusted)
            .map_err(|error| located(&error, &resource_id, current, at))?;
        let head = Head { pk: 0, resource_id, rev_count, version, created, updated, is_deleted, revision };
        Ok(Arriving { model: index, head, older, index: index_row, blobs })
    }

    /// Decides which files of an archive may be named, once: what is stored on the way would change the answer. A
    /// program may name what is stored, and so may whoever could read it. Who cannot has to bring the bytes, and where
    /// an id is no hash of them, the file must be new: else an archive would open files to whoever writes it.
    fn allow(&self, survey: &mut Survey) -> Result<()> {
        let is_open = self.caller.is_trusted() || self.service.settings().open_blobs;
        for file_id in &survey.named {
            let brought = survey.files.get(file_id);
            let is_new = || Ok::<_, Error>(!self.is_stored(file_id)?);
            let allowed = match brought {
                Some(proven) if is_open || *proven => true,
                Some(_) if is_new()? => survey.fresh.insert(file_id.clone()),
                None if is_open => !is_new()?,
                _ => self.handle.block_on(self.service.reads_file(file_id, self.caller))?,
            };
            if allowed {
                survey.allowed.insert(file_id.clone());
            }
        }
        Ok(())
    }

    /// Whether an arriving resource may name a file. Only while it is looked at, the store is asked, with `kept` for
    /// the answers.
    fn may_name(
        &self,
        file_id: &str,
        (model, resource_id): (ModelIndex, &str),
        survey: &Survey,
        kept: Option<&mut HashSet<u128>>,
    ) -> Result<bool> {
        if survey.allowed.contains(file_id) {
            return Ok(true);
        }
        let key = naming_key(model, resource_id, file_id);
        let Some(kept) = kept else { return Ok(survey.kept.contains(&key)) };
        let names = self.service.names_file(self.model(model), resource_id, file_id);
        let names = self.handle.block_on(names)?;
        if names {
            kept.insert(key);
        }
        Ok(names)
    }

    fn is_stored(&self, file_id: &str) -> Result<bool> {
        match self.service.blobs() {
            Ok(blobs) => Ok(self.handle.block_on(blobs.find(file_id))?.is_some()),
            Err(_) => Ok(false),
        }
    }

    /// Stores the files that are named and not there yet. Those that no revision names in the end are collected.
    fn store_files(&self, survey: &mut Survey) -> Result<()> {
        if !survey.files.keys().any(|file_id| survey.named.contains(file_id)) {
            return Ok(());
        }
        let mut stored = HashSet::new();
        let mut opened = Opened::new(self.path, false, self.limit())?;
        let mut current = String::new();
        while let Some(entry) = opened.reader.next()? {
            match entry {
                Entry::Model { name } => current = name,
                Entry::Blob { file_id }
                    if survey.allowed.contains(&file_id) && !stored.contains(&file_id) =>
                {
                    let is_fresh = survey.fresh.contains(&file_id);
                    if !self.store_file(&mut opened, &file_id, is_fresh)? {
                        continue;
                    }
                    stored.insert(file_id);
                    if let Some(counts) = survey.report.get_mut(&current) {
                        counts.blobs += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Stores a file, unless it is there. One that `is_fresh` may only be named because it was not.
    fn store_file(&self, opened: &mut Opened, file_id: &str, is_fresh: bool) -> Result<bool> {
        let taken = || Error::Conflict(format!("a file `{file_id}` was stored meanwhile"));
        let blobs = self.service.blobs()?.clone();
        // What nobody names could be collected before it is named: it counts from now.
        let known = self.service.store().touch_blob(file_id.to_owned(), None, self.caller.now());
        let known = self.handle.block_on(known).map_err(crate::repository::store_error)?;
        // One whose bytes are lost gets them from the archive.
        let replaces = match known {
            Some(record) if self.handle.block_on(blobs.has_bytes(&record))? => {
                return if is_fresh { Err(taken()) } else { Ok(false) };
            }
            other => other.map(|record| record.key),
        };
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
        let lost = replaces.clone();
        let (file_id, size) = (file_id.to_owned(), digest.size);
        let blob = NewBlob { file_id: file_id.clone(), key: key.clone(), size, content_type, replaces, now };
        let published = self.handle.block_on(self.service.store().publish_blob(blob));
        match published.map_err(crate::repository::store_error)? {
            Published::Stored(_) => {
                if let Some(lost) = lost {
                    self.handle.block_on(blobs.discard(lost));
                }
                // So that it may be named when what comes later fails and all of it is sent again.
                if !self.caller.is_trusted() {
                    self.handle.block_on(self.service.note_uploader(&file_id, self.caller))?;
                }
                Ok(true)
            }
            Published::Existing(_) => {
                self.handle.block_on(blobs.discard(key));
                if is_fresh { Err(taken()) } else { Ok(false) }
            }
            Published::Expired => {
                let reason = "a file took longer than unfinished uploads are kept".to_owned();
                Err(Error::Unavailable { reason, retry_after: 1 })
            }
        }
    }

    fn apply(&self, survey: &mut Survey, done: u64) -> Result<()> {
        let mut report = std::mem::take(&mut survey.report);
        let survey_ref = &*survey;
        let atomic = survey.is_atomic();
        if !atomic {
            self.apply_purges(survey_ref, done, &mut report)?;
        }
        let mut batch = Batch { done, stored: done, ..Batch::default() };
        let walked = self.walk(done, |index, part| {
            batch.done += 1;
            let (arrival, weight) = match part {
                Part::Resource { resource, exact } => {
                    let weight = resource.weight();
                    let arriving = self.arriving(index, *resource, exact, survey_ref, None)?;
                    (Arrival::Resource(Box::new(arriving)), weight)
                }
                Part::Purged(_) if !atomic => return Ok(()),
                Part::Purged(resource_id) => (Arrival::Purged { model: index, resource_id }, 0),
            };
            batch.arrivals.push(arrival);
            if !atomic && batch.filling.add(weight) {
                self.commit(&mut batch, Step::Part, survey_ref, &mut report)?;
            }
            Ok(())
        });
        let step = if atomic { Step::Whole } else { Step::Last };
        let ended = walked.and_then(|()| self.commit(&mut batch, step, survey_ref, &mut report));
        survey.report = report;
        match ended {
            Err(cause) if batch.stored > 0 => {
                let (stored, total) = (batch.stored, survey.total);
                Err(Error::ImportStopped { cause: Box::new(cause), stored, total })
            }
            ended => ended,
        }
    }

    /// Of an import in batches the purges come first: what they remove may have unique values of what comes.
    fn apply_purges(&self, survey: &Survey, done: u64, report: &mut Report) -> Result<()> {
        let mut batch = Batch::default();
        self.walk(done, |model, part| {
            let Part::Purged(resource_id) = part else { return Ok(()) };
            batch.arrivals.push(Arrival::Purged { model, resource_id });
            if batch.filling.add(0) {
                self.commit(&mut batch, Step::Purges, survey, report)?;
            }
            Ok(())
        })?;
        self.commit(&mut batch, Step::Purges, survey, report)
    }

    fn commit(&self, batch: &mut Batch, step: Step, survey: &Survey, report: &mut Report) -> Result<()> {
        let Batch { arrivals, done, stored, .. } = std::mem::take(batch);
        (batch.done, batch.stored) = (done, stored);
        let whole = step == Step::Whole;
        // One commit leaves nothing to come back to, and purges can be made again.
        let done = match step {
            Step::Whole | Step::Purges => None,
            Step::Part => Some(Some(done)),
            Step::Last => Some(None),
        };
        let checkpoint = done.map(|done| Checkpoint { archive: self.archive(survey), done });
        // In one commit everything is there at its end.
        let parts: Option<&dyn Parts> = if whole { None } else { Some(survey) };
        let rule = self.duplicates();
        let imported = self.service.import(&arrivals, rule, parts, checkpoint.as_ref(), self.caller);
        let fates = self.handle.block_on(imported)?;
        batch.stored = batch.done;
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

impl Parts for Survey {
    fn bring(&self, model: ModelIndex, resource_id: &str) -> bool {
        self.is_live(model, resource_id) == Some(true) && self.change(model, resource_id)
    }

    fn change(&self, model: ModelIndex, resource_id: &str) -> bool {
        self.is_live(model, resource_id).is_some() && !self.skipped.contains(&survey::key(model, resource_id))
    }
}

/// What a program brings back is its own.
fn limit_for(caller: &Caller) -> u64 {
    if caller.is_trusted() { open::UNLIMITED } else { open::RESOURCE }
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

enum Part {
    Resource { resource: Box<Archived>, exact: bool },
    Purged(String),
}

type Report = BTreeMap<String, Imported>;

#[derive(Default)]
struct Batch {
    arrivals: Vec<Arrival>,
    filling: Filling,
    /// How many resources of the archive are stored with it.
    done: u64,
    /// How many are stored by those before it.
    stored: u64,
}

/// What a commit is of an import.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Whole,
    Purges,
    Part,
    Last,
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

#[cfg(test)]
mod tests {
    use super::limit_for;
    use crate::access::Principal;
    use crate::backup::open::{RESOURCE, UNLIMITED};
    use crate::datetime::Timestamp;
    use crate::repository::Caller;

    #[test]
    fn only_what_a_client_sends_is_limited() {
        let now = Timestamp(0);
        assert_eq!(limit_for(&Caller::program(Principal::Anonymous, now)), UNLIMITED);
        assert_eq!(limit_for(&Caller::client(Principal::Anonymous, now)), RESOURCE);
    }
}
