//! Committing what was planned, and what a refusal of the store means to a caller.

use super::enqueue::{Along, Enqueued};
use super::hooks::{AfterHooks, Done};
use super::reference::Need;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{Action, RowScope};
use crate::change::{Answer, Change, ChangeSet, Checkpoint, ModelIndex, Requirement};
use crate::datetime::Timestamp;
use crate::descriptor::{IndexKind, ResourceDescriptor, UniqueDescriptor};
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::meta::MadeFile;
use crate::store::CommitError;

/// How often bytes are stored for a set that a collection then keeps from being committed.
const UPLOAD_ATTEMPTS: usize = 10;

/// What one operation wants to commit.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    /// References that have to lead somewhere.
    pub(super) needs: Vec<Need>,
    /// What must hold besides; when it does not, somebody was faster, and the plan is made again.
    pub(super) guards: Vec<Requirement>,
    /// Messages to subscribers, and jobs.
    pub(super) along: Along,
    /// Bytes that are stored before it is committed.
    pub(super) uploads: Vec<MadeFile>,
    /// Older content becomes current or live again: what it refers to is not the fault of what was sent.
    pub(super) returning: bool,
    /// How far an import is then.
    pub(super) checkpoint: Option<Checkpoint>,
    /// What after-hooks are told, once this is committed.
    pub(super) done: Vec<Done>,
    /// The answer to the request, once this is committed.
    pub(super) answer: Option<Box<Answer>>,
}

impl Plan {
    /// Of one change.
    pub(super) fn of(change: Change) -> Self {
        Self { changes: vec![change], ..Self::default() }
    }
}

impl Service {
    /// Commits; `Ok(false)` when the plan was stale and nothing was written.
    pub(super) async fn commit(&self, plan: Plan, caller: &Caller) -> Result<bool> {
        Ok(self.commit_all(plan, caller).await?.is_some())
    }

    /// The same, and gives the ids of the jobs that were asked for; `None` when the plan was stale.
    pub(super) async fn commit_all(&self, mut plan: Plan, caller: &Caller) -> Result<Option<Vec<String>>> {
        let jobs =
            if plan.along.jobs.is_empty() { Vec::new() } else { self.plan_jobs(&mut plan, caller).await? };
        let Plan {
            changes,
            needs,
            guards,
            along: Along { events, .. },
            uploads,
            returning,
            checkpoint,
            done,
            answer,
        } = plan;
        if changes.is_empty() && events.is_empty() && answer.is_none() {
            return Ok(Some(jobs.into_iter().map(|job| job.resource_id).collect()));
        }
        let models = touched(&changes);
        // With several changes, the one that fails need not be one that the caller knows of.
        let all = if changes.len() > 1 { changes.iter().map(changed).collect() } else { Vec::new() };
        let requirements = needs.iter().map(Need::requirement).chain(guards).collect();
        let answered = answer.is_some();
        let set = ChangeSet { changes, requirements, events, checkpoint, answer };
        let mut hooks = self.after_hooks(done, caller);
        match self.commit_hooked(set, &uploads, caller, &mut hooks).await? {
            Ok(()) => {
                if let (true, Some(request)) = (answered, caller.request()) {
                    request.note();
                }
                match hooks {
                    Some(hooks) => self.wait_for(hooks, caller).await,
                    None => self.count_changes(&models),
                }
                Ok(Some(jobs.into_iter().map(|job| job.resource_id).collect()))
            }
            Err(CommitError::Stale { .. } | CommitError::Referenced { .. }) => Ok(None),
            Err(CommitError::LeaseLost { .. }) => Err(Error::LeaseLost),
            Err(CommitError::Answered) => Err(Error::AnsweredBefore),
            // Somebody was faster with a job of the same key, and a new plan finds it.
            Err(CommitError::JobKey { change, .. }) if is_along(&jobs, change) => Ok(None),
            Err(CommitError::JobKey { key, .. }) => Err(Error::JobExists { key }),
            Err(CommitError::Missing { requirements }) => {
                let missing: Vec<&Need> = requirements.into_iter().filter_map(|at| needs.get(at)).collect();
                Err(self.missing_targets(&missing, returning, caller).await?)
            }
            Err(CommitError::DuplicateId { resource_id, .. }) => {
                Err(Error::DuplicateResource { resource_id })
            }
            Err(CommitError::Unique { change, model, unique, values, conflicting_resource_id }) => {
                if let Some((index, resource_id)) = all.get(change)
                    && !self.exists_for(&self.models()[index.0], resource_id, caller).await?
                {
                    return Err(Error::Conflict(
                        "A resource that belongs to it has a unique value that is taken.".to_owned(),
                    ));
                }
                Err(self.unique_conflict(model, unique, &values, conflicting_resource_id, caller).await?)
            }
            Err(CommitError::MissingBlob { file_ids }) => Err(Error::BlobsMissing { file_ids }),
            Err(CommitError::Store(error)) => Err(store_error(error)),
        }
    }

