//! The rows of blobs.

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::SqliteStore;
use super::connection::store_error;
use super::model::Models;
use super::pool::Lease;
use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::store::{
    BlobCounts, BlobIndex, BlobKey, BlobOwner, BlobRecord, BlobSweep, NewBlob, Published, StoreError, Swept,
};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl BlobIndex for SqliteStore {
    fn blobs<'a>(&'a self, file_ids: &'a [String]) -> Answer<'a, Vec<Option<BlobRecord>>> {
        Box::pin(async move {
            if file_ids.is_empty() {
                return Ok(Vec::new());
            }
            self.lease().await?.blobs(file_ids)
        })
    }

    fn stage_blob(&self, key: String, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| {
            execute(connection, &models.blob().put_key, params![key, now.0, false]).map(|_| ())
        }))
    }

    fn publish_blob(&self, blob: NewBlob) -> Answer<'_, Published> {
        Box::pin(self.write(move |connection, models| publish(connection, models, &blob)))
    }

    fn touch_blob(
        &self,
        file_id: String,
        content_type: Option<String>,
        now: Timestamp,
    ) -> Answer<'_, Option<BlobRecord>> {
        Box::pin(self.write(move |connection, models| {
            let texts = models.blob();
            execute(connection, &texts.upload, params![content_type, now.0, file_id])?;
            optional(connection, &texts.file, [&file_id], record)
        }))
    }

    fn doom_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| {
            each(&keys, |key| execute(connection, &models.blob().doom, [key]))
        }))
    }

    fn blob_owners<'a>(
        &'a self,
        file_id: &'a str,
        after: Option<BlobOwner>,
        limit: usize,
    ) -> Answer<'a, Vec<BlobOwner>> {
        let file_id = file_id.to_owned();
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.blob_owners(&file_id, after.as_ref(), limit)).await
        })
    }

    fn owns_blob<'a>(&'a self, model: ModelIndex, pk: i64, file_id: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { self.lease().await?.owns_blob(model, pk, file_id) })
    }

    fn sweep_blobs(&self, sweep: BlobSweep) -> Answer<'_, Swept> {
        Box::pin(self.write(move |connection, models| run_sweep(connection, models, &sweep)))
    }

    fn postpone_keys(&self, keys: Vec<String>, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| {
            each(&keys, |key| execute(connection, &models.blob().postpone, params![now.0, key]))
        }))
    }

    fn forget_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| {
            each(&keys, |key| execute(connection, &models.blob().forget, [key]))
        }))
    }

    fn blob_counts(&self) -> Answer<'_, BlobCounts> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, Lease::blob_counts).await
        })
    }

    fn blob_page(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobRecord>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans
                .run(lease, move |lease| {
                    lease.blob_rows(&lease.models().blob().files_after, after, limit, record)
                })
                .await
        })
    }

    fn blob_keys(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobKey>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans
                .run(lease, move |lease| {
                    lease.blob_rows(&lease.models().blob().keys_after, after, limit, key)
                })
                .await
        })
    }
}

impl Lease {
    fn blobs(&self, file_ids: &[String]) -> Result<Vec<Option<BlobRecord>>, StoreError> {
        let mut statement = self.prepare(&self.models().blob().file)?;
        let mut find = |file_id: &String| {
            statement.query_row([file_id], record).optional().map_err(|error| self.error(error))
        };
        file_ids.iter().map(&mut find).collect()
    }

    fn owns_blob(&self, model: ModelIndex, pk: i64, file_id: &str) -> Result<bool, StoreError> {
        let mut statement = self.prepare(&self.models().get(model)?.reads.owns_blob)?;
        statement.exists(params![file_id, pk]).map_err(|error| self.error(error))
    }

    fn blob_owners(
        &self,
        file_id: &str,
        after: Option<&BlobOwner>,
        limit: usize,
    ) -> Result<Vec<BlobOwner>, StoreError> {
        // One transaction, so that each row has the resource it belongs to.
        let transaction = self.connection()?.unchecked_transaction().map_err(|error| self.error(error))?;
        let mut place = match after {
            Some(owner) => (self.models().get(owner.model)?.layout.model_id, owner.pk, owner.seq),
            None => (i64::MIN, 0, 0),
        };
        let mut owners = Vec::new();
        while owners.len() < limit {
            // Rows of types that are not registered any more count for none.
            let wanted = limit - owners.len();
            let found = self.owner_rows(file_id, place, wanted)?;
            for row in &found {
                owners.extend(self.owner(*row)?);
            }
            match found.last() {
                Some(last) if found.len() == wanted => place = *last,
                _ => break,
            }
        }
        transaction.finish().map_err(|error| self.error(error))?;
        Ok(owners)
    }

