//! Reads of schema versions.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use sea_orm::DatabaseTransaction;

use super::PostgresStore;
use super::db::{Fault, execute, one_moment, quoted, row, rows, store_error, values, write};
use super::model::Models;
use super::row::Columns;
use super::watched::Watched;
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::store::layout::{BLOB_REF_TABLE, BLOB_TABLE};
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

    fn forget_originals(
        &self,
        model: ModelIndex,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { write!(self, |on, models| forget_some(on, &models, model, limit, now)) })
    }

    fn versions(&self, model: ModelIndex) -> BoxFuture<'_, Result<Vec<VersionCount>, StoreError>> {
        Box::pin(Watched::new(&self.shared.losses, async move {
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
        }))
    }
}

async fn forget_some(
    on: &DatabaseTransaction,
    models: &Models,
    index: ModelIndex,
    limit: usize,
    now: Timestamp,
) -> Result<usize, Fault> {
    let model = models.get(index)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows(on, model.originals.some.as_str(), values![limit]).await?;
    let mut migrated = Vec::with_capacity(found.len());
    for found in &found {
        let columns = Columns::of(found)?;
        migrated.push((columns.integer(0)?, columns.integer(1)?));
    }
    // In one order, as everybody holds heads.
    migrated.sort_unstable();
    for (pk, seq) in &migrated {
        forget(on, models, index, (*pk, *seq), now).await?;
    }
    Ok(migrated.len())
}

/// The files of the original stay with the revision where it names them still: an id stands in the text as it is.
async fn forget(
    on: &DatabaseTransaction,
    models: &Models,
    index: ModelIndex,
    (pk, seq): (i64, i64),
    now: Timestamp,
) -> Result<(), Fault> {
    let model = models.get(index)?;
    // So that nobody changes what the revision says meanwhile.
    let hold = format!("SELECT 1 FROM {} WHERE pk = $1 FOR UPDATE", quoted(&model.layout.head_table));
    row(on, hold, values![pk]).await?;
    execute(on, model.originals.forget.as_str(), values![pk, seq]).await?;
    let Some(found) = row(on, model.originals.content.as_str(), values![pk, seq, pk, seq]).await? else {
        return Ok(());
    };
    let content: String = Columns::of(&found)?.get(0)?;
    for found in rows(on, model.texts.named_by.as_str(), values![pk, seq]).await? {
        let file_id: String = Columns::of(&found)?.get(0)?;
        if content.contains(&file_id) {
            continue;
        }
        let unname = format!(
            "DELETE FROM {BLOB_REF_TABLE} WHERE model_id = $1 AND pk = $2 AND seq = $3 AND file_id = $4"
        );
        execute(on, unname, values![model.layout.model_id, pk, seq, file_id.as_str()]).await?;
        // Who names it elsewhere holds its row until that is seen here.
        let hold = format!("SELECT 1 FROM {BLOB_TABLE} WHERE file_id = $1 FOR UPDATE");
        row(on, hold, values![file_id.as_str()]).await?;
        execute(on, models.blob().release.as_str(), values![now.0, file_id.as_str()]).await?;
    }
    Ok(())
}
