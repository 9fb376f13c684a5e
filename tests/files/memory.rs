//! The suite in memory.

use std::sync::Arc;

use specstar::runtime::blob::BlobStorage;

use crate::cases::Place;

async fn memory() -> Place {
    Place::new(BlobStorage::memory(), Arc::new(()))
}

on_every_storage!(memory());
