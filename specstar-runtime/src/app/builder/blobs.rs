//! Where files are kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::SpecStarBuilder;
use crate::blob::{BlobIds, BlobStorage, Blobs, CollectOptions, UploadSettings};
use crate::store::Store;

/// The settings of files.
pub(super) struct BlobSettings {
    storage: Wanted,
    pub(super) ids: BlobIds,
    limit: u64,
    /// How often the collection runs.
    pub(super) every: Option<Duration>,
    pub(super) options: CollectOptions,
    pub(super) uploads: UploadSettings,
}

enum Wanted {
    /// Beside the database, where that is a file.
    Beside,
    Given(BlobStorage),
    None,
}

impl Default for BlobSettings {
    fn default() -> Self {
        Self {
            storage: Wanted::Beside,
            ids: BlobIds::default(),
            limit: 1 << 30,
            every: Some(Duration::from_hours(1)),
            options: CollectOptions::default(),
            uploads: UploadSettings::default(),
        }
    }
}

impl BlobSettings {
    /// The files of an application with this store, whose file is at `database`.
    pub(super) fn open(&self, store: &Arc<dyn Store>, database: Option<PathBuf>) -> Option<Blobs> {
        let storage = match (&self.storage, database) {
            (Wanted::Given(storage), _) => storage.clone(),
            (Wanted::Beside, Some(database)) => {
                let mut folder = database.into_os_string();
                folder.push(".blobs");
                BlobStorage::folder(folder)
            }
            (Wanted::Beside, None) | (Wanted::None, _) => return None,
        };
        Some(Blobs::new(Arc::clone(store), storage, self.ids, self.limit))
    }
}

impl SpecStarBuilder {
    /// Keeps the bytes of blobs here. Without it, an application on an `SQLite` file keeps them in a folder beside it
    /// that has its name and `.blobs`, and one with a store of its own keeps none.
    pub fn blobs(mut self, storage: BlobStorage) -> Self {
        self.blobs.storage = Wanted::Given(storage);
        self
    }

    /// Keeps no blobs: what has to do with them is refused.
    pub fn without_blobs(mut self) -> Self {
        self.blobs.storage = Wanted::None;
        self
    }

    /// How blobs are called ([`BlobIds::Blake3`]). Blobs that are stored keep their ids.
    pub fn blob_ids(mut self, ids: BlobIds) -> Self {
        self.blobs.ids = ids;
        self
    }

    /// The most bytes of a blob (1 GiB). One that comes within a body is also limited by what a body may have.
    pub fn blob_limit(mut self, bytes: u64) -> Self {
        self.blobs.limit = bytes;
        self
    }

    /// How often blobs that nobody names are collected (hourly); `None` leaves it to
    /// [`App::collect_blobs`](crate::app::App::collect_blobs).
    pub fn blob_collection(mut self, every: Option<Duration>) -> Self {
        self.blobs.every = every;
        self
    }

    /// How upload sessions behave.
    ///
    /// ```no_run
    /// # use specstar_runtime::app::SpecStar;
    /// use std::time::Duration;
    /// use specstar_runtime::blob::UploadSettings;
    /// let hour = Some(Duration::from_hours(1));
    /// let builder = SpecStar::builder()
    ///     .upload_settings(UploadSettings { expires_after: hour, ..UploadSettings::default() });
    /// # let _ = builder;
    /// ```
    pub fn upload_settings(mut self, settings: UploadSettings) -> Self {
        self.blobs.uploads = settings;
        self
    }

    /// What these collections remove when.
    pub fn blob_collection_options(mut self, options: CollectOptions) -> Self {
        self.blobs.options = options;
        self
    }
}
