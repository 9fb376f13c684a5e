//! Resources that leave for an archive, and that come out of one.

use super::commit::Plan;
use super::enqueue::refuse_calls;
use super::payload;
use super::reference::Edge;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{AccessRequest, Action, RowScope, authorize};
use crate::change::{Change, ChangeSet, Checkpoint, Import, ModelIndex, Requirement};
use crate::descriptor::OnDelete;
use crate::error::{Error, Result};
use crate::json::{self, IndexEntry, IndexRow, IndexValue};
use crate::meta::{Head, Revision};

use crate::schema;
use crate::store::{CommitError, JobPlace};
use crate::timeline;

/// A resource out of an archive, as it would be stored.
#[derive(Clone, Debug)]
pub(crate) struct Arriving {
    pub(crate) model: ModelIndex,
    pub(crate) head: Head,
    pub(crate) older: Vec<Revision>,
    pub(crate) index: IndexRow,
    /// The files that revisions name, each with the number of the revision.
    pub(crate) blobs: Vec<(i64, String)>,
    /// Of a job: when it is due, where the archive knows.
    pub(crate) job: Option<JobPlace>,
}

/// What happens where a resource of the id exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// The archive replaces it, with its history.
    Overwrite,
    /// It stays.
    Skip,
    /// The import fails.
    Refuse,
}

/// What becomes of a resource of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    Overwritten,
    Skipped,
}

/// What is to be done with an archive's resource.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// It is to be there.
    Resource(Box<Arriving>),
    /// A resource of this id is to be gone for good.
    Purged { model: ModelIndex, resource_id: String },
}

/// What other parts of an archive do, where it is not stored in one commit.
pub(crate) trait Parts: Sync {
    /// Whether one of them brings this resource as a live one.
    fn bring(&self, model: ModelIndex, resource_id: &str) -> bool;
    /// Whether one of them replaces or removes it.
    fn change(&self, model: ModelIndex, resource_id: &str) -> bool;
}

/// What a check of one resource found out.
pub(crate) struct Findings {
    pub(crate) fate: Fate,
    /// The unique values, by the position of the constraint, with who has them now.
    pub(crate) uniques: Vec<(usize, Vec<IndexValue>, Option<String>)>,
    /// The live resources it has to refer to.
    pub(crate) targets: Vec<(&'static str, ModelIndex, String)>,
    /// It takes the place of a live resource and is deleted.
    pub(crate) deletes: bool,
}

impl Service {
    /// Which resources of a type the caller may take out; 403 when it may not at all.
    pub(crate) async fn dumping(&self, model: &Model, caller: &Caller) -> Result<RowScope> {
        let gate = self.gate(model, caller, None, &[Action::DUMP]).await?;
        Ok(gate.into_scope())
    }

    /// 403 when the caller may not bring in resources of a type. Rules that judge content are asked with each
    /// resource.
    pub(crate) async fn loading(&self, model: &Model, caller: &Caller) -> Result<()> {
        let judged = !self.access.needs(model.descriptor(), Action::LOAD).is_empty();
        let actions: &[Action] = if judged { &[] } else { &[Action::LOAD] };
        self.gate(model, caller, None, actions).await?;
        Ok(())
    }

    /// The payload of a revision as it is to be stored, and the files it names, where its type tells. One of the
    /// current schema version becomes the canonical text of its type; with `exact` its text stays, if it is found by
    /// the same values. One of an older version that the type knows stays as it is: what becomes of it is seen when it
    /// is read. So does one that does not fit its type any more, where it `may_misfit`.
    pub(crate) fn arriving_content(
        model: &Model,
        schema_version: Option<&str>,
        data: Vec<u8>,
        exact: bool,
        may_misfit: bool,
    ) -> Result<(Vec<u8>, Option<Vec<String>>)> {
        let descriptor = model.descriptor();
        if !schema::is_current(descriptor, schema_version) {
            if descriptor.older_versions.contains(&schema_version) {
                return Ok((data, None));
            }
            return Err(Error::BadRequest(format!(
                "`{}` has no schema version {}",
                model.name(),
                schema_version.unwrap_or("none")
            )));
        }
        let payload::Archived { canonical, blobs, has_uploads } = match payload::from_archive(model, &data) {
            Ok(read) => read,
            Err(_) if may_misfit => return Ok((data, None)),
            Err(error) => return Err(error),
        };
        if has_uploads {
            return Err(Error::BadRequest("a file stands in the data itself".into()));
        }
        let values = |text: &[u8]| json::index_row(descriptor, text).ok().map(|row| row.entries);
        let stays = exact && (data == canonical || values(&data) == values(&canonical));
        Ok((if stays { data } else { canonical }, Some(blobs)))
    }

