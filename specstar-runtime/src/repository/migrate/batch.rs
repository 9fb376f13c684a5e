//! Many resources: a walk in batches, each of which is one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::work::{Job, MOST_BYTES, Seen};
use super::{MigrateOptions, MigrateProgress, MigrateSummary, Revisions, versioned};
use crate::access::Action;
use crate::change::ChangeSet;
use crate::error::{Error, Result};
use crate::meta::{Head, HeadRef, MadeFile};
use crate::query::Predicate;
use crate::repository::batch::{collected, collector};
use crate::repository::gate::Gate;
use crate::repository::reference::Need;
use crate::repository::service::store_error;
use crate::repository::{Caller, Model, Selection, Service};
use crate::schema;
use crate::store::{CommitError, Freshness};

/// A migration under way: [`next`](Self::next) does a batch and tells of it. Whoever stops asking stops it; a later one
/// goes on with what is left, since what is done is skipped.
pub struct Migration {
    service: Arc<Service>,
    model: Model,
    options: MigrateOptions,
    caller: Caller,
    /// What is left; `None` at the end.
    selection: Option<Selection>,
    summary: MigrateSummary,
    seen: Seen,
}

/// After so many resources others get their turn.
const TURN: usize = 32;

/// A row of a batch: whole when there is something to do with it.
enum Found {
    Current(String),
    Older(Box<Head>),
    /// There is something to do with it, but what is read already is large: it is read again when it is its turn.
    Later(String),
}

impl Service {
    /// Begins to migrate the selected resources, in their order. In one by a value that the steps change, a resource can
    /// come twice, or be left for the next time; the order of creation has neither. Fails with 403 when the caller may not, and with 400
    /// for a type without a schema version.
    pub async fn migrate(
        self: &Arc<Self>,
        model: &Model,
        selection: Selection,
        options: MigrateOptions,
        caller: &Caller,
    ) -> Result<Migration> {
        let actions = [Action::GET_META, Action::MIGRATE];
        let gate = self.gate(model, caller, None, &actions).await?;
        versioned(model)?;
        let predicate = gate.narrow(Arc::clone(&selection.predicate));
        let selection = self.encoded(Selection { predicate, ..selection }).await?;
        Ok(Migration {
            service: Arc::clone(self),
            model: *model,
            options: MigrateOptions { batch: options.batch.max(1), ..options },
            caller: caller.clone(),
            selection: Some(selection),
            summary: MigrateSummary::default(),
            seen: Seen::default(),
        })
    }

    /// Rules that look at the resource see it as the type is now.
    async fn admit_migration(&self, gate: &Gate<'_>, model: &Model, head: &Head) -> Result<()> {
        if gate.caller().is_trusted() {
            return Ok(());
        }
        if head.revision.outdated.is_some() {
            return gate.admit_to(Action::MIGRATE, head).await;
        }
        let revision = schema::converted(&model.entry, model.settings.blob_ids, head.revision.clone());
        gate.admit_to(Action::MIGRATE, &Head { revision, ..head.clone() }).await
    }

    /// Commits jobs together, and in halves when that fails, so that the failing ones fall alone.
    async fn commit_jobs(
        &self,
        gate: &Gate<'_>,
        jobs: Vec<Job>,
        revisions: &Revisions,
    ) -> Result<Vec<MigrateProgress>> {
        let model = gate.model();
        let mut told = Vec::new();
        let mut waiting = vec![jobs];
        while let Some(mut jobs) = waiting.pop() {
            let set = changes(&jobs);
            if set.changes.is_empty() {
                told.extend(jobs.into_iter().flat_map(|job| job.told));
                continue;
            }
            let error = match self.commit_with(set, &uploads(&jobs), gate.caller()).await {
                Ok(Ok(())) => {
                    self.count_changes(&[model.index]);
                    told.extend(jobs.into_iter().flat_map(|job| job.told));
                    continue;
                }
                Ok(Err(CommitError::Store(error))) => return Err(store_error(error)),
                Err(error @ Error::Unavailable { .. }) => return Err(error),
                Ok(Err(error)) => Refused::Set(error),
                Err(error) => Refused::Files(error),
            };
            if jobs.len() > 1 {
                let rest = jobs.split_off(jobs.len() / 2);
                // The first half is done first.
                waiting.push(rest);
                waiting.push(jobs);
                continue;
            }
            for job in jobs {
                told.extend(self.alone(gate, job, &error, revisions).await?);
            }
        }
        Ok(told)
    }

    /// A resource as it is now, which its caller may migrate still; what is told of it otherwise, which is nothing when
    /// it does not exist for the caller.
    async fn head_to_migrate(
        &self,
        gate: &Gate<'_>,
        resource_id: &str,
    ) -> Result<Option<Result<Head, MigrateProgress>>> {
        let found = self.find(gate.model(), resource_id).await?;
        let Some(head) = found.filter(|head| gate.see(head).is_ok()) else { return Ok(None) };
        let refused = self.refused_migration(gate, &head).await?;
        Ok(Some(refused.map_or(Ok(head), Err)))
    }

