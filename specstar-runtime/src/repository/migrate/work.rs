//! One resource: which of its revisions are older, what becomes of them, and what that would break.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::Revisions;
use super::progress::MigrateProgress;
use crate::change::Change;
use crate::descriptor::{ResourceDescriptor, UniqueDescriptor};
use crate::error::{Error, Result};
use crate::id;
use crate::json::{IndexEntry, IndexRow, IndexValue, fold};
use crate::meta::{Head, MadeFile, Problem, Revision};
use crate::repository::blob::Ready;
use crate::repository::embed::Encoded;
use crate::repository::gate::Gate;
use crate::repository::payload;
use crate::repository::read::not_found;
use crate::repository::reference::Need;
use crate::repository::service::store_error;
use crate::repository::{Model, Service};
use crate::schema::{self, index_as_stored, is_current};
use crate::timeline;

/// What is to be changed of one resource.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) resource_id: String,
    pub(super) changes: Vec<Change>,
    pub(super) needs: Vec<Need>,
    /// Bytes of files that steps have made.
    pub(super) uploads: Vec<MadeFile>,
    /// Index values of the current revision afterwards, when it is among the changes and the resource is live.
    pub(super) index: Option<IndexRow>,
    /// What is told of it: of each revision, in the order of their numbers.
    pub(super) told: Vec<MigrateProgress>,
    /// Only revisions behind this one are looked at.
    pub(super) after: i64,
    /// The last revision that was looked at, where there are more than one commit should change.
    pub(super) rest: Option<i64>,
}

/// The most bytes of content that one commit of a migration brings, give or take one revision: it waits in memory, and
/// the other writers wait for it.
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Job {
    /// The bytes that its changes bring.
    pub(super) fn bytes(&self) -> usize {
        let files: usize = self.uploads.iter().map(|file| file.data.len()).sum();
        files + self.changes.iter().map(content).sum::<usize>()
    }

    /// What is told when the changes were not made.
    pub(super) fn failed(mut self, reason: &str) -> Vec<MigrateProgress> {
        for progress in &mut self.told {
            if progress.error.is_none() && progress.status == super::MigrateStatus::Success {
                *progress = MigrateProgress::failed(&self.resource_id, reason.to_owned());
            }
        }
        self.told
    }
}

fn content(change: &Change) -> usize {
    match change {
        Change::Update(update) => update.revision.as_ref().map_or(0, |revision| revision.data.len()),
        Change::Rewrite(update) => update.revision.data.len(),
        _ => 0,
    }
}

/// Why a revision could not be migrated.
pub(super) enum Refusal {
    /// There is no way from its version.
    NoPath(String),
    /// The way ends at it.
    Failed(String),
}

impl Service {
    /// Plans a migration of one resource, of its revisions behind one.
    pub(super) async fn job(
        &self,
        gate: &Gate<'_>,
        head: &Head,
        revisions: &Revisions,
        after: i64,
    ) -> Result<Job> {
        let mut job = Job {
            resource_id: head.resource_id.clone(),
            changes: vec![],
            needs: vec![],
            uploads: vec![],
            index: None,
            told: vec![],
            after,
            rest: None,
        };
        let mut bytes = 0;
        let mut last = None;
        for seq in self.seqs(gate.model(), head, revisions).await? {
            // The current one comes last, and may have a lower number after a switch.
            let current = seq == head.revision.seq;
            if seq <= after && !current {
                continue;
            }
            if bytes >= MOST_BYTES || job.changes.len() >= self.settings.max_changes {
                job.rest = last;
                break;
            }
            last = if current { last } else { Some(seq) };
            match self.plan_one(gate, head, seq, job.changes.len()).await? {
                None => job.told.push(MigrateProgress::skipped(&job.resource_id)),
                Some(Ok(Planned { change, needs, uploads, index, message })) => {
                    bytes += content(&change) + uploads.iter().map(|file| file.data.len()).sum::<usize>();
                    job.changes.push(change);
                    job.needs.extend(needs);
                    job.uploads.extend(uploads);
                    job.index = index.filter(|_| !head.is_deleted).or(job.index);
                    job.told.push(MigrateProgress::success(&job.resource_id, message));
                }
                Some(Err(Refusal::NoPath(reason) | Refusal::Failed(reason))) => {
                    job.told.push(MigrateProgress::failed(&job.resource_id, reason));
                }
            }
        }
        Ok(job)
    }

