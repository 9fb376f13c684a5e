//! Reads of schema versions.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::PostgresStore;
use super::db::{one_moment, rows, store_error, values};
use super::row::Columns;
use crate::change::ModelIndex;
use crate::store::{Original, StoreError, VersionCount, Versions};

impl Versions for PostgresStore {
    fn original(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Original>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let found = self.row(&models.get(model)?.originals.last, values![pk, seq, 1_i64]).await?;
            found.as_ref().map(|row| Columns::of(row)?.original()).transpose()
        })
    }

    fn versions(&self, model: ModelIndex) -> BoxFuture<'_, Result<Vec<VersionCount>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let texts = &models.get(model)?.originals;
            let mut counts: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
            // It reads everything, and takes as long as it takes.
            let transaction = one_moment(&self.shared.db, 0).await.map_err(store_error)?;
            for (sql, superseded) in [(&texts.current, false), (&texts.superseded, true)] {
                for found in rows(&transaction, sql.as_str(), values![]).await.map_err(store_error)? {
                    let columns = Columns::of(&found)?;
                    let both = counts.entry(columns.get(0)?).or_default();
                    *(if superseded { &mut both.1 } else { &mut both.0 }) +=
                        columns.integer(1)?.unsigned_abs();
                }
            }
            let _ = transaction.rollback().await;
            let counts = counts.into_iter();
            Ok(counts
                .map(|(version, (current, superseded))| VersionCount { version, current, superseded })
                .collect())
        })
    }
}
