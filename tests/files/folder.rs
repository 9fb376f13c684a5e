//! The suite on a folder.

use std::future::{Ready, ready};
use std::sync::Arc;

use specstar::runtime::blob::BlobStorage;
use tempfile::TempDir;

use crate::cases::Place;

fn folder() -> Ready<Place> {
    let folder = TempDir::new().expect("a temporary folder");
    let storage = BlobStorage::folder(folder.path().join("blobs"));
    ready(Place::new(storage, Arc::new(folder)))
}

on_every_storage!(folder());