    /// The numbers of the revisions that are asked for, the current one last: it is the last to change.
    async fn seqs(&self, model: &Model, head: &Head, revisions: &Revisions) -> Result<Vec<i64>> {
        let current = head.revision.seq;
        match revisions {
            Revisions::Current => Ok(vec![current]),
            Revisions::One(revision_id) => {
                let seq = id::parse_revision(&head.resource_id, revision_id);
                seq.map(|seq| vec![seq]).ok_or_else(|| not_found(head, revision_id))
            }
            Revisions::All => {
                // Of one moment. Where it is another one than that of the head, the commit finds out.
                let found = self.store.timeline(model.index, &head.resource_id).await.map_err(store_error)?;
                let Some((now, older)) = found.filter(|(now, _)| now.pk == head.pk) else {
                    return Ok(vec![current]);
                };
                Ok(older.iter().map(|revision| revision.seq).chain([now.revision.seq]).collect())
            }
        }
    }

    /// What becomes of one revision; `None` when it is as it should be.
    pub(super) async fn plan_one(
        &self,
        gate: &Gate<'_>,
        head: &Head,
        seq: i64,
        changes_before: usize,
    ) -> Result<Option<Result<Planned, Refusal>>> {
        let (model, caller) = (gate.model(), gate.caller());
        let older;
        let is_head = seq == head.revision.seq;
        let revision = if is_head {
            &head.revision
        } else {
            older = self.superseded(model, head, seq, &seq.to_string()).await?;
            &older
        };
        if is_current(model.descriptor(), revision.schema_version.as_deref()) {
            return Ok(None);
        }
        let Ready { payload, uploads } = match self.migrated(model, head, revision).await {
            Ok(ready) => ready,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        let message = format!(
            "Migrated revision {} from {} to {}",
            id::revision_id(&head.resource_id, seq),
            schema::shown(revision.schema_version.as_deref()),
            schema::shown(model.descriptor().schema_version),
        );
        let of = timeline::existing_after(model.index, head, changes_before);
        let context = caller.context();
        if !is_head {
            let update = timeline::migrate_superseded(of, revision, payload, &context);
            let change = Change::Rewrite(Box::new(update));
            return Ok(Some(Ok(Planned { change, needs: Vec::new(), uploads, index: None, message })));
        }
        let before = index_as_stored(model.descriptor(), &revision.as_ref())?;
        let needs = self.needs(model, &head.resource_id, Some(&before), &payload.index);
        let index = payload.index.clone();
        let mut update = timeline::migrate(model.index, head, before, payload, &context);
        // As with every write, what a step makes may lead neither out of the caller's scope nor to what is not in one.
        let allowed = match self.refuse_hidden(&needs, caller).await {
            Ok(()) if gate.limits_writes() => gate.keep(&timeline::apply(head.clone(), &update).as_ref()),
            known => known,
        };
        match allowed {
            Ok(()) => {}
            Err(error @ (Error::Unavailable { .. } | Error::Internal { .. })) => return Err(error),
            Err(error) => return Ok(Some(Err(Refusal::Failed(error.to_string())))),
        }
        update.of = of;
        let change = Change::Update(Box::new(update));
        Ok(Some(Ok(Planned { change, needs, uploads, index: Some(index), message })))
    }

    /// The payload that a revision becomes, checked as every new content is.
    async fn migrated(&self, model: &Model, head: &Head, revision: &Revision) -> Result<Ready, Refusal> {
        let failed = |error: Error| Refusal::Failed(error.to_string());
        let version = revision.schema_version.as_deref();
        let prepared =
            schema::convert(&model.entry, version, revision.stored_data()).map_err(
                |problem| match problem {
                    Problem::NoPath(reason) => Refusal::NoPath(reason),
                    Problem::Failed(reason) => Refusal::Failed(reason),
                },
            )?;
        let (canonical, invalid) = payload::split(prepared);
        let checked = payload::checked(model, canonical, invalid, None).map_err(failed)?;
        let ready =
            self.ready(model, checked, Some(head), &mut Encoded::default(), None).await.map_err(failed)?;
        // A file that is too large is the fault of this row, and not of the others of its commit.
        if !ready.uploads.is_empty() {
            let blobs = self.blobs().map_err(failed)?;
            let mut sizes = ready.uploads.iter().map(|file| file.data.len() as u64);
            sizes.try_for_each(|size| blobs.check_size(size)).map_err(failed)?;
        }
        Ok(ready)
    }

    /// What would keep a job from being done, found by looking and not by doing.
    pub(super) async fn obstacle(
        &self,
        gate: &Gate<'_>,
        job: &Job,
        seen: &mut Seen,
    ) -> Result<Option<String>> {
        let model = gate.model();
        for need in &job.needs {
            let (target, resource_id) = need.target();
            let found = self.find(&self.models()[target.0], resource_id).await?;
            if found.is_none_or(|head| head.is_deleted) {
                return Ok(Some(Error::targets_missing(vec![need.missing()]).to_string()));
            }
        }
        let Some(index) = &job.index else { return Ok(None) };
        for (at, unique) in model.descriptor().uniques.iter().enumerate() {
            let values = unique_values(unique.indexes, index);
            if !unique.nulls_equal && values.contains(&IndexValue::Null) {
                continue;
            }
            let holder = self.holder(model, at, &values).await?;
            let other = holder.filter(|head| head.resource_id != job.resource_id);
            let keeps = other.filter(|head| keeps(model.descriptor(), head, unique, &values));
            if keeps.is_some() || !seen.insert(at, &compared(unique, &values)) {
                let taken = match keeps {
                    Some(head) => {
                        let holder = head.resource_id;
                        self.unique_conflict(model.index, at, &values, holder, gate.caller()).await?
                    }
                    None => Self::unique_error(model, at, &values, None),
                };
                return Ok(Some(taken.to_string()));
            }
        }
        Ok(None)
    }
}

pub(super) struct Planned {
    pub(super) change: Change,
    needs: Vec<Need>,
    uploads: Vec<MadeFile>,
    index: Option<IndexRow>,
    message: String,
}

fn unique_values(indexes: &[usize], row: &IndexRow) -> Vec<IndexValue> {
    let value = |at: &usize| match row.entries.get(*at) {
        Some(IndexEntry::Scalar(value)) => value.clone(),
        _ => IndexValue::Null,
    };
    indexes.iter().map(value).collect()
}

/// Values as the constraint compares them.
fn compared(unique: &UniqueDescriptor, values: &[IndexValue]) -> Vec<IndexValue> {
    let folded = |value: &IndexValue| match value {
        IndexValue::Text(text) if unique.case_insensitive => IndexValue::Text(fold(text)),
        other => other.clone(),
    };
    values.iter().map(folded).collect()
}

/// Whether the one that has the values still has them when it is migrated itself.
fn keeps(
    descriptor: &'static ResourceDescriptor,
    head: &Head,
    unique: &UniqueDescriptor,
    values: &[IndexValue],
) -> bool {
    if head.revision.outdated.is_none() || head.revision.problem().is_some() {
        return true;
    }
    let row = crate::json::fitting_index_row(descriptor, &head.revision.data);
    compared(unique, &unique_values(unique.indexes, &row)) == compared(unique, values)
}

/// The unique values that a run has met, as hashes: it writes none, so the store cannot know them.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<u128>);

impl Seen {
    /// Some twenty megabytes.
    const MOST: usize = 1_000_000;

    fn insert(&mut self, unique: usize, values: &[IndexValue]) -> bool {
        if self.0.len() >= Self::MOST {
            return true;
        }
        self.0.insert(xxh3_128(format!("{unique} {values:?}").as_bytes()))
    }
}
