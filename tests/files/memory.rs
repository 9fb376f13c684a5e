//! The suite in memory.

use std::future::{Ready, ready};
use std::sync::Arc;

use specstar::runtime::blob::BlobStorage;

use crate::cases::Place;

fn memory() -> Ready<Place> {
    ready(Place::new(BlobStorage::memory(), Arc::new(())))
}

on_every_storage!(memory());
