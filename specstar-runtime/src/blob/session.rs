//! Upload sessions: what the [rules](crate::upload::rules) decide, done to rows and bytes.
//!
//! The bytes of a part are written under a staged key first; then one write makes the key the session's. Nothing but
//! a change of the session gives them up after that, and each such change dooms them in the same write. A file is put
//! together under a key of its own and published before the session says that it is there. So whatever ends in the
//! middle, every object has a row, and what is answered is there.

mod finalize;
mod single_put;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{BlobStorage, Blobs, unavailable};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::store::{Store, UploadChanged, UploadSweep};
use crate::upload::rules::{self, Accepted, Refusal};
use crate::upload::{Checksum, Upload, UploadChange, UploadMethod, UploadPart, UploadState};

/// How often a change is planned again because others were faster: each of them has had its way then.
const ATTEMPTS: usize = 1_000;

/// Sessions that one write sweeps.
const SWEPT: usize = 200;

/// How upload sessions behave.
///
/// ```
/// use std::time::Duration;
/// use specstar_runtime::blob::UploadSettings;
/// let settings = UploadSettings { expires_after: None, ..UploadSettings::default() };
/// assert_eq!(settings.lease, Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadSettings {
    /// A session that is not finalized after this long is given up (24 h); `None` for never.
    pub expires_after: Option<Duration>,
    /// A session that is over is forgotten after this long (7 days); `None` for never.
    pub forgotten_after: Option<Duration>,
    /// Whoever finalizes a session and does not say anything for this long counts as gone (60 s).
    pub lease: Duration,
    /// Sessions whose client does not say how it uploads put their bytes into the object storage, where that can
    /// sign addresses (no). The storage does not know of the limit of this application: whoever has an address can
    /// put an object of any size there, and it stays until a day after the address has expired. What becomes a file
    /// has its limit.
    pub single_put: bool,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            expires_after: Some(Duration::from_hours(24)),
            forgotten_after: Some(Duration::from_hours(7 * 24)),
            lease: Duration::from_mins(1),
            single_put: false,
        }
    }
}

/// What is said of a file before it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Its media type.
    pub content_type: Option<String>,
    /// How many bytes it has.
    pub size: Option<u64>,
    /// In how many parts it comes.
    pub total_parts: Option<u32>,
    /// What it hashes to.
    pub checksum: Option<Checksum>,
    /// How it comes; `None` leaves it to the application.
    pub method: Option<UploadMethod>,
}

/// The upload sessions of an application.
#[derive(Clone)]
pub struct Uploads {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: UploadSettings,
}

