//! Bringing the resources of an archive in: look at everything, then write.
//!
//! An archive is read three times: is it whole ([`Survey`]), does each resource fit and would nothing that holds be
//! broken, and only then is something written. A small archive is one commit. A larger one is written in batches,
//! so that other writers get between them; what they make impossible meanwhile ends the import where it is.

mod apply;
mod files;
mod look;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::entry::{Archived, ArchivedRevision, Entry, HashState};
use super::fault::Fault;
use super::open::{self, Opened};
use super::report::{ImportOptions, ImportReport, Imported, Progress};
use super::survey::{Survey, named_files};
use crate::change::ModelIndex;
use crate::error::{Error, Result};
use crate::meta::{Head, Revision};
use crate::repository::{Arriving, Caller, Duplicates, Fate, Model, Service};

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
            job,
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
        Ok(Arriving { model: index, head, older, index: index_row, blobs, job })
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

/// A payload that does not fit, with the place it stands at.
fn located(error: &Error, resource_id: &str, seq: i64, at: u64) -> Error {
    Fault::resource(resource_id, format!("revision {seq}: {error}")).at(at).into()
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