    fn owner_rows(
        &self,
        file_id: &str,
        (model_id, pk, seq): (i64, i64, i64),
        limit: usize,
    ) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let mut statement = self.prepare(&self.models().blob().owners)?;
        statement
            .query_map(params![file_id, model_id, pk, seq, rows(limit)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .and_then(Iterator::collect)
            .map_err(|error| self.error(error))
    }

    fn owner(&self, (model_id, pk, seq): (i64, i64, i64)) -> Result<Option<BlobOwner>, StoreError> {
        let Some(model) = self.models().numbered(model_id) else { return Ok(None) };
        let mut statement = self.prepare(&self.models().get(model)?.reads.resource_of)?;
        let resource_id =
            statement.query_row([pk], |row| row.get(0)).optional().map_err(|error| self.error(error))?;
        Ok(resource_id.map(|resource_id| BlobOwner { model, pk, seq, resource_id }))
    }

    fn blob_counts(&self) -> Result<BlobCounts, StoreError> {
        let mut statement = self.prepare(&self.models().blob().counts)?;
        statement
            .query_row([], |row| {
                Ok(BlobCounts {
                    files: number(row, 0)?,
                    bytes: number(row, 1)?,
                    idle: number(row, 2)?,
                    quarantined: number(row, 3)?,
                    staged: number(row, 4)?,
                    doomed: number(row, 5)?,
                })
            })
            .map_err(|error| self.error(error))
    }

    /// A page of rows behind a text; every id and key is longer than the empty one.
    fn blob_rows<T>(
        &self,
        sql: &str,
        after: Option<String>,
        limit: usize,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepare(sql)?;
        statement
            .query_map(params![after.unwrap_or_default(), rows(limit)], read)
            .and_then(Iterator::collect)
            .map_err(|error| self.error(error))
    }
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A count or a size, which the engine keeps with a sign.
fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::unsigned_abs)
}

/// In the order of [`BLOB_COLUMNS`](crate::store::layout::BLOB_COLUMNS).
fn record(row: &Row<'_>) -> rusqlite::Result<BlobRecord> {
    Ok(BlobRecord {
        file_id: row.get(0)?,
        key: row.get(1)?,
        size: number(row, 2)?,
        content_type: row.get(3)?,
        created_at: Timestamp(row.get(4)?),
        idle_since: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        quarantined_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
    })
}

fn key(row: &Row<'_>) -> rusqlite::Result<BlobKey> {
    Ok(BlobKey { key: row.get(0)?, created_at: Timestamp(row.get(1)?), doomed: row.get(2)? })
}

fn publish(connection: &Connection, models: &Models, blob: &NewBlob) -> Result<Published, StoreError> {
    let texts = models.blob();
    let doomed: Option<bool> = optional(connection, &texts.is_doomed, [&blob.key], |row| row.get(0))?;
    if doomed != Some(false) {
        // The object was written behind the collection, which has to come back for it.
        execute(connection, &texts.put_key, params![blob.key, blob.now.0, true])?;
        return Ok(Published::Expired);
    }
    let known = execute(connection, &texts.upload, params![blob.content_type, blob.now.0, blob.file_id])? > 0;
    let moved = match &blob.replaces {
        Some(lost) if known => execute(connection, &texts.move_file, [&blob.key, &blob.file_id, lost])? > 0,
        _ => false,
    };
    if let Some(lost) = blob.replaces.as_ref().filter(|_| moved) {
        execute(connection, &texts.delete_key, [&blob.key])?;
        execute(connection, &texts.put_key, params![lost, blob.now.0, true])?;
    } else if known {
        execute(connection, &texts.doom, [&blob.key])?;
    } else {
        let (now, size) = (blob.now.0, i64::try_from(blob.size).unwrap_or(i64::MAX));
        let values = params![blob.file_id, blob.key, size, blob.content_type, now, now, None::<i64>];
        execute(connection, &texts.insert, values)?;
        execute(connection, &texts.delete_key, [&blob.key])?;
    }
    let record = optional(connection, &texts.file, [&blob.file_id], record)?
        .ok_or_else(|| StoreError::Internal("a file that was written is not there".into()))?;
    Ok(if known && !moved { Published::Existing(record) } else { Published::Stored(record) })
}

fn run_sweep(connection: &Connection, models: &Models, sweep: &BlobSweep) -> Result<Swept, StoreError> {
    let texts = models.blob();
    let limit = rows(sweep.limit);
    let removable: Vec<(String, String)> =
        all(connection, &texts.removable, params![sweep.remove_before.0, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut removed = 0;
    for (file_id, key) in &removable {
        if execute(connection, &texts.remove, [file_id])? > 0 {
            execute(connection, &models.upload().forget_uploaders, [file_id])?;
            execute(connection, &texts.put_key, params![key, sweep.now.0, true])?;
            removed += 1;
        } else {
            // Each way to name a file also brings it back; one that is named anyway is brought back here.
            execute(connection, &texts.claim, [file_id])?;
        }
    }
    let quarantined =
        execute(connection, &texts.quarantine, params![sweep.now.0, sweep.quarantine_before.0, limit])?;
    let expired = execute(connection, &texts.expire, params![sweep.stage_before.0, limit])?;
    let keys = all(connection, &texts.doomed, [limit], |row| row.get(0))?;
    Ok(Swept { quarantined, removed, expired, keys })
}

pub(super) fn execute(connection: &Connection, sql: &str, keys: impl Params) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.execute(keys).map_err(store_error)
}

fn each(keys: &[String], write: impl Fn(&String) -> Result<usize, StoreError>) -> Result<(), StoreError> {
    keys.iter().try_for_each(|key| write(key).map(|_| ()))
}

pub(super) fn optional<T>(
    connection: &Connection,
    sql: &str,
    keys: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.query_row(keys, read).optional().map_err(store_error)
}

pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    keys: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    statement.query_map(keys, read).and_then(Iterator::collect).map_err(store_error)
}
