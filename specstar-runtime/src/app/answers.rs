//! The answers that are kept for requests that come again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::error::Result;
use crate::repository::Service;

/// A program that is restarted often forgets too.
const FIRST: Duration = Duration::from_mins(1);
const MOST: Duration = Duration::from_mins(10);

/// Forgets those that are older than `age` from time to time, until the application ends.
pub(super) async fn forget(
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
    age: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = age.min(FIRST);
    loop {
        tokio::select! {
            // An error means that the application is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = age.min(MOST);
        match forget_now(&service, &*clock, age).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "answers were forgotten"),
            Err(error) => tracing::warn!(%error, "answers could not be forgotten; the next time goes on"),
        }
    }
}

async fn forget_now(service: &Service, clock: &dyn Clock, age: Duration) -> Result<usize> {
    service.forget_answers(clock.now(None)?, age).await
}
