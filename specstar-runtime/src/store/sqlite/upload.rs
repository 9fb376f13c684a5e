//! The rows of upload sessions.

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::blob::{all, execute, optional};
use super::model::Models;
use super::pool::Lease;
use crate::datetime::Timestamp;
use crate::store::{StoreError, UploadChanged, UploadIndex, UploadSweep};
use crate::upload::{
    Checksum, PartsAfter, StoredFile, Upload, UploadChange, UploadMethod, UploadPart, UploadState,
};

/// The parts after which a step of a sweep forgets no further session.
const PARTS: usize = 5_000;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl UploadIndex for SqliteStore {
    fn open_upload(&self, upload: Upload) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| open(connection, models, &upload)))
    }

    fn upload<'a>(&'a self, upload_id: &'a str) -> Answer<'a, Option<Upload>> {
        Box::pin(async move { self.lease().await?.upload(upload_id) })
    }

    fn change_upload(&self, change: UploadChange) -> Answer<'_, UploadChanged> {
        Box::pin(self.write(move |connection, models| apply(connection, models, &change)))
    }

    fn due_uploads(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<String>> {
        Box::pin(async move { self.lease().await?.due_uploads(now, limit) })
    }

    fn sweep_uploads(&self, sweep: UploadSweep) -> Answer<'_, usize> {
        Box::pin(self.write(move |connection, models| run_sweep(connection, models, &sweep)))
    }

    fn upload_keys(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, Lease::upload_keys).await
        })
    }

    fn note_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, ()> {
        let row = [file_id.to_owned(), owner.to_owned()];
        Box::pin(self.write(move |connection, models| {
            execute(connection, &models.upload().put_uploader, params![row[0], row[1]]).map(|_| ())
        }))
    }

    fn is_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let mut statement = lease.prepare(&lease.models().upload().is_uploader)?;
            statement.exists([file_id, owner]).map_err(|error| lease.error(error))
        })
    }
}

