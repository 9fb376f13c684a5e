//! The rows of upload sessions.

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, QueryResult};

use super::blob::{bounded, is_doomed};
use super::db::{Fault, execute, one_moment, row, rows, store_error, values, write};
use super::model::Models;
use super::row::Columns;
use super::value::column_text;
use super::watched::Watched;
use super::{PostgresStore, is_text};
use crate::datetime::Timestamp;
use crate::store::{StoreError, UploadChanged, UploadIndex, UploadSweep};
use crate::upload::{
    Checksum, PartsAfter, StoredFile, Upload, UploadChange, UploadMethod, UploadPart, UploadState,
};

/// The parts after which a step of a sweep forgets no further session.
const PARTS: u64 = 5_000;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl UploadIndex for PostgresStore {
    fn open_upload(&self, upload: Upload) -> Answer<'_, ()> {
        Box::pin(Watched::new(&self.shared.losses, async move {
            let models = self.models();
            let sql = models.upload().insert.as_str();
            execute(&self.shared.db, sql, columns(&upload)).await.map(|_| ()).map_err(store_error)
        }))
    }

    fn upload<'a>(&'a self, upload_id: &'a str) -> Answer<'a, Option<Upload>> {
        Box::pin(Watched::new(&self.shared.losses, async move {
            if !is_text(upload_id) {
                return Ok(None);
            }
            let models = self.models();
            // One transaction, so that the parts are those of the version.
            let limit = self.shared.options.statement_timeout.as_millis();
            let transaction = one_moment(&self.shared.db, limit).await.map_err(store_error)?;
            let upload = read(&transaction, &models, upload_id).await;
            let _ = transaction.rollback().await;
            upload
        }))
    }

    fn change_upload(&self, change: UploadChange) -> Answer<'_, UploadChanged> {
        Box::pin(async move { write!(self, |on, models| apply(on, &models, &change)) })
    }

    fn due_uploads(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let models = self.models();
            texts(&self.rows(&models.upload().due, values![now.0, bounded(limit)]).await?)
        })
    }

    fn sweep_uploads(&self, sweep: UploadSweep) -> Answer<'_, usize> {
        Box::pin(async move { write!(self, |on, models| run_sweep(on, &models, &sweep)) })
    }

    fn upload_keys(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let models = self.models();
            let mut keys = Vec::new();
            for text in &models.upload().every_key {
                keys.extend(texts(&self.rows(text, values![]).await?)?);
            }
            Ok(keys)
        })
    }

    fn note_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let models = self.models();
            self.rows(&models.upload().put_uploader, values![file_id, &*column_text(owner)]).await.map(|_| ())
        })
    }

    fn is_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            if !is_text(file_id) || !is_text(owner) {
                return Ok(false);
            }
            let models = self.models();
            Ok(self
                .row(&models.upload().is_uploader, values![file_id, &*column_text(owner)])
                .await?
                .is_some())
        })
    }
}

/// The one column of each row.
fn texts(found: &[QueryResult]) -> Result<Vec<String>, StoreError> {
    found.iter().map(|row| Columns::of(row)?.get(0)).collect()
}

/// The engine keeps numbers with a sign; what is stored is far below that.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn small(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt("a number of an upload session".into()))
}

/// In the order of [`UPLOAD_COLUMNS`](crate::store::layout::UPLOAD_COLUMNS).
fn columns(upload: &Upload) -> Vec<sea_orm::Value> {
    values![
        upload.upload_id.as_str(),
        upload.owner.as_str(),
        upload.state.as_str(),
        upload.method.as_str(),
        upload.content_type.clone(),
        upload.size.map(signed),
        upload.total_parts,
        upload.checksum.map(|checksum| checksum.to_string()),
        upload.key.clone(),
        None::<String>,
        None::<i64>,
        upload.idempotency_key.clone(),
        upload.created_at.0,
        upload.expires_at.map(|end| end.0),
        upload.lease_until.map(|end| end.0),
        upload.version,
        i64::from(!upload.state.is_closed()),
        upload.created_at.0,
    ]
}

async fn read(
    on: &DatabaseTransaction,
    models: &Models,
    upload_id: &str,
) -> Result<Option<Upload>, StoreError> {
    let texts = models.upload();
    let found = row(on, texts.session.as_str(), values![upload_id]).await.map_err(store_error)?;
    let Some(found) = &found else { return Ok(None) };
    let mut upload = session(Columns::of(found)?)?
        .ok_or_else(|| StoreError::Corrupt(format!("upload session {upload_id}")))?;
    for found in rows(on, texts.parts.as_str(), values![upload_id]).await.map_err(store_error)? {
        let columns = Columns::of(&found)?;
        upload.parts.push(UploadPart {
            number: small(columns.integer(0)?)?,
            key: columns.get(1)?,
            size: columns.integer(2)?.unsigned_abs(),
        });
    }
    Ok(Some(upload))
}

