//! Resources that leave for an archive, and that come out of one.

use super::commit::Plan;
use super::payload;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{AccessRequest, Action, RowScope, authorize};
use crate::change::{Change, ChangeSet, Checkpoint, Import, ModelIndex};
use crate::error::{Error, Result};
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::meta::{Head, Revision};
use crate::schema;
use crate::store::CommitError;
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

/// What a check of one resource found out.
pub(crate) struct Findings {
    pub(crate) fate: Fate,
    /// The unique values, by the position of the constraint, with who has them now.
    pub(crate) uniques: Vec<(usize, Vec<IndexValue>, Option<String>)>,
    /// The live resources it has to refer to.
    pub(crate) targets: Vec<(&'static str, ModelIndex, String)>,
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
    /// current schema version has to fit its type; with `exact` its text stays, else it becomes the canonical one. One
    /// of an older version that the type knows stays as it is: what becomes of it is seen when it is read.
    pub(crate) fn arriving_content(
        model: &Model,
        schema_version: Option<&str>,
        data: Vec<u8>,
        exact: bool,
    ) -> Result<(Vec<u8>, Option<Vec<String>>)> {
        if !schema::is_current(model.descriptor(), schema_version) {
            if model.descriptor().older_versions.contains(&schema_version) {
                return Ok((data, None));
            }
            return Err(Error::BadRequest(format!(
                "`{}` has no schema version {}",
                model.name(),
                schema_version.unwrap_or("none")
            )));
        }
        let checked = payload::from_archive(model, &data)?;
        if checked.has_uploads() {
            return Err(Error::BadRequest("a file stands in the data itself".into()));
        }
        let timeline::Payload { data: canonical, blobs, .. } = checked.payload;
        Ok((if exact { data } else { canonical }, Some(blobs)))
    }

    /// The index values of a revision that is to be stored.
    pub(crate) fn arriving_index(model: &Model, revision: &Revision) -> Result<IndexRow> {
        schema::index_as_stored(model.descriptor(), &revision.as_ref())
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
        let (fate, _) = self.fate(model, arriving, duplicates, caller).await?;
        let mut findings = Findings { fate, uniques: Vec::new(), targets: Vec::new() };
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

    /// Commits resources of an archive, all or none, and tells what became of each. Targets of references that
    /// `arrives` holds come with another part of the archive.
    pub(crate) async fn import(
        &self,
        arrivals: &[Arrival],
        duplicates: Duplicates,
        arrives: &(dyn Fn(ModelIndex, &str) -> bool + Sync),
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
                fates.push(self.plan_arrival(arrival, duplicates, &mut plan, caller).await?);
            }
            plan.needs.retain(|need| {
                let (target, resource_id) = need.target();
                !arrives(target, resource_id)
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
                Ok(false) | Err(Error::DuplicateResource { .. }) => attempts.again().await?,
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
        plan: &mut Plan,
        caller: &Caller,
    ) -> Result<Fate> {
        let context = caller.context();
        let arriving = match arrival {
            Arrival::Resource(arriving) => arriving,
            Arrival::Purged { model, resource_id } => {
                let model = &self.models()[model.0];
                let existing = self.find(model, resource_id).await?;
                let Some(head) = existing else { return Ok(Fate::Skipped) };
                self.gate(model, caller, None, &[Action::PERMANENTLY_DELETE]).await?.see(&head)?;
                plan.changes.push(Change::Purge(timeline::removal(model.index, &head, &context)));
                return Ok(Fate::Overwritten);
            }
        };
        let model = &self.models()[arriving.model.0];
        let (fate, existing) = self.fate(model, arriving, duplicates, caller).await?;
        if fate == Fate::Skipped {
            return Ok(fate);
        }
        if !arriving.head.is_deleted {
            plan.needs.extend(self.needs_of_arrival(model, &arriving.head.resource_id, &arriving.index));
        }
        plan.changes.push(Change::Import(Box::new(Import {
            model: model.index,
            replaces: existing.map(|head| timeline::existing(model.index, &head)),
            head: arriving.head.clone(),
            older: arriving.older.clone(),
            index: arriving.index.clone(),
            blobs: arriving.blobs.clone(),
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