impl Lease {
    fn upload_keys(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        for text in &self.models().upload().every_key {
            let mut statement = self.prepare(text)?;
            let found =
                statement.query_map([], |row| row.get(0)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            keys.extend(found.map_err(|error| self.error(error))?);
        }
        Ok(keys)
    }

    fn upload(&self, upload_id: &str) -> Result<Option<Upload>, StoreError> {
        let texts = self.models().upload();
        // One transaction, so that the parts are those of the version.
        let transaction = self.connection()?.unchecked_transaction().map_err(|error| self.error(error))?;
        let mut sessions = self.prepare(&texts.session)?;
        let found = sessions.query_row([upload_id], session).optional().map_err(|error| self.error(error))?;
        let Some(found) = found else { return Ok(None) };
        let mut upload = found.ok_or_else(|| StoreError::Corrupt(format!("upload session {upload_id}")))?;
        let mut parts = self.prepare(&texts.parts)?;
        upload.parts = parts
            .query_map([upload_id], part)
            .and_then(Iterator::collect)
            .map_err(|error| self.error(error))?;
        transaction.finish().map_err(|error| self.error(error))?;
        Ok(Some(upload))
    }

    fn due_uploads(&self, now: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut statement = self.prepare(&self.models().upload().due)?;
        statement
            .query_map(params![now.0, rows(limit)], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(|error| self.error(error))
    }
}

fn open(connection: &Connection, models: &Models, upload: &Upload) -> Result<(), StoreError> {
    let values = params![
        upload.upload_id,
        upload.owner,
        upload.state.as_str(),
        upload.method.as_str(),
        upload.content_type,
        upload.size.map(signed),
        upload.total_parts,
        upload.checksum.map(|checksum| checksum.to_string()),
        upload.key,
        None::<String>,
        None::<i64>,
        upload.idempotency_key,
        upload.created_at.0,
        upload.expires_at.map(|end| end.0),
        upload.lease_until.map(|end| end.0),
        upload.version,
        !upload.state.is_closed(),
        upload.created_at.0,
    ];
    execute(connection, &models.upload().insert, values).map(|_| ())
}

fn apply(
    connection: &Connection,
    models: &Models,
    change: &UploadChange,
) -> Result<UploadChanged, StoreError> {
    let texts = models.upload();
    // First, and without a trace: a change that is not applied must leave nothing in the transaction.
    if let Some(key) = change.part.as_ref().and_then(|part| part.key.as_ref())
        && optional(connection, &models.blob().is_doomed, [key], |row| row.get(0))? != Some(false)
    {
        return Ok(UploadChanged::Lost);
    }
    let (file_id, file_size) = match &change.file {
        Some(file) => (Some(&file.file_id), Some(signed(file.size))),
        None => (None, None),
    };
    let values = params![
        change.state.as_str(),
        !change.state.is_closed(),
        file_id,
        file_size,
        change.idempotency_key,
        change.lease_until.map(|end| end.0),
        change.now.0,
        change.upload_id,
        change.version,
    ];
    if execute(connection, &texts.change, values)? == 0 {
        return Ok(UploadChanged::Stale);
    }
    if let Some(part) = &change.part {
        put_part(connection, models, change, part)?;
    }
    let clear = match change.parts {
        PartsAfter::Kept => return Ok(UploadChanged::Applied),
        PartsAfter::Joined => &texts.join_parts,
        PartsAfter::Dropped => &texts.drop_parts,
    };
    let keys: Vec<Option<String>> = all(connection, &texts.part_keys, [&change.upload_id], |row| row.get(0))?;
    keys.iter().flatten().try_for_each(|key| doom(connection, models, key, change.now))?;
    execute(connection, clear, [&change.upload_id])?;
    Ok(UploadChanged::Applied)
}

fn put_part(
    connection: &Connection,
    models: &Models,
    change: &UploadChange,
    part: &UploadPart,
) -> Result<(), StoreError> {
    let texts = models.upload();
    let place = params![change.upload_id, part.number];
    let replaced: Option<Option<String>> = optional(connection, &texts.part_key, place, |row| row.get(0))?;
    if let Some(key) = replaced.flatten() {
        doom(connection, models, &key, change.now)?;
    }
    execute(
        connection,
        &texts.put_part,
        params![change.upload_id, part.number, part.key, signed(part.size)],
    )?;
    // From now on the session says what becomes of the bytes, and no age of the key does.
    if let Some(key) = &part.key {
        execute(connection, &models.blob().delete_key, [key])?;
    }
    Ok(())
}

fn run_sweep(connection: &Connection, models: &Models, sweep: &UploadSweep) -> Result<usize, StoreError> {
    let (texts, limit) = (models.upload(), rows(sweep.limit));
    let keyed: Vec<(String, String)> =
        all(connection, &texts.keyed, params![sweep.keyed_before.0, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (upload_id, key) in &keyed {
        execute(connection, &texts.unkey, [upload_id])?;
        doom(connection, models, key, sweep.now)?;
    }
    let Some(before) = sweep.closed_before else { return Ok(keyed.len()) };
    let closed: Vec<String> = all(connection, &texts.closed, params![before.0, limit], |row| row.get(0))?;
    let (mut forgotten, mut parts) = (0, 0);
    for upload_id in &closed {
        // Others wait for the writer, and one session may have thousands.
        if parts >= PARTS {
            break;
        }
        parts += execute(connection, &texts.drop_parts, [upload_id])?;
        execute(connection, &texts.forget, [upload_id])?;
        forgotten += 1;
    }
    Ok(keyed.len() + forgotten)
}

/// The collection deletes what is under the key.
fn doom(connection: &Connection, models: &Models, key: &str, now: Timestamp) -> Result<(), StoreError> {
    execute(connection, &models.blob().put_key, params![key, now.0, true]).map(|_| ())
}

/// In the order of [`UPLOAD_COLUMNS`](crate::store::layout::UPLOAD_COLUMNS), without its parts; `None` for what this
/// program did not write.
fn session(row: &Row<'_>) -> rusqlite::Result<Option<Upload>> {
    let (state, method): (String, String) = (row.get(2)?, row.get(3)?);
    let (Some(state), Some(method)) = (UploadState::parse(&state), UploadMethod::parse(&method)) else {
        return Ok(None);
    };
    let checksum = match row.get::<_, Option<String>>(7)?.map(|text| Checksum::parse(&text)) {
        None => None,
        Some(Ok(checksum)) => Some(checksum),
        Some(Err(_)) => return Ok(None),
    };
    let file = match (row.get::<_, Option<String>>(9)?, row.get::<_, Option<i64>>(10)?) {
        (Some(file_id), Some(size)) => Some(StoredFile { file_id, size: size.unsigned_abs() }),
        _ => None,
    };
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|micros| micros.map(Timestamp));
    Ok(Some(Upload {
        upload_id: row.get(0)?,
        owner: row.get(1)?,
        state,
        method,
        content_type: row.get(4)?,
        size: row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs),
        total_parts: row.get(6)?,
        checksum,
        key: row.get(8)?,
        parts: Vec::new(),
        file,
        idempotency_key: row.get(11)?,
        created_at: Timestamp(row.get(12)?),
        expires_at: time(13)?,
        lease_until: time(14)?,
        version: row.get(15)?,
    }))
}

fn part(row: &Row<'_>) -> rusqlite::Result<UploadPart> {
    Ok(UploadPart { number: row.get(0)?, key: row.get(1)?, size: row.get::<_, i64>(2)?.unsigned_abs() })
}

/// The engine keeps numbers with a sign; what is stored is far below that.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
