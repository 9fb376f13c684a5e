//! What holds wherever the bytes are.

pub(crate) mod resources;
pub(crate) mod sessions;
pub(crate) mod transfer;

use std::any::Any;
use std::sync::Arc;

use futures_util::TryStreamExt;
use specstar::app::SpecStarBuilder;
use specstar::runtime::blob::BlobStorage;

use crate::common::TestApp;
use crate::resources;

/// Where the bytes of a test are, and what has to live as long.
pub(crate) struct Place {
    pub(crate) storage: BlobStorage,
    _guard: Arc<dyn Any + Send + Sync>,
}

impl Place {
    pub(crate) fn new(storage: BlobStorage, guard: Arc<dyn Any + Send + Sync>) -> Self {
        Self { storage, _guard: guard }
    }

    pub(crate) async fn app(&self) -> TestApp {
        self.with(|builder| builder).await
    }

    pub(crate) async fn with(&self, configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder) -> TestApp {
        let storage = self.storage.clone();
        TestApp::with(resources(), |builder| configure(builder.blobs(storage))).await
    }

    /// How many objects there are in the storage.
    pub(crate) async fn objects(&self) -> usize {
        let store = self.storage.object_store().expect("it is there");
        let mut prefix: Vec<_> =
            self.storage.location("key").parts().map(|part| part.as_ref().to_owned()).collect();
        prefix.pop();
        let prefix = prefix.into_iter().collect();
        let objects: Vec<_> = store.list(Some(&prefix)).try_collect().await.expect("they are listed");
        objects.len()
    }
}
