//! Committing what was planned, and what a refusal of the store means to a caller.

use super::reference::Need;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::RowScope;
use crate::change::{Change, ChangeSet, ModelIndex, NewEvent, Requirement};
use crate::datetime::Timestamp;
use crate::descriptor::{IndexKind, ResourceDescriptor, UniqueDescriptor};
use crate::error::{Error, MissingTarget, Result};
use crate::json::IndexValue;
use crate::store::CommitError;

/// What one operation wants to commit.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    /// References that have to lead somewhere.
    pub(super) needs: Vec<Need>,
    /// What must hold besides; when it does not, somebody was faster, and the plan is made again.
    pub(super) guards: Vec<Requirement>,
    /// Messages to subscribers.
    pub(super) events: Vec<NewEvent>,
    /// The resource whose older content becomes current or live again: what it refers to is not the fault of the
    /// content that was sent.
    pub(super) returning: Option<String>,
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
        let Plan { changes, needs, guards, events, returning } = plan;
        let models = touched(&changes);
        let requirements = needs.iter().map(Need::requirement).chain(guards).collect();
        match self.store.commit(ChangeSet { changes, requirements, events }).await {
            Ok(()) => {
                self.count_changes(&models);
                Ok(true)
            }
            Err(CommitError::Stale { .. } | CommitError::Referenced { .. }) => Ok(false),
            Err(CommitError::Missing { requirements }) => {
                let missing = requirements.into_iter().filter_map(|at| needs.get(at));
                let missing = missing.map(Need::missing).collect();
                Err(missing_targets(missing, returning))
            }
            Err(CommitError::DuplicateId { resource_id, .. }) => {
                Err(Error::DuplicateResource { resource_id })
            }
            Err(CommitError::Unique { model, unique, values, conflicting_resource_id, .. }) => {
                Err(self.unique_conflict(model, unique, &values, conflicting_resource_id, caller).await?)
            }
            Err(CommitError::Store(error)) => Err(store_error(error)),
        }
    }

    /// Names who has the value, unless the caller may not know that it exists.
    async fn unique_conflict(
        &self,
        index: ModelIndex,
        unique: usize,
        values: &[IndexValue],
        holder: String,
        caller: &Caller,
    ) -> Result<Error> {
        let model = &self.models()[index.0];
        let descriptor = model.descriptor();
        let constraint = &descriptor.uniques[unique];
        let known = self.exists_for(model, &holder, caller).await?;
        Ok(Error::UniqueConflict {
            field: keys(descriptor, constraint),
            value: shown(descriptor, constraint, values),
            conflicting_resource_id: known.then_some(holder),
        })
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

pub(super) fn missing_targets(missing: Vec<MissingTarget>, returning: Option<String>) -> Error {
    match returning {
        Some(resource_id) => Error::TargetsGone { resource_id, missing },
        None => Error::TargetsMissing { missing },
    }
}

/// The types that a set changes, each once.
fn touched(changes: &[Change]) -> Vec<ModelIndex> {
    let mut models: Vec<ModelIndex> = changes
        .iter()
        .map(|change| match change {
            Change::Create(new) => new.model,
            Change::Update(update) => update.of.model,
            Change::Purge(removal) | Change::Prune { of: removal, .. } => removal.of.model,
        })
        .collect();
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
