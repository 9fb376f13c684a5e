//! Are the bytes of every blob there, and is there nothing else?

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Finding, failed};
use crate::app::App;
use crate::blob::{BlobStorage, Blobs};
use crate::cli::output::Output;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::repository::store_error;
use crate::store::BlobRecord;

const CHECK: &str = "blobs";

/// Rows that are read at a time, and objects that are asked for at a time.
const PAGE: usize = 500;
const ASKED: usize = 16;

/// Blobs that are named in a finding.
const NAMED: usize = 3;

/// How long a doomed object may wait for the next collection.
const LATE: Duration = Duration::from_hours(48);

/// Looks at the storage, and, unless it is to be fast, at every object in it.
pub(super) async fn look(app: &App, fast: bool, output: &Output, findings: &mut Vec<Finding>) {
    let Ok(blobs) = app.blobs() else {
        findings.push(Finding::fine(CHECK, "the application keeps none"));
        return;
    };
    let before = findings.len();
    sessions(app, findings).await;
    match probe(blobs.storage()).await {
        Ok(()) => {}
        Err(error) => {
            findings.push(Finding::error(
                CHECK,
                format!("the storage cannot be written to and read: {error}"),
                "look at the folder, its permissions and the space on the disk, or at the address, the bucket and the \
                 credentials; the log has the cause",
            ));
            return;
        }
    }
    let checked = check(app, blobs, fast, output, findings).await;
    match checked {
        Err(error) => findings.push(failed(CHECK, &error)),
        Ok(message) if findings.len() == before => findings.push(Finding::fine(CHECK, message)),
        Ok(_) => {}
    }
}

/// Writes, reads and removes an object of its own. A folder that nothing was stored in is not made for it.
async fn probe(storage: &BlobStorage) -> Result<()> {
    if storage.path().is_some_and(|path| !path.exists()) {
        return Ok(());
    }
    let key = format!("doctor/{}", uuid::Uuid::now_v7().simple());
    storage.put_bytes(&key, "written by a check".into()).await?;
    let size = storage.size(&key).await;
    storage.delete(&key).await?;
    match size? {
        Some(18) => Ok(()),
        other => Err(Error::internal(format!("18 bytes were written, {other:?} are there"))),
    }
}

async fn check(
    app: &App,
    blobs: &Blobs,
    fast: bool,
    output: &Output,
    findings: &mut Vec<Finding>,
) -> Result<String> {
    let store = app.service().store();
    let counts = store.blob_counts().await.map_err(store_error)?;
    let message =
        format!("{} blobs with {} bytes, {} that no revision names", counts.files, counts.bytes, counts.idle);
    if fast {
        return Ok(message);
    }
    let began = SystemTime::now();
    let sessions = store.upload_keys().await.map_err(store_error)?;
    let mut known: HashSet<u128> = sessions.iter().map(|key| hash(key)).collect();
    let mut late = 0;
    let mut after = None;
    loop {
        let page = store.blob_keys(after, PAGE).await.map_err(store_error)?;
        for key in &page {
            known.insert(hash(&key.key));
            late += u64::from(key.doomed && age(key.created_at.0, began) > LATE);
        }
        match page.last() {
            Some(last) => after = Some(last.key.clone()),
            None => break,
        }
    }
    if late > 0 {
        findings.push(Finding::warning(
            CHECK,
            format!("{late} objects should have been deleted days ago"),
            "run `gc`; when it fails, the storage does not let anybody delete",
        ));
    }
    let bar = output.progress("blobs", Some(counts.files));
    let mut missing = Vec::new();
    let mut after = None;
    loop {
        let page = store.blob_page(after, PAGE).await.map_err(store_error)?;
        known.extend(page.iter().map(|blob| hash(&blob.key)));
        missing.extend(without_bytes(blobs.storage(), &page).await?);
        bar.inc(page.len() as u64);
        match page.last() {
            Some(last) => after = Some(last.file_id.clone()),
            None => break,
        }
    }
    bar.finish_and_clear();
    if !missing.is_empty() {
        let named = missing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        findings.push(Finding::error(
            CHECK,
            format!("the bytes of {} blobs are not there, or not all of them: {named}", missing.len()),
            "restore the folder or bucket from a copy, or upload the same files again",
        ));
    }
    let strangers = strangers(blobs.storage(), &known, began).await?;
    if strangers > 0 {
        findings.push(Finding::warning(
            CHECK,
            format!("{strangers} objects in the storage belong to no blob of this database"),
            "another database may use the same folder or bucket, or a copy of this one did; if none does, delete them",
        ));
    }
    Ok(message)
}

/// Those whose object is not there, or has another size.
async fn without_bytes(storage: &BlobStorage, page: &[BlobRecord]) -> Result<Vec<String>> {
    let asked = page.iter().map(|blob| async move { Ok::<_, Error>((blob, storage.size(&blob.key).await?)) });
    let found: Vec<_> = stream::iter(asked).buffer_unordered(ASKED).try_collect().await?;
    let wrong = found.into_iter().filter(|(blob, size)| *size != Some(blob.size));
    Ok(wrong.map(|(blob, _)| blob.file_id.clone()).collect())
}

/// How many objects there are that no row knows. Newer ones may have got their row since the rows were read.
async fn strangers(storage: &BlobStorage, known: &HashSet<u128>, began: SystemTime) -> Result<u64> {
    if storage.path().is_some_and(|path| !path.exists()) {
        return Ok(0);
    }
    let prefix = storage.location("");
    let objects = storage.object_store()?;
    let mut listed = objects.list(Some(&prefix));
    let mut strangers = 0;
    while let Some(object) = listed.next().await {
        let object = object.map_err(|error| Error::Unavailable {
            reason: format!("the object storage: {error}"),
            retry_after: 1,
        })?;
        let key = object.location.as_ref();
        let key = key.strip_prefix(prefix.as_ref()).unwrap_or(key).trim_start_matches('/');
        let newer = SystemTime::from(object.last_modified) + Duration::from_mins(1) > began;
        strangers += u64::from(!known.contains(&hash(key)) && !newer);
    }
    Ok(strangers)
}

/// Keys of millions of blobs are remembered by their hash.
fn hash(key: &str) -> u128 {
    xxhash_rust::xxh3::xxh3_128(key.as_bytes())
}

fn age(micros: i64, now: SystemTime) -> Duration {
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(micros.unsigned_abs());
    now.duration_since(at).unwrap_or_default()
}

/// Upload sessions that should have been given up.
async fn sessions(app: &App, findings: &mut Vec<Finding>) {
    let now = match app.program() {
        Ok(program) => {
            Timestamp(program.now().0.saturating_sub(i64::try_from(LATE.as_micros()).unwrap_or(i64::MAX)))
        }
        Err(error) => return findings.push(failed("uploads", &error)),
    };
    match app.service().store().due_uploads(now, PAGE).await.map_err(store_error) {
        Err(error) => findings.push(failed("uploads", &error)),
        Ok(stuck) if stuck.is_empty() => {}
        Ok(stuck) => findings.push(Finding::warning(
            "uploads",
            format!("{} upload sessions are open although their time was over days ago", stuck.len()),
            "run `gc`, and look whether the collection of the server runs (blob_collection)",
        )),
    }
}
