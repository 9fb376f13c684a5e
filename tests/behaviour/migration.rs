//! Content that an earlier program wrote, at another schema version.

mod explicit;
mod files;
mod lazy;
mod models;
mod stream;
mod undecodable;

use std::sync::Arc;

use specstar::app::SpecStarBuilder;
use specstar::registry::Registry;
use tempfile::TempDir;

use crate::common::TestApp;

/// An application on a fresh file.
async fn first(resources: Registry) -> TestApp {
    start(Arc::new(TempDir::new().expect("a temporary folder")), resources).await
}

/// An application on a file that another one has left.
async fn start(folder: Arc<TempDir>, resources: Registry) -> TestApp {
    start_with(folder, resources, |builder| builder).await
}

async fn start_with(
    folder: Arc<TempDir>,
    resources: Registry,
    configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder,
) -> TestApp {
    TestApp::on(folder, resources, configure).await
}
