//! The erased operations: everything a resource can do, on descriptors and JSON, compiled once.

use std::collections::HashMap;
use std::sync::Arc;

use super::queue::{Attempts, Queues};
use super::{Caller, ModelSettings, Settings};
use crate::access::{AccessControl, AccessRequest, Action, authorize};
use crate::change::{Change, ChangeSet, ModelIndex};
use crate::datetime::Timestamp;
use crate::descriptor::{IndexKind, ResourceDescriptor, UniqueDescriptor};
use crate::error::{Error, Result};
use crate::json::{IndexRow, IndexValue, index_row};
use crate::meta::Head;
use crate::resource::ResourceEntry;
use crate::store::{CommitError, Store, StoreError};
use crate::vector::Encoders;

/// A registered resource type.
#[derive(Clone, Copy)]
pub struct Model {
    /// Its position among the registered ones.
    pub index: ModelIndex,
    /// Constants and functions of the type.
    pub entry: ResourceEntry,
    /// Its rules.
    pub settings: ModelSettings,
}

impl Model {
    /// The constants of the type.
    pub fn descriptor(&self) -> &'static ResourceDescriptor {
        self.entry.descriptor
    }

    /// Its name in paths.
    pub fn name(&self) -> &'static str {
        self.entry.descriptor.id.name
    }
}

/// The operations on all registered resource types over one store.
pub struct Service {
    pub(super) store: Arc<dyn Store>,
    pub(super) access: Arc<dyn AccessControl>,
    pub(super) settings: Settings,
    pub(super) queues: Queues,
    pub(super) encoders: Encoders,
    models: Vec<Model>,
    by_name: HashMap<&'static str, usize>,
}

impl Service {
    /// Operations on these types. The layout of the store must have been ensured for them, in this order.
    pub fn new(
        store: Arc<dyn Store>,
        access: Arc<dyn AccessControl>,
        entries: &[ResourceEntry],
        settings: Settings,
        encoders: Encoders,
    ) -> Self {
        let models: Vec<Model> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| Model {
                index: ModelIndex(at),
                entry: *entry,
                settings: ModelSettings::of(entry.descriptor, &settings),
            })
            .collect();
        let by_name = models.iter().enumerate().map(|(at, model)| (model.name(), at)).collect();
        Self { store, access, settings, queues: Queues::default(), encoders, models, by_name }
    }

    /// Every registered type, in order.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The type of that name in paths.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|at| &self.models[*at])
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The rules of the application.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Fails with 403 unless the caller may do this.
    pub async fn authorize(
        &self,
        model: &Model,
        caller: &Caller,
        action: Action,
        resource_id: Option<&str>,
    ) -> Result<()> {
        if caller.is_trusted() {
            return Ok(());
        }
        let request = AccessRequest {
            principal: caller.principal(),
            action,
            model: model.descriptor(),
            resource_id,
            now: caller.now(),
        };
        authorize(&*self.access, request).await
    }

    /// The head of a resource, deleted or not; 404 when there is none.
    pub(super) async fn head(&self, model: &Model, resource_id: &str) -> Result<Head> {
        let found = self.store.head(model.index, resource_id).await.map_err(store_error)?;
        found.ok_or_else(|| Error::NotFound { resource_id: resource_id.to_owned() })
    }

    pub(super) fn attempts(&self, model: &Model, resource_id: &str) -> Attempts<'_> {
        Attempts::new(&self.queues, model.index, resource_id, self.settings.write_deadline)
    }

    /// Commits; `Ok(false)` when the plan was stale and nothing was written.
    pub(super) async fn commit(&self, changes: Vec<Change>) -> Result<bool> {
        match self.store.commit(ChangeSet { changes }).await {
            Ok(()) => Ok(true),
            Err(CommitError::Stale { .. }) => Ok(false),
            Err(error) => Err(self.commit_error(error)),
        }
    }

    pub(super) fn commit_error(&self, error: CommitError) -> Error {
        match error {
            CommitError::DuplicateId { resource_id, .. } => Error::DuplicateResource { resource_id },
            CommitError::Unique { model, unique, values, conflicting_resource_id, .. } => {
                let descriptor = self.models[model.0].descriptor();
                let constraint = &descriptor.uniques[unique];
                Error::UniqueConflict {
                    field: keys(descriptor, constraint),
                    value: shown(descriptor, constraint, &values),
                    conflicting_resource_id: Some(conflicting_resource_id),
                }
            }
            CommitError::Store(error) => store_error(error),
            CommitError::Stale { change } => Error::internal(format!("change {change} is stale")),
        }
    }
}

/// The index values of a stored payload.
pub(super) fn stored_index(model: &Model, data: &[u8]) -> Result<IndexRow> {
    index_row(model.descriptor(), data).map_err(Error::Decode)
}

/// What a failing store means to a caller: 503 when it may come back, else a bug with an id.
pub(crate) fn store_error(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(reason) => {
            tracing::warn!(%reason, "the database is unavailable");
            Error::Unavailable { reason, retry_after: 1 }
        }
        StoreError::Layout(_) => Error::CannotStart { problems: vec![error.to_string()] },
        StoreError::Timeout => Error::Unavailable { reason: error.to_string(), retry_after: 1 },
        other => Error::internal(other),
    }
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
