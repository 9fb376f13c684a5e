//! The lines of a migration: one for each revision, and at the end what became of all of them.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::http::HttpState;
use crate::http::reply;
use crate::repository::Migration;

#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(flatten)]
    of: &'a T,
    timestamp: &'a str,
}

/// A migration that is told line by line.
pub(super) struct Lines {
    state: Arc<HttpState>,
    stopping: watch::Receiver<bool>,
    /// `None` when the last line was told.
    migration: Option<Migration>,
}

impl Lines {
    pub(super) fn new(state: &Arc<HttpState>, migration: Migration) -> Self {
        let stopping = state.stopping.subscribe();
        Self { state: Arc::clone(state), stopping, migration: Some(migration) }
    }

    /// Does the next batch and gives its lines, each with its end; the last time, the line about all. What goes wrong
    /// with the migration as a whole is the last line, in the form of every error.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let mut migration = self.migration.take()?;
        let mut text = Vec::new();
        match self.batch(&mut migration, &mut text).await {
            Ok(true) => self.migration = Some(migration),
            Ok(false) => {}
            Err(error) => {
                text.extend_from_slice(
                    reply::error_text(&error, self.state.settings.structured_errors).as_bytes(),
                );
                text.push(b'\n');
            }
        }
        Some(text.into())
    }

    /// Says whether there may be more.
    async fn batch(&self, migration: &mut Migration, text: &mut Vec<u8>) -> Result<bool> {
        if *self.stopping.borrow() {
            let reason = "the application ends: migrate again for what is left".to_owned();
            return Err(Error::Unavailable { reason, retry_after: 1 });
        }
        let told = migration.next().await?;
        let now = self.state.clock.now(None)?.to_string();
        let Some(told) = told else {
            write(text, migration.summary(), &now)?;
            return Ok(false);
        };
        told.iter().try_for_each(|progress| write(text, progress, &now))?;
        Ok(true)
    }
}

fn write<T: Serialize>(text: &mut Vec<u8>, of: &T, timestamp: &str) -> Result<()> {
    serde_json::to_writer(&mut *text, &Line { of, timestamp }).map_err(Error::internal)?;
    text.push(b'\n');
    Ok(())
}