    /// Stores the bytes that a set needs, and commits it. A collection that is set to wait for nobody may have removed
    /// them in between, and then they are stored again.
    pub(super) async fn commit_with(
        &self,
        set: ChangeSet,
        uploads: &[MadeFile],
        caller: &Caller,
    ) -> Result<Result<(), CommitError>> {
        self.commit_hooked(set, uploads, caller, &mut None).await
    }

    async fn commit_hooked(
        &self,
        set: ChangeSet,
        uploads: &[MadeFile],
        caller: &Caller,
        hooks: &mut Option<AfterHooks>,
    ) -> Result<Result<(), CommitError>> {
        if uploads.is_empty() {
            return Ok(self.commit_set(set, hooks).await);
        }
        let ours = |file_id: &String| uploads.iter().any(|upload| upload.file_id == *file_id);
        for _ in 1..UPLOAD_ATTEMPTS {
            self.store_uploads(uploads, caller).await?;
            match self.commit_set(set.clone(), hooks).await {
                Err(CommitError::MissingBlob { file_ids }) if file_ids.iter().all(ours) => {}
                done => return Ok(done),
            }
        }
        self.store_uploads(uploads, caller).await?;
        Ok(self.commit_set(set, hooks).await)
    }

    /// Names references that lead nowhere: of what was sent all, of what comes back those of the first resource that
    /// has some, unless it or a target does not exist for the caller.
    async fn missing_targets(&self, needs: &[&Need], returning: bool, caller: &Caller) -> Result<Error> {
        if !returning {
            let missing = needs.iter().map(|need| need.missing()).collect();
            return Ok(Error::targets_missing(missing));
        }
        let hidden =
            || Error::Conflict("A resource that comes back refers to what is missing or deleted.".into());
        let Some(first) = needs.first() else { return Ok(hidden()) };
        let (index, resource_id) = &first.source;
        if !self.exists_for(&self.models()[index.0], resource_id, caller).await? {
            return Ok(hidden());
        }
        let mut missing = Vec::new();
        for need in needs.iter().filter(|need| need.source == first.source) {
            let (target, id) = need.target();
            let target = &self.models()[target.0];
            // What is gone for good was never hidden: its id stands in content the caller can read.
            let known = match self.find(target, id).await? {
                Some(_) => self.exists_for(target, id, caller).await?,
                None => true,
            };
            if known {
                missing.push(need.missing());
            }
        }
        if missing.is_empty() {
            return Ok(hidden());
        }
        Ok(Error::TargetsGone { resource_id: resource_id.clone(), missing })
    }

    /// Names who has the value, unless the caller may not know that it exists.
    pub(super) async fn unique_conflict(
        &self,
        index: ModelIndex,
        unique: usize,
        values: &[IndexValue],
        holder: String,
        caller: &Caller,
    ) -> Result<Error> {
        let model = &self.models()[index.0];
        let known = self.known_to(model, &holder, caller).await?;
        Ok(Self::unique_error(model, unique, values, known.then_some(holder)))
    }

