//! The files of an application.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::App;
use crate::blob::{Blobs, CollectOptions, Collected};
use crate::clock::Clock;
use crate::error::Result;

/// The first collection does not wait for the whole period: a program may be restarted more often than that.
const FIRST: Duration = Duration::from_secs(60);

impl App {
    /// The blobs, to store and to read them; an error when the application keeps none.
    pub fn blobs(&self) -> Result<&Blobs> {
        self.service().blobs()
    }

    /// Removes blobs that nobody has named for long, now.
    ///
    /// ```no_run
    /// # async fn run(app: &specstar_runtime::app::App) -> specstar_runtime::error::Result<()> {
    /// use specstar_runtime::blob::CollectOptions;
    /// let collected = app.collect_blobs(&CollectOptions::default()).await?;
    /// println!("{} blobs removed", collected.removed);
    /// # Ok(()) }
    /// ```
    pub async fn collect_blobs(&self, options: &CollectOptions) -> Result<Collected> {
        self.blobs()?.collect(options, self.state.clock.now(None)?).await
    }
}

/// Collects from time to time, until the application ends.
pub(super) async fn collect(
    blobs: Blobs,
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
        let collected = match clock.now(None) {
            Ok(now) => blobs.collect(&options, now).await,
            Err(error) => Err(error),
        };
        match collected {
            Ok(collected) if collected == Collected::default() => {}
            Ok(collected) => tracing::info!(?collected, "blobs were collected"),
            Err(error) => tracing::warn!(%error, "blobs could not be collected; the next collection goes on"),
        }
    }
}
