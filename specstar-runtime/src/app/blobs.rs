//! The files of an application.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::App;
use crate::blob::{Blobs, CollectOptions, Collected, Uploads};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// The first collection does not wait for the whole period: a program may be restarted more often than that.
const FIRST: Duration = Duration::from_mins(1);

impl App {
    /// The blobs, to store and to read them; an error when the application keeps none.
    pub fn blobs(&self) -> Result<&Blobs> {
        self.service().blobs()
    }

    /// Gives up upload sessions whose time is over, and removes blobs that nobody has named for long, now.
    ///
    /// ```no_run
    /// # async fn run(app: &specstar_runtime::app::App) -> specstar_runtime::error::Result<()> {
    /// use specstar_runtime::blob::CollectOptions;
    /// let collected = app.collect_blobs(&CollectOptions::default()).await?;
    /// println!("{} blobs removed", collected.removed);
    /// # Ok(()) }
    /// ```
    pub async fn collect_blobs(&self, options: &CollectOptions) -> Result<Collected> {
        let uploads = self.state.uploads.as_ref().ok_or(Error::NoBlobStorage)?;
        collect_now(uploads, &*self.state.clock, options).await
    }
}

async fn collect_now(uploads: &Uploads, clock: &dyn Clock, options: &CollectOptions) -> Result<Collected> {
    let now = clock.now(None)?;
    let expired = uploads.sweep(now).await?;
    if expired > 0 {
        tracing::info!(expired, "upload sessions were given up");
    }
    uploads.blobs().collect(options, now).await
}

/// Collects from time to time, until the application ends.
pub(super) async fn collect(
    uploads: Uploads,
    clock: Arc<dyn Clock>,
    every: Duration,
    options: CollectOptions,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = every.min(FIRST);
    loop {
        tokio::select! {
            // An error means that the application is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = every;
        match collect_now(&uploads, &*clock, &options).await {
            Ok(collected) if collected == Collected::default() => {}
            Ok(collected) => tracing::info!(?collected, "blobs were collected"),
            Err(error) => tracing::warn!(%error, "blobs could not be collected; the next collection goes on"),
        }
    }
}