    /// The values are taken, by whoever may be named.
    pub(super) fn unique_error(
        model: &Model,
        unique: usize,
        values: &[IndexValue],
        holder: Option<String>,
    ) -> Error {
        let descriptor = model.descriptor();
        let constraint = &descriptor.uniques[unique];
        Error::UniqueConflict {
            field: keys(descriptor, constraint),
            value: shown(descriptor, constraint, values),
            conflicting_resource_id: holder,
        }
    }

    /// Whether the caller may know of a resource: it exists for them, and they may read its metadata.
    pub(super) async fn known_to(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<bool> {
        if caller.is_trusted() {
            return Ok(true);
        }
        let gate = match self.gate(model, caller, Some(resource_id), &[Action::GET_META]).await {
            Ok(gate) => gate,
            Err(error) => return denied(error),
        };
        let Some(head) = self.find(model, resource_id).await? else {
            return Ok(false);
        };
        match gate.admit(&head, None).await {
            Ok(()) => Ok(true),
            Err(error) => denied(error),
        }
    }

    /// Whether a resource, live or deleted, is in the scope of the caller.
    pub(super) async fn exists_for(&self, model: &Model, resource_id: &str, caller: &Caller) -> Result<bool> {
        let scope = self.scope(model, caller).await?;
        match scope {
            RowScope::All => Ok(true),
            RowScope::None => Ok(false),
            RowScope::Rows(_) => match self.head(model, resource_id).await {
                Ok(head) => scope.holds(model.descriptor(), &head.as_ref()),
                Err(Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }
}

/// What somebody who is refused may know: nothing.
fn denied(error: Error) -> Result<bool> {
    match error {
        Error::NotFound { .. } | Error::PermissionDenied { .. } => Ok(false),
        other => Err(other),
    }
}

/// Whether a change of the set is a job that came along.
fn is_along(jobs: &[Enqueued], change: usize) -> bool {
    jobs.iter().any(|job| job.change == Some(change))
}

/// Which resource a change is about.
fn changed(change: &Change) -> (ModelIndex, String) {
    let (model, resource_id) = place(change);
    (model, resource_id.to_owned())
}

fn place(change: &Change) -> (ModelIndex, &str) {
    match change {
        Change::Create(new) => (new.model, &new.resource_id),
        Change::Update(update) => (update.of.model, &update.of.resource_id),
        Change::Rewrite(update) => (update.of.model, &update.of.resource_id),
        Change::Purge(removal) | Change::Prune { of: removal, .. } => {
            (removal.of.model, &removal.of.resource_id)
        }
        Change::Import(import) => (import.model, &import.head.resource_id),
    }
}

/// The types that a set changes, each once.
pub(super) fn touched(changes: &[Change]) -> Vec<ModelIndex> {
    let mut models: Vec<ModelIndex> = changes.iter().map(|change| place(change).0).collect();
    models.sort_unstable();
    models.dedup();
    models
}

fn keys(descriptor: &ResourceDescriptor, constraint: &UniqueDescriptor) -> String {
    let keys: Vec<&str> = constraint.indexes.iter().map(|at| descriptor.indexes[*at].key).collect();
    keys.join(", ")
}

fn shown(descriptor: &ResourceDescriptor, constraint: &UniqueDescriptor, values: &[IndexValue]) -> String {
    let texts: Vec<String> = constraint
        .indexes
        .iter()
        .zip(values)
        .map(|(at, value)| match (value, descriptor.indexes[*at].kind) {
            (IndexValue::Null, _) => "null".to_owned(),
            (IndexValue::Text(text), _) => text.clone(),
            (IndexValue::Integer(micros), IndexKind::DateTime) => Timestamp(*micros).to_string(),
            (IndexValue::Integer(number), IndexKind::Boolean) => (*number != 0).to_string(),
            (IndexValue::Integer(number), _) => number.to_string(),
            (IndexValue::Float(number), _) => number.to_string(),
        })
        .collect();
    texts.join(", ")
}
