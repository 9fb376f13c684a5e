//! The rows of blobs.

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};

use super::db::{Fault, Values, execute, one_moment, row, rows, store_error, values, write};
use super::model::Models;
use super::row::Columns;
use super::watched::Watched;
use super::{PostgresStore, is_text};
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::store::layout::{BLOB_COLUMNS, BLOB_TABLE};
use crate::store::{
    BlobCounts, BlobIndex, BlobKey, BlobOwner, BlobRecord, BlobSweep, NewBlob, Published, StoreError, Swept,
};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl BlobIndex for PostgresStore {
    fn blobs<'a>(&'a self, file_ids: &'a [String]) -> Answer<'a, Vec<Option<BlobRecord>>> {
        Box::pin(async move {
            if file_ids.is_empty() {
                return Ok(Vec::new());
            }
            let ids: Vec<String> = file_ids.iter().filter(|id| is_text(id)).cloned().collect();
            let sql = format!("SELECT {} FROM {BLOB_TABLE} WHERE file_id = ANY($1)", BLOB_COLUMNS.join(", "));
            let found = self.rows(&sql, values![ids]).await?;
            let found = found.iter().map(record).collect::<Result<Vec<_>, _>>()?;
            let find = |id: &String| found.iter().find(|record| record.file_id == *id).cloned();
            Ok(file_ids.iter().map(find).collect())
        })
    }

    fn stage_blob(&self, key: String, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            let models = self.models();
            // Twice is the same as once.
            self.rows(&models.blob().put_key, values![key, now.0, 0_i64]).await.map(|_| ())
        })
    }

    fn publish_blob(&self, blob: NewBlob) -> Answer<'_, Published> {
        Box::pin(async move { write!(self, |on, models| publish(on, &models, &blob)) })
    }

    fn touch_blob(
        &self,
        file_id: String,
        content_type: Option<String>,
        now: Timestamp,
    ) -> Answer<'_, Option<BlobRecord>> {
        Box::pin(async move {
            if !is_text(&file_id) {
                return Ok(None);
            }
            write!(self, |on, models| touch(on, &models, &file_id, content_type.as_ref(), now))
        })
    }

    fn doom_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        Box::pin(async move {
            let models = self.models();
            each(self, &models.blob().doom, keys, |key| values![key]).await
        })
    }

    fn blob_owners<'a>(
        &'a self,
        file_id: &'a str,
        after: Option<BlobOwner>,
        limit: usize,
    ) -> Answer<'a, Vec<BlobOwner>> {
        Box::pin(Watched::new(&self.shared.losses, async move {
            if !is_text(file_id) {
                return Ok(Vec::new());
            }
            let models = self.models();
            // One transaction, so that each row has the resource it belongs to.
            let limit_ms = self.shared.options.statement_timeout.as_millis();
            let transaction = one_moment(&self.shared.db, limit_ms).await.map_err(store_error)?;
            let owners = owners(&transaction, &models, file_id, after.as_ref(), limit).await;
            let _ = transaction.rollback().await;
            owners
        }))
    }

    fn owns_blob<'a>(&'a self, model: ModelIndex, pk: i64, file_id: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            if !is_text(file_id) {
                return Ok(false);
            }
            let models = self.models();
            Ok(self.row(&models.get(model)?.texts.owns_blob, values![file_id, pk]).await?.is_some())
        })
    }

    fn sweep_blobs(&self, sweep: BlobSweep) -> Answer<'_, Swept> {
        Box::pin(async move { write!(self, |on, models| run_sweep(on, &models, &sweep)) })
    }

    fn postpone_keys(&self, keys: Vec<String>, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            let models = self.models();
            each(self, &models.blob().postpone, keys, |key| values![now.0, key]).await
        })
    }

    fn forget_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        Box::pin(async move {
            let models = self.models();
            each(self, &models.blob().forget, keys, |key| values![key]).await
        })
    }

    fn blob_counts(&self) -> Answer<'_, BlobCounts> {
        Box::pin(async move {
            let models = self.models();
            let Some(found) = self.row(&models.blob().counts, values![]).await? else {
                return Ok(BlobCounts::default());
            };
            let columns = Columns::of(&found)?;
            let number = |at| columns.integer(at).map(i64::unsigned_abs);
            Ok(BlobCounts {
                files: number(0)?,
                bytes: number(1)?,
                idle: number(2)?,
                quarantined: number(3)?,
                staged: number(4)?,
                doomed: number(5)?,
            })
        })
    }

    fn blob_page(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobRecord>> {
        Box::pin(async move {
            let models = self.models();
            let keys = values![after.unwrap_or_default(), bounded(limit)];
            self.rows(&models.blob().files_after, keys).await?.iter().map(record).collect()
        })
    }

    fn blob_keys(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobKey>> {
        Box::pin(async move {
            let models = self.models();
            let keys = values![after.unwrap_or_default(), bounded(limit)];
            self.rows(&models.blob().keys_after, keys).await?.iter().map(key).collect()
        })
    }
}

/// Runs a statement for each key; each alone is right, and so is each twice.
async fn each(
    store: &PostgresStore,
    sql: &str,
    keys: Vec<String>,
    values: impl Fn(String) -> Values,
) -> Result<(), StoreError> {
    for key in keys {
        store.rows(sql, values(key)).await?;
    }
    Ok(())
}

pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// In the order of [`BLOB_COLUMNS`].
fn record(row: &QueryResult) -> Result<BlobRecord, StoreError> {
    let columns = Columns::of(row)?;
    Ok(BlobRecord {
        file_id: columns.get(0)?,
        key: columns.get(1)?,
        size: columns.integer(2)?.unsigned_abs(),
        content_type: columns.get(3)?,
        created_at: columns.time(4)?,
        idle_since: columns.get::<Option<i64>>(5)?.map(Timestamp),
        quarantined_at: columns.get::<Option<i64>>(6)?.map(Timestamp),
    })
}

fn key(row: &QueryResult) -> Result<BlobKey, StoreError> {
    let columns = Columns::of(row)?;
    Ok(BlobKey { key: columns.get(0)?, created_at: columns.time(1)?, doomed: columns.integer(2)? != 0 })
}

async fn file(
    on: &impl ConnectionTrait,
    models: &Models,
    file_id: &str,
) -> Result<Option<BlobRecord>, Fault> {
    let found = row(on, models.blob().file.as_str(), values![file_id]).await?;
    Ok(found.as_ref().map(record).transpose()?)
}

async fn touch(
    on: &DatabaseTransaction,
    models: &Models,
    file_id: &str,
    content_type: Option<&String>,
    now: Timestamp,
) -> Result<Option<BlobRecord>, Fault> {
    let values = values![content_type.cloned(), now.0, file_id];
    execute(on, models.blob().upload.as_str(), values).await?;
    file(on, models, file_id).await
}

/// Whether a key is doomed, if it is known; it stays so until the transaction ends.
pub(super) async fn is_doomed(
    on: &impl ConnectionTrait,
    models: &Models,
    key: &str,
) -> Result<Option<bool>, Fault> {
    let sql = format!("{} FOR UPDATE", models.blob().is_doomed);
    let found = row(on, sql, values![key]).await?;
    Ok(found.as_ref().map(|found| Ok::<_, StoreError>(Columns::of(found)?.integer(0)? != 0)).transpose()?)
}

async fn publish(on: &DatabaseTransaction, models: &Models, blob: &NewBlob) -> Result<Published, Fault> {
    let texts = models.blob();
    let (key, file_id, now) = (blob.key.as_str(), blob.file_id.as_str(), blob.now.0);
    if is_doomed(on, models, key).await? != Some(false) {
        // The object was written behind the collection, which has to come back for it.
        execute(on, texts.put_key.as_str(), values![key, now, 1_i64]).await?;
        return Ok(Published::Expired);
    }
    let values = values![blob.content_type.clone(), now, file_id];
    let known = execute(on, texts.upload.as_str(), values).await? > 0;
    let moved = match &blob.replaces {
        Some(lost) if known => {
            execute(on, texts.move_file.as_str(), values![key, file_id, lost.as_str()]).await? > 0
        }
        _ => false,
    };
    if let Some(lost) = blob.replaces.as_ref().filter(|_| moved) {
        execute(on, texts.delete_key.as_str(), values![key]).await?;
        execute(on, texts.put_key.as_str(), values![lost.as_str(), now, 1_i64]).await?;
    } else if known {
        execute(on, texts.doom.as_str(), values![key]).await?;
    } else {
        let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
        let values = values![file_id, key, size, blob.content_type.clone(), now, now, None::<i64>];
        execute(on, texts.insert.as_str(), values).await?;
        execute(on, texts.delete_key.as_str(), values![key]).await?;
    }
    let record = file(on, models, file_id)
        .await?
        .ok_or_else(|| StoreError::Internal("a file that was written is not there".into()))?;
    Ok(if known && !moved { Published::Existing(record) } else { Published::Stored(record) })
}

async fn run_sweep(on: &DatabaseTransaction, models: &Models, sweep: &BlobSweep) -> Result<Swept, Fault> {
    let texts = models.blob();
    let limit = bounded(sweep.limit);
    // A file that somebody is about to name is left to the next step.
    let removable = format!("{} FOR UPDATE SKIP LOCKED", texts.removable);
    let mut removed = 0;
    for found in rows(on, removable, values![sweep.remove_before.0, limit]).await? {
        let columns = Columns::of(&found)?;
        let (file_id, key) = (columns.text(0)?, columns.text(1)?);
        if execute(on, texts.remove.as_str(), values![file_id]).await? > 0 {
            execute(on, models.upload().forget_uploaders.as_str(), values![file_id]).await?;
            execute(on, texts.put_key.as_str(), values![key, sweep.now.0, 1_i64]).await?;
            removed += 1;
        } else {
            // Each way to name a file also brings it back; one that is named anyway is brought back here.
            execute(on, texts.claim.as_str(), values![file_id]).await?;
        }
    }
    // One that was named while this waited for it is looked at again.
    let quarantine = format!("{} AND idle_since <= $2 AND quarantined_at IS NULL", texts.quarantine);
    let values = values![sweep.now.0, sweep.quarantine_before.0, limit];
    let quarantined = execute(on, quarantine, values).await?;
    let expired = execute(on, texts.expire.as_str(), values![sweep.stage_before.0, limit]).await?;
    let mut keys = Vec::new();
    for found in rows(on, texts.doomed.as_str(), values![limit]).await? {
        keys.push(Columns::of(&found)?.get(0)?);
    }
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Swept { quarantined: number(quarantined), removed, expired: number(expired), keys })
}

