//! Blobs: bytes beside the resources, called by the hash of their content.
//!
//! The bytes are in an [object storage](BlobStorage), what is known of them in the [store](crate::store::BlobIndex).
//! They are written before any row says that they are there, and durable by then; a row goes before its bytes are
//! deleted. Which revision names which file is written in the transaction of the revision, so that
//! [`collect`](Blobs::collect) finds what nobody names any more by a query.

mod collect;
mod digest;
mod error;
pub(crate) mod identify;
#[cfg(feature = "s3")]
mod s3;
mod session;
mod storage;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

pub use self::collect::{CollectOptions, Collected};
pub(crate) use self::digest::is_random;
pub use self::digest::{BlobIds, Digest, Hasher};
pub use self::session::{Announced, UploadSettings, Uploads};
pub use self::storage::{BlobStorage, ByteStream};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::store::{BlobRecord, NewBlob, Published, Store, StoreError};

/// How often bytes are written again because a collection was faster; each try would have to lose to another one.
const ATTEMPTS: usize = 10;

/// The files of an application.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn Store>,
    storage: BlobStorage,
    ids: BlobIds,
    limit: u64,
}

impl Blobs {
    /// Files whose rows are in this store and whose bytes are in this storage. No file is longer than `limit` bytes.
    pub fn new(store: Arc<dyn Store>, storage: BlobStorage, ids: BlobIds, limit: u64) -> Self {
        Self { store, storage, ids, limit }
    }

    /// Where the bytes are.
    pub const fn storage(&self) -> &BlobStorage {
        &self.storage
    }

    /// How files are called.
    pub const fn ids(&self) -> BlobIds {
        self.ids
    }

    /// The most bytes of a file.
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Stores what a stream gives, in parts, without ever holding all of it. 413 beyond `limit` bytes, or beyond the
    /// limit of the application.
    pub async fn store_stream<S, E>(
        &self,
        stream: S,
        content_type: Option<String>,
        limit: u64,
        now: Timestamp,
    ) -> Result<BlobRecord>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Error> + Send,
    {
        let key = self.stage(now).await?;
        let digest = match self.storage.put_stream(&key, stream, limit.min(self.limit)).await {
            Ok(digest) => digest,
            Err(error) => {
                self.discard(key).await;
                return Err(error);
            }
        };
        match self.publish(key, digest, content_type, now).await? {
            Some(record) => Ok(record),
            None => Err(expired()),
        }
    }

    /// Stores bytes; those that are stored already are not written again, unless they are lost.
    pub async fn store_bytes(
        &self,
        bytes: Bytes,
        content_type: Option<String>,
        now: Timestamp,
    ) -> Result<BlobRecord> {
        let digest = Digest::of(&bytes);
        self.check_size(digest.size)?;
        for _ in 0..ATTEMPTS {
            let known = self.store.touch_blob(self.ids.id(&digest), content_type.clone(), now).await;
            if let Some(record) = known.map_err(unavailable)?
                && self.has_bytes(&record).await?
            {
                self.check_same(&record, &digest).await?;
                return Ok(record);
            }
            let key = self.stage(now).await?;
            if let Err(error) = self.storage.put_bytes(&key, bytes.clone()).await {
                self.discard(key).await;
                return Err(error);
            }
            if let Some(record) = self.publish(key, digest, content_type.clone(), now).await? {
                return Ok(record);
            }
        }
        Err(expired())
    }

    /// A fresh key that is staged: bytes can be written under it.
    pub async fn stage(&self, now: Timestamp) -> Result<String> {
        let key = new_key();
        self.store.stage_blob(key.clone(), now).await.map_err(unavailable)?;
        Ok(key)
    }