    /// What is told of a resource that its caller may not migrate.
    async fn refused_migration(&self, gate: &Gate<'_>, head: &Head) -> Result<Option<MigrateProgress>> {
        match self.admit_migration(gate, gate.model(), head).await {
            Ok(()) => Ok(None),
            Err(error @ (Error::Unavailable { .. } | Error::Internal { .. })) => Err(error),
            Err(refused) => Ok(Some(MigrateProgress::failed(&head.resource_id, refused.to_string()))),
        }
    }

    /// One that could not be committed: somebody else was faster, or it breaks a rule.
    async fn alone(
        &self,
        gate: &Gate<'_>,
        job: Job,
        error: &Refused,
        revisions: &Revisions,
    ) -> Result<Vec<MigrateProgress>> {
        let model = gate.model();
        let error = match error {
            Refused::Set(CommitError::Stale { .. }) => {
                let mut attempts = self.attempts(model, &job.resource_id);
                loop {
                    let head = match self.head_to_migrate(gate, &job.resource_id).await? {
                        Some(Ok(head)) => head,
                        refused => return Ok(refused.and_then(Result::err).into_iter().collect()),
                    };
                    let again = match self.job(gate, &head, revisions, job.after).await {
                        Ok(again) => again,
                        // Pruned meanwhile.
                        Err(error @ Error::RevisionNotFound { .. }) => {
                            return Ok(job.failed(&error.to_string()));
                        }
                        Err(error) => return Err(error),
                    };
                    let one = std::slice::from_ref(&again);
                    match self.commit_with(changes(one), &uploads(one), gate.caller()).await {
                        Ok(Ok(())) => {
                            self.count_changes(&[model.index]);
                            return Ok(again.told);
                        }
                        Ok(Err(CommitError::Stale { .. })) => attempts.again().await?,
                        Ok(Err(CommitError::Store(error))) => return Err(store_error(error)),
                        Err(error @ Error::Unavailable { .. }) => return Err(error),
                        Ok(Err(error)) => {
                            let reason = self.reason(gate, &again, &error).await?;
                            return Ok(again.failed(&reason));
                        }
                        Err(error) => return Ok(again.failed(&error.to_string())),
                    }
                }
            }
            Refused::Set(error) => error,
            Refused::Files(error) => return Ok(job.failed(&error.to_string())),
        };
        let reason = self.reason(gate, &job, error).await?;
        Ok(job.failed(&reason))
    }

    /// In words, which name nothing that the caller may not know of.
    async fn reason(&self, gate: &Gate<'_>, job: &Job, error: &CommitError) -> Result<String> {
        Ok(match error {
            CommitError::Unique { model, unique, values, conflicting_resource_id, .. } => {
                let holder = conflicting_resource_id.clone();
                self.unique_conflict(*model, *unique, values, holder, gate.caller()).await?.to_string()
            }
            CommitError::Missing { requirements } => {
                let missing = requirements.iter().filter_map(|at| job.needs.get(*at)).map(Need::missing);
                Error::targets_missing(missing.collect()).to_string()
            }
            CommitError::MissingBlob { file_ids } => {
                Error::BlobsMissing { file_ids: file_ids.clone() }.to_string()
            }
            other => other.to_string(),
        })
    }
}

/// Why jobs were not done.
enum Refused {
    /// The store does not take the set.
    Set(CommitError),
    /// The bytes of files cannot be stored.
    Files(Error),
}

fn changes(jobs: &[Job]) -> ChangeSet {
    let changes = jobs.iter().flat_map(|job| job.changes.iter().cloned()).collect();
    let requirements = jobs.iter().flat_map(|job| &job.needs).map(Need::requirement).collect();
    ChangeSet { changes, requirements, ..ChangeSet::default() }
}

/// The bytes of the files that they name and that their steps have made.
fn uploads(jobs: &[Job]) -> Vec<MadeFile> {
    jobs.iter().flat_map(|job| &job.uploads).cloned().collect()
}

impl Migration {
    /// Does the next batch and tells what became of its resources; `None` when all are done.
    pub async fn next(&mut self) -> Result<Option<Vec<MigrateProgress>>> {
        let Some(selection) = self.selection.take() else { return Ok(None) };
        let found = self.read(selection).await?;
        let told = self.work(found).await?;
        for progress in &told {
            self.summary.count(progress);
        }
        Ok(Some(told))
    }

    /// What became of them so far.
    pub fn summary(&self) -> &MigrateSummary {
        &self.summary
    }

    /// Does all that is left.
    pub async fn finish(mut self) -> Result<MigrateSummary> {
        while self.next().await?.is_some() {}
        Ok(self.summary)
    }

