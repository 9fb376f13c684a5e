//! The erased operations: everything a resource can do, on descriptors and JSON, compiled once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::queue::{Attempts, Queues};
use super::reference::References;
use super::{ModelSettings, Settings};
use crate::access::AccessControl;
use crate::blob::Blobs;
use crate::change::ModelIndex;
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::hook::HookSet;
use crate::id::{self, IdError};
use crate::json::{IndexRow, index_row};
use crate::resource::ResourceEntry;
use crate::store::{Store, StoreError};
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
    pub(super) hooks: HookSet,
    pub(super) references: References,
    blobs: Option<Blobs>,
    models: Vec<Model>,
    /// Names that are routes of one type, by the hash of the type.
    taken: HashSet<(u64, &'static str)>,
    changes: Counters,
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
        hooks: HookSet,
        blobs: Option<Blobs>,
    ) -> Self {
        let blob_ids = blobs.as_ref().map(Blobs::ids);
        let models: Vec<Model> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| Model {
                index: ModelIndex(at),
                entry: *entry,
                settings: ModelSettings::of(entry.descriptor, &settings, blob_ids),
            })
            .collect();
        let by_name = models.iter().enumerate().map(|(at, model)| (model.name(), at)).collect();
        Self {
            store,
            access,
            settings,
            queues: Queues::default(),
            encoders,
            hooks,
            references: References::of(&models),
            blobs,
            changes: Counters(models.iter().map(|_| AtomicU64::default()).collect()),
            models,
            taken: HashSet::new(),
            by_name,
        }
    }

    /// Keeps the name of a route of one type from becoming an id: the resource could not be reached.
    pub(crate) fn reserve(&mut self, type_hash: u64, name: &'static str) {
        self.taken.insert((type_hash, name));
    }

    /// Fails with 422 for what cannot be an id of this type.
    pub(super) fn check_id(&self, model: &Model, resource_id: &str) -> Result<()> {
        let taken =
            |name: &(u64, &'static str)| name.0 == model.descriptor().id.path_hash && name.1 == resource_id;
        let checked = match id::check_resource_id(resource_id) {
            Ok(()) if self.taken.iter().any(taken) => Err(IdError::Reserved),
            checked => checked,
        };
        checked.map_err(|reason| Error::InvalidId { id: resource_id.to_owned(), reason })
    }

    /// Every registered type, in order.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The type of that name in paths.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|at| &self.models[*at])
    }

    /// The files of the application; an error when it keeps none.
    pub fn blobs(&self) -> Result<&Blobs> {
        self.blobs.as_ref().ok_or(Error::NoBlobStorage)
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The rules of the application.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn attempts(&self, model: &Model, resource_id: &str) -> Attempts<'_> {
        Attempts::new(&self.queues, model.index, resource_id, self.settings.write_deadline)
    }

    /// Takes note of a committed change of these types.
    pub(super) fn count_changes(&self, models: &[ModelIndex]) {
        self.changes.count(models);
    }

    /// The counters, for whoever commits on a task of its own.
    pub(super) fn counters(&self) -> Counters {
        self.changes.clone()
    }

    /// Takes note of a change that another process made.
    pub(crate) fn note_change(&self, model: &Model) {
        self.count_changes(&[model.index]);
    }

    /// How often this process has changed resources of a type: whoever keeps something of them sees here that it
    /// is out of date, before the change is answered.
    pub fn changes_of(&self, model: &Model) -> u64 {
        self.changes.0[model.index.0].load(Ordering::Acquire)
    }
}

/// How often resources of each type were changed.
#[derive(Clone, Debug)]
pub(super) struct Counters(Arc<[AtomicU64]>);

impl Counters {
    pub(super) fn count(&self, models: &[ModelIndex]) {
        for model in models {
            self.0[model.0].fetch_add(1, Ordering::Release);
        }
    }
}

/// The index values of new content.
pub(super) fn index_of(model: &Model, data: &[u8]) -> Result<IndexRow> {
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
        StoreError::TooLong(reason) => {
            tracing::warn!(%reason, "values are too long for an index of the database");
            Error::Validation("the indexed values are longer than the database can index together".into())
        }
        StoreError::TooMany { most } => Error::Validation(
            format!("more than {most} changes in one commit: select fewer resources at a time").into(),
        ),
        StoreError::Timeout => Error::Unavailable { reason: error.to_string(), retry_after: 1 },
        other => Error::internal(other),
    }
}