impl Uploads {
    /// Sessions whose files become these blobs.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: UploadSettings) -> Self {
        Self { store, blobs, settings }
    }

    /// Begins a session. 413 when more bytes are announced than a file may have.
    pub async fn begin(&self, announced: Announced, owner: &str, now: Timestamp) -> Result<Upload> {
        self.blobs.check_size(announced.size.unwrap_or(0))?;
        let method = self.method(announced.method)?;
        let (mut key, mut expires_at) = (None, self.settings.expires_after.map(|time| after(now, time)));
        if method == UploadMethod::SinglePut {
            key = Some(super::new_key());
            // Its address is signed for a time.
            let latest = after(now, single_put::LONGEST);
            expires_at = Some(expires_at.map_or(latest, |end| end.min(latest)));
        }
        let upload = Upload {
            upload_id: uuid::Uuid::new_v4().simple().to_string(),
            owner: owner.to_owned(),
            state: UploadState::Pending,
            method,
            content_type: announced.content_type,
            size: announced.size,
            total_parts: announced.total_parts,
            checksum: announced.checksum,
            key,
            parts: Vec::new(),
            file: None,
            idempotency_key: None,
            created_at: now,
            expires_at,
            lease_until: None,
            version: 1,
        };
        self.store.open_upload(upload.clone()).await.map_err(unavailable)?;
        Ok(upload)
    }

    /// A session; 404 for one of somebody else, when `owner` says who asks.
    pub async fn find(&self, upload_id: &str, owner: Option<&str>) -> Result<Upload> {
        let found = self.store.upload(upload_id).await.map_err(unavailable)?;
        let own = found.filter(|upload| owner.is_none_or(|owner| owner == upload.owner));
        own.ok_or_else(|| Error::UploadNotFound { upload_id: upload_id.to_owned() })
    }

    /// Stores a part. 409 when the session takes none, 413 when the file would be too long; then, and when the bytes
    /// break off, nothing of it counts, and it can be sent again.
    pub async fn put_part<S>(
        &self,
        upload_id: &str,
        owner: Option<&str>,
        number: u32,
        bytes: S,
        now: Timestamp,
    ) -> Result<Upload>
    where
        S: Stream<Item = Result<Bytes>> + Send,
    {
        let upload = self.find(upload_id, owner).await?;
        let left = self.left(&upload, number);
        if rules::accept(&upload, number, now).map_err(refused)? == Accepted::Ignore {
            drain(bytes, left).await?;
            return Ok(upload);
        }
        let key = self.blobs.stage(now).await?;
        let size = match self.blobs.storage().put_stream(&key, bytes, left).await {
            Ok(digest) => digest.size,
            Err(error) => {
                self.blobs.discard(key).await;
                return Err(error);
            }
        };
        self.record(upload, UploadPart { number, key: Some(key), size }, now).await
    }

    /// Makes stored bytes a part of the session.
    async fn record(&self, mut upload: Upload, part: UploadPart, now: Timestamp) -> Result<Upload> {
        let key = part.key.clone().unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let change = match rules::record(&upload, &part, now) {
                Ok(Some(_)) if self.left(&upload, part.number) < part.size => {
                    self.blobs.discard(key).await;
                    return Err(super::too_large(self.blobs.limit()));
                }
                Ok(Some(change)) => change,
                Ok(None) => {
                    self.blobs.discard(key).await;
                    return Ok(upload);
                }
                Err(refusal) => {
                    self.blobs.discard(key).await;
                    return Err(refused(refusal));
                }
            };
            // Should it fail, nobody knows whether it is done: the bytes stay, and are the session's or staged.
            match self.store.change_upload(change).await.map_err(unavailable)? {
                UploadChanged::Applied => {
                    self.discard_replaced(&upload, part.number).await;
                    return self.find(&upload.upload_id, None).await;
                }
                UploadChanged::Stale => upload = self.find(&upload.upload_id, None).await?,
                UploadChanged::Lost => {
                    self.blobs.discard(key).await;
                    return Err(super::expired());
                }
            }
        }
        Err(crowded())
    }

    /// The bytes of a part that was replaced are doomed; this only spares the collection the work.
    async fn discard_replaced(&self, before: &Upload, number: u32) {
        let replaced = before.parts.iter().find(|part| part.number == number);
        if let Some(key) = replaced.and_then(|part| part.key.clone()) {
            self.blobs.discard(key).await;
        }
    }

    /// How many bytes a part may have.
    fn left(&self, upload: &Upload, number: u32) -> u64 {
        let others = upload.parts.iter().filter(|part| part.number != number);
        self.blobs.limit().saturating_sub(others.map(|part| part.size).sum())
    }

    /// Gives a session up; nothing happens when that was done before. 409 when it is finalized.
    pub async fn abort(&self, upload_id: &str, owner: Option<&str>, now: Timestamp) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let upload = self.find(upload_id, owner).await?;
            let Some(change) = rules::abort(&upload, now).map_err(refused)? else { return Ok(()) };
            if self.close(change).await? {
                self.remove_bytes(&upload, now).await;
                return Ok(());
            }
        }
        Err(crowded())
    }

    /// Whether a change that drops all parts was applied. Their keys are doomed then.
    async fn close(&self, change: UploadChange) -> Result<bool> {
        let done = self.store.change_upload(change).await.map_err(unavailable)?;
        Ok(done == UploadChanged::Applied)
    }

    /// Removes what a session that is over had stored. Its rows say so already: what is not removed now is left to the
    /// collection. Parts may be many, and go while the client has its answer.
    async fn remove_bytes(&self, upload: &Upload, now: Timestamp) {
        let keys: Vec<String> = upload.parts.iter().filter_map(|part| part.key.clone()).collect();
        if !keys.is_empty() {
            let blobs = self.blobs.clone();
            tokio::spawn(async move { blobs.remove_doomed(keys, now).await });
        }
        // More may be put there as long as its address is valid, so the key stays known until then.
        if let Some(key) = &upload.key
            && let Err(error) = self.storage().delete(key).await
        {
            tracing::warn!(%error, "the bytes of an upload session are left to the collection");
        }
    }

    /// Gives up sessions whose time is over, and forgets those that have been over for long: a step of every
    /// [collection](Blobs::collect), to be taken before it. Says how many sessions were given up.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize> {
        let mut expired = 0;
        loop {
            let due = self.store.due_uploads(now, SWEPT).await.map_err(unavailable)?;
            let so_far = expired;
            for upload_id in due {
                let Ok(upload) = self.find(&upload_id, None).await else { continue };
                if let Some(change) = rules::expire(&upload, now) {
                    expired += usize::from(self.close(change).await?);
                }
            }
            if expired == so_far {
                break;
            }
        }
        let closed_before = self.settings.forgotten_after.map(|time| before(now, time));
        let keyed_before = before(now, single_put::GRACE);
        let sweep = UploadSweep { now, keyed_before, closed_before, limit: SWEPT };
        while self.store.sweep_uploads(sweep).await.map_err(unavailable)? > 0 {}
        Ok(expired)
    }

    /// The files.
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn storage(&self) -> &BlobStorage {
        self.blobs.storage()
    }
}

/// Reads bytes that are not needed: an answer before their end would look like a broken connection.
async fn drain(bytes: impl Stream<Item = Result<Bytes>> + Send, limit: u64) -> Result<()> {
    let (mut bytes, mut size) = (std::pin::pin!(bytes), 0);
    while let Some(piece) = bytes.next().await {
        size += piece?.len() as u64;
        if size > limit {
            return Err(super::too_large(limit));
        }
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value)] // used as a function in `map_err`
fn refused(refusal: Refusal) -> Error {
    Error::UploadConflict { reason: refusal.to_string() }
}

fn crowded() -> Error {
    Error::Unavailable { reason: "too many requests change one upload session".into(), retry_after: 1 }
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
}