    /// The index values of a revision that is to be stored. Where it `may_misfit`, a value that does not fit its index
    /// is null there.
    pub(crate) fn arriving_index(model: &Model, revision: &Revision, may_misfit: bool) -> Result<IndexRow> {
        let descriptor = model.descriptor();
        match schema::index_as_stored(descriptor, &revision.as_ref()) {
            Err(_) if may_misfit => Ok(json::fitting_index_row(descriptor, &revision.data)),
            row => row,
        }
    }

    /// Looks at one resource before anything is written: fails when the caller may not bring it, and tells what has
    /// to hold.
    pub(crate) async fn examine(
        &self,
        arriving: &Arriving,
        duplicates: Duplicates,
        caller: &Caller,
    ) -> Result<Findings> {
        let model = &self.models()[arriving.model.0];
        let (fate, existing) = self.fate(model, arriving, duplicates, caller).await?;
        if let Some(existing) = &existing {
            self.job_at_rest(model, existing).await?;
        }
        let deletes = arriving.head.is_deleted && existing.is_some_and(|head| !head.is_deleted);
        let mut findings = Findings { fate, uniques: Vec::new(), targets: Vec::new(), deletes };
        if fate == Fate::Skipped || arriving.head.is_deleted {
            return Ok(findings);
        }
        for (at, unique) in model.descriptor().uniques.iter().enumerate() {
            let values: Vec<IndexValue> =
                unique.indexes.iter().map(|at| scalar(&arriving.index, *at)).collect();
            if !unique.nulls_equal && values.contains(&IndexValue::Null) {
                continue;
            }
            let holder = self.holder(model, at, &values).await?;
            let holder = holder.map(|head| head.resource_id);
            findings.uniques.push((at, values, holder.filter(|id| *id != arriving.head.resource_id)));
        }
        let needs = self.needs_of_arrival(model, &arriving.head.resource_id, &arriving.index);
        findings.targets = needs
            .iter()
            .map(|need| {
                let (target, resource_id) = need.target();
                (need.field, target, resource_id.to_owned())
            })
            .collect();
        Ok(findings)
    }

    /// Looks at a purge before anything is written: whether the resource is there, when the caller may remove it.
    pub(crate) async fn examine_purge(
        &self,
        model: ModelIndex,
        resource_id: &str,
        caller: &Caller,
    ) -> Result<Fate> {
        Ok(match self.removable(&self.models()[model.0], resource_id, caller).await? {
            Some(_) => Fate::Overwritten,
            None => Fate::Skipped,
        })
    }