async fn owners(
    on: &DatabaseTransaction,
    models: &Models,
    file_id: &str,
    after: Option<&BlobOwner>,
    limit: usize,
) -> Result<Vec<BlobOwner>, StoreError> {
    let mut place = match after {
        Some(owner) => (models.get(owner.model)?.layout.model_id, owner.pk, owner.seq),
        None => (i64::MIN, 0, 0),
    };
    let mut owners = Vec::new();
    while owners.len() < limit {
        // Rows of types that are not registered any more count for none.
        let wanted = limit - owners.len();
        let values = values![file_id, place.0, place.1, place.2, bounded(wanted)];
        let found = rows(on, models.blob().owners.as_str(), values).await.map_err(store_error)?;
        for row in &found {
            let columns = Columns::of(row)?;
            place = (columns.integer(0)?, columns.integer(1)?, columns.integer(2)?);
            owners.extend(owner(on, models, place).await?);
        }
        if found.len() < wanted {
            break;
        }
    }
    Ok(owners)
}

async fn owner(
    on: &DatabaseTransaction,
    models: &Models,
    (model_id, pk, seq): (i64, i64, i64),
) -> Result<Option<BlobOwner>, StoreError> {
    let Some(model) = models.numbered(model_id) else { return Ok(None) };
    let sql = models.get(model)?.texts.resource_of.as_str();
    let found = row(on, sql, values![pk]).await.map_err(store_error)?;
    let Some(found) = &found else { return Ok(None) };
    Ok(Some(BlobOwner { model, pk, seq, resource_id: Columns::of(found)?.get(0)? }))
}
