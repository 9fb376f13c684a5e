//! Reads of schema versions.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::pool::Lease;
use super::{SqliteStore, row};
use crate::change::ModelIndex;
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

    fn versions(&self, model: ModelIndex) -> BoxFuture<'_, Result<Vec<VersionCount>, StoreError>> {
        Box::pin(async move { self.apart(move |lease, _| lease.versions(model)).await })
    }
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