    /// What is to be removed for good; 403 when the caller may not do that.
    async fn removable(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<Option<Head>> {
        let Some(head) = self.find(model, resource_id).await? else { return Ok(None) };
        let gate = self.gate(model, caller, Some(resource_id), &[Action::PERMANENTLY_DELETE]).await?;
        gate.admit(&head, None).await?;
        Ok(Some(head))
    }

    /// The live resources that refer to one that is to go, each with its type.
    pub(crate) async fn referrers_of(
        &self,
        model: ModelIndex,
        resource_id: &str,
        is_purge: bool,
    ) -> Result<Vec<(ModelIndex, String)>> {
        let mut found = Vec::new();
        for edge in self.holding(model, is_purge) {
            let source = &self.models()[edge.source.0];
            let heads = self.heads_where(source, edge.live(resource_id), self.settings.max_changes).await?;
            found.extend(heads.into_iter().map(|head| (edge.source, head.resource_id)));
        }
        Ok(found)
    }

    /// The references that must not lead to what goes.
    fn holding(&self, model: ModelIndex, is_purge: bool) -> impl Iterator<Item = &Edge> {
        let all = self.settings.validate_references && (!is_purge || self.settings.purge_follows_references);
        let edges = self.references.to(model).iter().filter(move |_| all);
        edges.filter(|edge| edge.reference.on_delete != OnDelete::Dangling)
    }

    /// Nothing may refer to what goes, but what another part of the archive takes care of.
    async fn guard(
        &self,
        model: ModelIndex,
        resource_id: &str,
        is_purge: bool,
        parts: Option<&dyn Parts>,
        plan: &mut Plan,
    ) -> Result<()> {
        for edge in self.holding(model, is_purge) {
            let mut except = Vec::new();
            if let Some(parts) = parts {
                let source = &self.models()[edge.source.0];
                let heads =
                    self.heads_where(source, edge.live(resource_id), self.settings.max_changes).await?;
                except.extend(heads.into_iter().map(|head| head.resource_id));
                except.retain(|referrer| parts.change(edge.source, referrer));
            }
            plan.guards.push(Requirement::Unreferenced {
                model: edge.source,
                index: edge.index,
                resource_id: resource_id.to_owned(),
                except,
            });
        }
        Ok(())
    }

    /// Whether a resource exists now and is live.
    pub(crate) async fn is_live_now(&self, model: ModelIndex, resource_id: &str) -> Result<Option<bool>> {
        let head = self.find(&self.models()[model.0], resource_id).await?;
        Ok(head.map(|head| !head.is_deleted))
    }

    /// Whether a resource is live now, for the caller.
    pub(crate) async fn is_live(
        &self,
        model: ModelIndex,
        resource_id: &str,
        caller: &Caller,
    ) -> Result<bool> {
        let model = &self.models()[model.0];
        let head = self.find(model, resource_id).await?;
        match head.filter(|head| !head.is_deleted) {
            None => Ok(false),
            Some(head) => self.scope(model, caller).await?.holds(model.descriptor(), &head.as_ref()),
        }
    }

    /// Whether the caller may know of a resource.
    pub(crate) async fn knows(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<bool> {
        self.known_to(model, resource_id, caller).await
    }

    /// What is to become of a resource, and what it replaces.
    async fn fate(
        &self,
        model: &Model,
        arriving: &Arriving,
        duplicates: Duplicates,
        caller: &Caller,
    ) -> Result<(Fate, Option<Head>)> {
        let resource_id = &arriving.head.resource_id;
        refuse_calls(model, caller)?;
        self.check_id(model, resource_id)?;
        let gate = self.gate(model, caller, None, &[]).await?;
        let existing = self.find(model, resource_id).await?;
        match (&existing, duplicates) {
            (Some(_), Duplicates::Refuse) => {
                return Err(Error::DuplicateResource { resource_id: resource_id.clone() });
            }
            (Some(_), Duplicates::Skip) => return Ok((Fate::Skipped, None)),
            // What does not exist for the caller is nothing that the caller may replace.
            (Some(head), Duplicates::Overwrite) => gate.see(head).map_err(|_| outside(model, caller))?,
            (None, _) => {}
        }
        gate.keep(&arriving.head.as_ref())?;
        self.judge(model, arriving, existing.as_ref(), caller).await?;
        Ok((if existing.is_some() { Fate::Overwritten } else { Fate::Created }, existing))
    }

    /// Asks rules that judge content.
    async fn judge(
        &self,
        model: &Model,
        arriving: &Arriving,
        existing: Option<&Head>,
        caller: &Caller,
    ) -> Result<()> {
        let needs = self.access.needs(model.descriptor(), Action::LOAD);
        if caller.is_trusted() || needs.is_empty() {
            return Ok(());
        }
        let current = existing.map(Head::as_ref);
        authorize(
            &*self.access,
            AccessRequest {
                principal: caller.principal(),
                action: Action::LOAD,
                custom: None,
                model: model.descriptor(),
                resource_id: Some(&arriving.head.resource_id),
                current: current.as_ref(),
                input: Some(&arriving.head.revision.data),
                status: None,
                now: caller.now(),
            },
        )
        .await
    }

    /// Commits resources of an archive, all or none, and tells what became of each. What they refer to, and what refers
    /// to what goes, may be up to other `parts` of the archive.
    pub(crate) async fn import(
        &self,
        arrivals: &[Arrival],
        duplicates: Duplicates,
        parts: Option<&dyn Parts>,
        checkpoint: Option<&Checkpoint>,
        caller: &Caller,
    ) -> Result<Vec<Fate>> {
        let Some(first) = arrivals.first() else { return self.note(checkpoint).await.map(|()| Vec::new()) };
        let (model, resource_id) = match first {
            Arrival::Resource(arriving) => (arriving.model, &arriving.head.resource_id),
            Arrival::Purged { model, resource_id } => (*model, resource_id),
        };
        let mut attempts = self.attempts(&self.models()[model.0], resource_id);
        loop {
            let mut plan = Plan::default();
            let mut fates = Vec::with_capacity(arrivals.len());
            for arrival in arrivals {
                fates.push(self.plan_arrival(arrival, duplicates, parts, &mut plan, caller).await?);
            }
            plan.needs.retain(|need| {
                let (target, resource_id) = need.target();
                !parts.is_some_and(|parts| parts.bring(target, resource_id))
            });
            self.refuse_hidden(&plan.needs, caller).await?;
            if plan.changes.is_empty() {
                self.note(checkpoint).await?;
                return Ok(fates);
            }
            plan.checkpoint = checkpoint.cloned();
            match self.commit(plan, caller).await {
                Ok(true) => return Ok(fates),
                // Somebody made or changed one of them since it was looked for.
                Ok(false) | Err(Error::DuplicateResource { .. } | Error::JobExists { .. }) => {
                    attempts.again().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps a checkpoint without any change.
    async fn note(&self, checkpoint: Option<&Checkpoint>) -> Result<()> {
        if checkpoint.is_none() {
            return Ok(());
        }
        let set = ChangeSet { checkpoint: checkpoint.cloned(), ..ChangeSet::default() };
        match self.store.commit(set).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(store_error(error)),
            Err(error) => Err(Error::internal(error)),
        }
    }

    /// How many resources of an archive an import that was not finished has stored.
    pub(crate) async fn imported(&self, archive: &str) -> Result<u64> {
        Ok(self.store.imported(archive).await.map_err(store_error)?.unwrap_or(0))
    }

    async fn plan_arrival(
        &self,
        arrival: &Arrival,
        duplicates: Duplicates,
        parts: Option<&dyn Parts>,
        plan: &mut Plan,
        caller: &Caller,
    ) -> Result<Fate> {
        let context = caller.context();
        let arriving = match arrival {
            Arrival::Resource(arriving) => arriving,
            Arrival::Purged { model, resource_id } => {
                let model = &self.models()[model.0];
                let Some(head) = self.removable(model, resource_id, caller).await? else {
                    return Ok(Fate::Skipped);
                };
                self.guard(model.index, resource_id, true, parts, plan).await?;
                plan.changes.push(Change::Purge(timeline::removal(model.index, &head, &context)));
                return Ok(Fate::Overwritten);
            }
        };
        let model = &self.models()[arriving.model.0];
        let (fate, existing) = self.fate(model, arriving, duplicates, caller).await?;
        if fate == Fate::Skipped {
            return Ok(fate);
        }
        if arriving.head.is_deleted {
            if existing.as_ref().is_some_and(|head| !head.is_deleted) {
                self.guard(model.index, &arriving.head.resource_id, false, parts, plan).await?;
            }
        } else {
            plan.needs.extend(self.needs_of_arrival(model, &arriving.head.resource_id, &arriving.index));
        }
        let job = self.arriving_job(model, arriving, existing.as_ref(), plan).await?;
        plan.changes.push(Change::Import(Box::new(Import {
            model: model.index,
            replaces: existing.map(|head| timeline::existing(model.index, &head)),
            head: job.head,
            older: arriving.older.clone(),
            index: job.index,
            blobs: arriving.blobs.clone(),
            job: job.start,
            at: context.stamp(),
        })));
        Ok(fate)
    }
}

fn outside(model: &Model, caller: &Caller) -> Error {
    Error::OutsideScope { user: caller.principal().name().to_owned(), model: model.name().to_owned() }
}

fn scalar(index: &IndexRow, at: usize) -> IndexValue {
    match index.entries.get(at) {
        Some(IndexEntry::Scalar(value)) => value.clone(),
        _ => IndexValue::Null,
    }
}