    /// Makes the bytes under a staged key a file, and removes them where the file is stored already. Should the bytes
    /// it is stored with be lost, these take their place. `None` when a collection gave the key up meanwhile: the
    /// bytes are lost.
    pub async fn publish(
        &self,
        key: String,
        digest: Digest,
        content_type: Option<String>,
        now: Timestamp,
    ) -> Result<Option<BlobRecord>> {
        let (file_id, size) = (self.ids.id(&digest), digest.size);
        let replaces = match self.find(&file_id).await? {
            Some(known) if !self.has_bytes(&known).await? => Some(known.key),
            _ => None,
        };
        let blob = NewBlob { file_id, key: key.clone(), size, content_type, replaces: replaces.clone(), now };
        match self.store.publish_blob(blob).await.map_err(unavailable)? {
            Published::Stored(record) => {
                if let Some(lost) = replaces {
                    tracing::warn!(file_id = record.file_id, "the lost bytes of a blob were uploaded again");
                    self.discard(lost).await;
                }
                Ok(Some(record))
            }
            Published::Existing(record) => {
                self.discard(key).await;
                self.check_same(&record, &digest).await?;
                Ok(Some(record))
            }
            Published::Expired => {
                self.discard(key).await;
                Ok(None)
            }
        }
    }

    /// Fails with 409 when a file is called by the hash of these bytes and has others. An archive can bring such a file:
    /// where an id can be a random one, nobody knows what its bytes should be.
    async fn check_same(&self, record: &BlobRecord, digest: &Digest) -> Result<()> {
        if !is_random(&record.file_id) {
            return Ok(());
        }
        if record.size == digest.size {
            let mut bytes = self.open(record, None).await?;
            let mut stored = Hasher::default();
            while let Some(part) = bytes.next().await {
                stored.update(&part?);
            }
            if stored.finish().blake3 == digest.blake3 {
                return Ok(());
            }
        }
        Err(Error::Conflict(format!("another file has the id of these bytes, `{}`", record.file_id)))
    }

    /// Whether the bytes of a file are where its row says that they are, as far as their number tells.
    pub(crate) async fn has_bytes(&self, record: &BlobRecord) -> Result<bool> {
        Ok(self.storage.size(&record.key).await? == Some(record.size))
    }

    /// Removes what may be under a staged or doomed key. What cannot be removed now is left to the collection.
    pub async fn discard(&self, key: String) {
        if let Err(error) = self.try_discard(key).await {
            tracing::warn!(%error, "the bytes of a failed or repeated upload are left to the collection");
        }
    }

    async fn try_discard(&self, key: String) -> Result<()> {
        self.store.doom_keys(vec![key.clone()]).await.map_err(unavailable)?;
        self.storage.delete(&key).await?;
        self.store.forget_keys(vec![key]).await.map_err(unavailable)
    }

    /// What is known of a file.
    pub async fn find(&self, file_id: &str) -> Result<Option<BlobRecord>> {
        let found = self.store.blobs(&[file_id.to_owned()]).await.map_err(unavailable)?;
        Ok(found.into_iter().next().flatten())
    }

    /// The bytes of a file, or a range of them that lies within its size. 404 when it was removed since the record
    /// was read.
    pub async fn open(&self, record: &BlobRecord, range: Option<Range<u64>>) -> Result<ByteStream> {
        if let Some(bytes) = self.storage.get(&record.key, range.clone()).await? {
            return Ok(bytes);
        }
        // Removed, and perhaps uploaded again since.
        let gone = || Error::BlobNotFound { file_id: record.file_id.clone() };
        let now = self.find(&record.file_id).await?.ok_or_else(gone)?;
        if now.key == record.key {
            return Err(Error::internal(format!("the bytes of the blob `{}` are missing", record.file_id)));
        }
        self.storage.get(&now.key, range).await?.ok_or_else(gone)
    }

    /// Fails with 413 for more bytes than a file may have.
    pub fn check_size(&self, size: u64) -> Result<()> {
        if size > self.limit { Err(too_large(self.limit)) } else { Ok(()) }
    }
}

/// Equal parts of the keys are spread over folders; no key is made twice.
fn new_key() -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{}/{id}", &id[30..])
}

fn too_large(limit: u64) -> Error {
    Error::PayloadTooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) }
}

fn expired() -> Error {
    let reason = "an upload took longer than unfinished uploads are kept".to_owned();
    Error::Unavailable { reason, retry_after: 1 }
}

/// What a failing store means to a caller.
fn unavailable(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(_) | StoreError::Timeout => {
            tracing::warn!(%error, "the database is unavailable");
            Error::Unavailable { reason: error.to_string(), retry_after: 1 }
        }
        other => Error::internal(other),
    }
}