async fn apply(
    on: &DatabaseTransaction,
    models: &Models,
    change: &UploadChange,
) -> Result<UploadChanged, Fault> {
    let texts = models.upload();
    let upload_id = change.upload_id.as_str();
    // First, and without a trace: a change that is not applied must leave nothing in the transaction.
    if let Some(key) = change.part.as_ref().and_then(|part| part.key.as_ref())
        && is_doomed(on, models, key).await? != Some(false)
    {
        return Ok(UploadChanged::Lost);
    }
    let (file_id, file_size) = match &change.file {
        Some(file) => (Some(file.file_id.clone()), Some(signed(file.size))),
        None => (None, None),
    };
    let values = values![
        change.state.as_str(),
        i64::from(!change.state.is_closed()),
        file_id,
        file_size,
        change.idempotency_key.clone(),
        change.lease_until.map(|end| end.0),
        change.now.0,
        upload_id,
        change.version,
    ];
    if execute(on, texts.change.as_str(), values).await? == 0 {
        return Ok(UploadChanged::Stale);
    }
    if let Some(part) = &change.part {
        put_part(on, models, change, part).await?;
    }
    let clear = match change.parts {
        PartsAfter::Kept => return Ok(UploadChanged::Applied),
        PartsAfter::Joined => texts.join_parts.as_str(),
        PartsAfter::Dropped => texts.drop_parts.as_str(),
    };
    for found in rows(on, texts.part_keys.as_str(), values![upload_id]).await? {
        if let Some(key) = Columns::of(&found)?.get::<Option<&str>>(0)? {
            doom(on, models, key, change.now).await?;
        }
    }
    execute(on, clear, values![upload_id]).await?;
    Ok(UploadChanged::Applied)
}

async fn put_part(
    on: &DatabaseTransaction,
    models: &Models,
    change: &UploadChange,
    part: &UploadPart,
) -> Result<(), Fault> {
    let texts = models.upload();
    let upload_id = change.upload_id.as_str();
    let replaced = row(on, texts.part_key.as_str(), values![upload_id, part.number]).await?;
    if let Some(replaced) = &replaced
        && let Some(key) = Columns::of(replaced)?.get::<Option<&str>>(0)?
    {
        doom(on, models, key, change.now).await?;
    }
    let values = values![upload_id, part.number, part.key.clone(), signed(part.size)];
    execute(on, texts.put_part.as_str(), values).await?;
    // From now on the session says what becomes of the bytes, and no age of the key does.
    if let Some(key) = &part.key {
        execute(on, models.blob().delete_key.as_str(), values![key.as_str()]).await?;
    }
    Ok(())
}

async fn run_sweep(on: &DatabaseTransaction, models: &Models, sweep: &UploadSweep) -> Result<usize, Fault> {
    let (texts, limit) = (models.upload(), bounded(sweep.limit));
    let keyed = format!("{} FOR UPDATE SKIP LOCKED", texts.keyed);
    let keyed = rows(on, keyed, values![sweep.keyed_before.0, limit]).await?;
    for found in &keyed {
        let columns = Columns::of(found)?;
        execute(on, texts.unkey.as_str(), values![columns.text(0)?]).await?;
        doom(on, models, columns.text(1)?, sweep.now).await?;
    }
    let Some(before) = sweep.closed_before else { return Ok(keyed.len()) };
    let closed = format!("{} FOR UPDATE SKIP LOCKED", texts.closed);
    let closed = rows(on, closed, values![before.0, limit]).await?;
    let (mut forgotten, mut parts) = (0, 0);
    for found in &closed {
        // One session may have thousands.
        if parts >= PARTS {
            break;
        }
        let upload_id = Columns::of(found)?.text(0)?;
        parts += execute(on, texts.drop_parts.as_str(), values![upload_id]).await?;
        execute(on, texts.forget.as_str(), values![upload_id]).await?;
        forgotten += 1;
    }
    Ok(keyed.len() + forgotten)
}

/// The collection deletes what is under the key.
async fn doom(on: &DatabaseTransaction, models: &Models, key: &str, now: Timestamp) -> Result<(), Fault> {
    execute(on, models.blob().put_key.as_str(), values![key, now.0, 1_i64]).await?;
    Ok(())
}

/// In the order of [`UPLOAD_COLUMNS`](crate::store::layout::UPLOAD_COLUMNS), without its parts; `None` for what this
/// program did not write.
fn session(columns: Columns<'_>) -> Result<Option<Upload>, StoreError> {
    let (Some(state), Some(method)) =
        (UploadState::parse(columns.text(2)?), UploadMethod::parse(columns.text(3)?))
    else {
        return Ok(None);
    };
    let checksum = match columns.get::<Option<&str>>(7)?.map(Checksum::parse) {
        None => None,
        Some(Ok(checksum)) => Some(checksum),
        Some(Err(_)) => return Ok(None),
    };
    let file = match (columns.get::<Option<String>>(9)?, columns.get::<Option<i64>>(10)?) {
        (Some(file_id), Some(size)) => Some(StoredFile { file_id, size: size.unsigned_abs() }),
        _ => None,
    };
    let time = |at: usize| columns.get::<Option<i64>>(at).map(|micros| micros.map(Timestamp));
    Ok(Some(Upload {
        upload_id: columns.get(0)?,
        owner: columns.get(1)?,
        state,
        method,
        content_type: columns.get(4)?,
        size: columns.get::<Option<i64>>(5)?.map(i64::unsigned_abs),
        total_parts: columns.get::<Option<i64>>(6)?.map(small).transpose()?,
        checksum,
        key: columns.get(8)?,
        parts: Vec::new(),
        file,
        idempotency_key: columns.get(11)?,
        created_at: columns.time(12)?,
        expires_at: time(13)?,
        lease_until: time(14)?,
        version: columns.get(15)?,
    }))
}