    async fn read(&mut self, selection: Selection) -> Result<Vec<Found>> {
        let (service, entry) = (Arc::clone(&self.service), self.model.entry);
        let whole = self.options.revisions != Revisions::Current;
        let page = Selection { limit: selection.limit.min(self.options.batch as u64), ..selection.clone() };
        let bytes = AtomicUsize::new(0);
        let take = move |head: &HeadRef<'_>| {
            let current = schema::is_current(entry.descriptor, head.revision.schema_version);
            if current && !whole {
                return Found::Current(head.resource_id.to_owned());
            }
            if bytes.fetch_add(head.revision.data.len(), Ordering::Relaxed) >= MOST_BYTES {
                return Found::Later(head.resource_id.to_owned());
            }
            Found::Older(Box::new(head.to_owned()))
        };
        let (visit, found) = collector(take);
        let end = service.run_as_stored(&self.model, page.clone(), visit).await?;
        let found = collected(&found);
        let read = found.len() as u64;
        self.selection = (end.has_more && selection.limit > read).then(|| {
            let limit = selection.limit - read;
            match end.last {
                Some(position) => Selection { after: Some(position), offset: 0, limit, ..selection },
                // An order without positions goes on by count.
                None => Selection { offset: selection.offset + read, limit, ..selection },
            }
        });
        Ok(found)
    }

    async fn work(&mut self, found: Vec<Found>) -> Result<Vec<MigrateProgress>> {
        let (service, model) = (Arc::clone(&self.service), self.model);
        let mut told = Vec::with_capacity(found.len());
        let caller = self.caller.clone();
        let gate = service.gate(&model, &caller, None, &[]).await?;
        let mut jobs = Jobs::default();
        for (at, row) in found.into_iter().enumerate() {
            // Nothing here waits for anything: others get their turn.
            if at % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let head = match row {
                Found::Current(resource_id) => {
                    told.push(MigrateProgress::skipped(&resource_id));
                    continue;
                }
                Found::Older(head) => match service.refused_migration(&gate, &head).await? {
                    None => *head,
                    Some(refused) => {
                        told.push(refused);
                        continue;
                    }
                },
                // Purged meanwhile, or moved out of the scope.
                Found::Later(resource_id) => match service.head_to_migrate(&gate, &resource_id).await? {
                    Some(Ok(head)) => head,
                    refused => {
                        told.extend(refused.and_then(Result::err));
                        continue;
                    }
                },
            };
            self.resource(&gate, head, &mut jobs, &mut told).await?;
        }
        told.extend(service.commit_jobs(&gate, jobs.all, &self.options.revisions).await?);
        Ok(told)
    }

    /// One resource: in one job, or in several that are committed one after another where it has many revisions.
    async fn resource(
        &mut self,
        gate: &Gate<'_>,
        mut head: Head,
        jobs: &mut Jobs,
        told: &mut Vec<MigrateProgress>,
    ) -> Result<()> {
        let service = Arc::clone(&self.service);
        let revisions = &self.options.revisions;
        let mut after = 0;
        loop {
            let job = match service.job(gate, &head, revisions, after).await {
                Ok(job) => job,
                // Of another resource, or pruned meanwhile.
                Err(error @ Error::RevisionNotFound { .. }) => {
                    told.push(MigrateProgress::failed(&head.resource_id, error.to_string()));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let rest = job.rest;
            if self.options.dry_run {
                let obstacle = if job.changes.is_empty() {
                    None
                } else {
                    service.obstacle(gate, &job, &mut self.seen).await?
                };
                told.extend(match obstacle {
                    Some(reason) => job.failed(&reason),
                    None => job.told,
                });
            } else if jobs.push(job) >= service.settings.max_changes
                || jobs.bytes >= MOST_BYTES
                || rest.is_some()
            {
                let full = std::mem::take(jobs).all;
                told.extend(service.commit_jobs(gate, full, revisions).await?);
            }
            let Some(last) = rest else { return Ok(()) };
            after = last;
            if !self.options.dry_run {
                match service.head_to_migrate(gate, &head.resource_id).await? {
                    Some(Ok(now)) => head = now,
                    refused => {
                        told.extend(refused.and_then(Result::err));
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// What is committed next.
#[derive(Default)]
struct Jobs {
    all: Vec<Job>,
    changes: usize,
    bytes: usize,
}

impl Jobs {
    /// Adds one; gives how many changes there are then.
    fn push(&mut self, job: Job) -> usize {
        self.changes += job.changes.len();
        self.bytes += job.bytes();
        self.all.push(job);
        self.changes
    }
}

impl Selection {
    /// Everything there is, live or deleted, in the order of creation.
    pub fn everything() -> Self {
        Self {
            predicate: Arc::new(Predicate::all([])),
            sorts: Vec::new(),
            limit: Self::MOST_ROWS,
            offset: 0,
            after: None,
            freshness: Freshness::Current,
        }
    }
}
