//! Reads of schema versions.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::store_error;
use super::model::{Model, Models};
use super::pool::Lease;
use super::{SqliteStore, row};
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::store::{Original, StoreError, VersionCount, Versions};

impl Versions for SqliteStore {
    fn original(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Original>, StoreError>> {
        Box::pin(async move { self.lease().await?.original(model, pk, seq) })
    }

    fn forget_originals(
        &self,
        model: ModelIndex,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.write(move |connection, models| {
            let model = models.get(model)?;
            let mut statement = connection.prepare_cached(&model.originals.some).map_err(store_error)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let migrated: Vec<(i64, i64)> = statement
                .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))
                .and_then(Iterator::collect)
                .map_err(store_error)?;
            for (pk, seq) in &migrated {
                forget(connection, models, model, (*pk, *seq), now).map_err(store_error)?;
            }
            Ok(migrated.len())
        }))
    }

    fn versions(&self, model: ModelIndex) -> BoxFuture<'_, Result<Vec<VersionCount>, StoreError>> {
        Box::pin(async move { self.apart(move |lease, _| lease.versions(model)).await })
    }
}

/// The files of the original stay with the revision where it names them still: an id stands in the text as it is.
fn forget(
    connection: &Connection,
    models: &Models,
    model: &Model,
    (pk, seq): (i64, i64),
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection.prepare_cached(&model.originals.forget)?.execute([pk, seq])?;
    let mut statement = connection.prepare_cached(&model.writes.named_by)?;
    let named: Vec<String> = statement.query_map([pk, seq], |row| row.get(0)).and_then(Iterator::collect)?;
    if named.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(&model.originals.content)?;
    let content: Option<String> = statement.query_row([pk, seq, pk, seq], |row| row.get(0)).optional()?;
    let Some(content) = content else { return Ok(()) };
    connection.prepare_cached(&model.writes.unname)?.execute([pk, seq])?;
    for file_id in named {
        if content.contains(&file_id) {
            connection.prepare_cached(&model.writes.name_file)?.execute(params![pk, seq, file_id])?;
        } else {
            connection.prepare_cached(&models.blob().release)?.execute(params![now.0, file_id])?;
        }
    }
    Ok(())
}

impl Lease {
    fn original(&self, model: ModelIndex, pk: i64, seq: i64) -> Result<Option<Original>, StoreError> {
        let mut statement = self.prepare(&self.models().get(model)?.originals.last)?;
        let mut rows = statement.query([pk, seq, 1]).map_err(|error| self.error(error))?;
        let row = rows.next().map_err(|error| self.error(error))?;
        row.map(row::original).transpose()
    }

    fn versions(&self, model: ModelIndex) -> Result<Vec<VersionCount>, StoreError> {
        let texts = &self.models().get(model)?.originals;
        let mut counts: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
        for (sql, superseded) in [(&texts.current, false), (&texts.superseded, true)] {
            let mut statement = self.prepare(sql)?;
            let mut rows = statement.query([]).map_err(|error| self.error(error))?;
            while let Some(row) = rows.next().map_err(|error| self.error(error))? {
                let version: Option<String> = row.get(0).map_err(|error| self.error(error))?;
                let count: i64 = row.get(1).map_err(|error| self.error(error))?;
                let both = counts.entry(version).or_default();
                *(if superseded { &mut both.1 } else { &mut both.0 }) += count.unsigned_abs();
            }
        }
        let counts = counts.into_iter();
        Ok(counts
            .map(|(version, (current, superseded))| VersionCount { version, current, superseded })
            .collect())
    }
}
