//! From the parts of a session to a file.

use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use super::{ATTEMPTS, Uploads, after, crowded, refused};
use crate::blob::{ByteStream, unavailable};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::store::UploadChanged;
use crate::upload::rules::{self, Claim, Refusal};
use crate::upload::{Digest, StoredFile, Upload, UploadMethod};

/// The instant of a request, which goes on while it is worked on.
#[derive(Clone, Copy)]
struct Running {
    began: Timestamp,
    since: Instant,
}

impl Running {
    fn now(self) -> Timestamp {
        after(self.began, self.since.elapsed())
    }
}

impl Uploads {
    /// Makes a file of what was uploaded. A second request is 409, unless it has the idempotency key of the first
    /// one. When the caller goes away the work goes on.
    pub async fn finalize(
        &self,
        upload_id: &str,
        owner: Option<&str>,
        idempotency_key: Option<&str>,
        now: Timestamp,
    ) -> Result<(Upload, StoredFile)> {
        for _ in 0..ATTEMPTS {
            let mut upload = self.find(upload_id, owner).await?;
            let lease_until = after(now, self.settings.lease);
            let change = match rules::claim(&upload, idempotency_key, now, lease_until).map_err(refused)? {
                Claim::Done(file) => return Ok((upload, file)),
                Claim::Work(change) => change,
            };
            let claimed = (change.state, change.idempotency_key.clone(), change.lease_until);
            if self.store.change_upload(change).await.map_err(unavailable)? != UploadChanged::Applied {
                continue;
            }
            (upload.state, upload.idempotency_key, upload.lease_until) = claimed;
            upload.version += 1;
            let (uploads, running) = (self.clone(), Running { began: now, since: Instant::now() });
            let work = tokio::spawn(async move { uploads.complete(upload, running).await });
            return work.await.map_err(Error::internal)?;
        }
        Err(crowded())
    }

    /// Puts the file together and ends the session, or leaves it open.
    async fn complete(self, mut upload: Upload, running: Running) -> Result<(Upload, StoredFile)> {
        let made = self.make_leased(&mut upload, running).await;
        let file = match made {
            Ok(file) => file,
            Err(error) => {
                let released = self.store.change_upload(rules::release(&upload, running.now())).await;
                if let Err(failure) = released {
                    tracing::warn!(%failure, "an upload session is taken over once its lease is over");
                }
                return Err(error);
            }
        };
        let change = rules::finish(&upload, file.clone(), running.now());
        match self.store.change_upload(change).await.map_err(unavailable)? {
            UploadChanged::Applied => {}
            _ => return Err(taken_over()),
        }
        self.remove_bytes(&upload, running.now()).await;
        upload.file = Some(file.clone());
        Ok((upload, file))
    }

    /// Makes the file, and says all the time that somebody does.
    async fn make_leased(&self, upload: &mut Upload, running: Running) -> Result<StoredFile> {
        let session = upload.clone();
        let mut work = std::pin::pin!(self.make(&session, running));
        loop {
            tokio::select! {
                made = &mut work => return made,
                () = tokio::time::sleep(self.settings.lease / 3) => {}
            }
            let now = running.now();
            let change = rules::renew(upload, now, after(now, self.settings.lease));
            match self.store.change_upload(change).await.map_err(unavailable)? {
                UploadChanged::Applied => upload.version += 1,
                _ => return Err(taken_over()),
            }
        }
    }

    /// Writes the bytes under a key of their own and publishes them. Where the object storage itself was written to,
    /// this is also what makes them final: its address can still be written to.
    async fn make(&self, upload: &Upload, running: Running) -> Result<StoredFile> {
        let source = self.source(upload).await?;
        let key = self.blobs.stage(running.now()).await?;
        let digest = match self.storage().put_stream(&key, checked(upload, source), self.blobs.limit()).await
        {
            Ok(digest) => digest,
            Err(error) => {
                self.blobs.discard(key).await;
                return Err(error);
            }
        };
        let published = self.blobs.publish(key, digest, upload.content_type.clone(), running.now()).await?;
        let record = published.ok_or_else(crate::blob::expired)?;
        self.store.note_uploader(&record.file_id, &upload.owner).await.map_err(unavailable)?;
        Ok(StoredFile { file_id: record.file_id, size: record.size })
    }

    /// Everything that was uploaded, in its order.
    async fn source(&self, upload: &Upload) -> Result<ByteStream> {
        if upload.method == UploadMethod::SinglePut {
            return self.put_object(upload).await;
        }
        let keys: Vec<String> = upload.parts.iter().filter_map(|part| part.key.clone()).collect();
        let storage = self.storage().clone();
        let parts = stream::iter(keys).then(move |key| {
            let storage = storage.clone();
            async move {
                let bytes = storage.get(&key, None).await?;
                bytes.ok_or_else(|| Error::internal("the bytes of a part of an upload are missing"))
            }
        });
        Ok(parts.try_flatten().boxed())
    }
}

/// The bytes, which end with an error when they are not those that were announced.
fn checked(upload: &Upload, source: ByteStream) -> BoxStream<'static, Result<Bytes>> {
    let digest = upload.checksum.map(|checksum| checksum.digest());
    let state = (source, upload.clone(), digest, 0);
    stream::try_unfold(state, |(mut source, upload, mut digest, size)| async move {
        if let Some(bytes) = source.try_next().await? {
            if let Some(digest) = &mut digest {
                digest.update(&bytes);
            }
            let size = size + bytes.len() as u64;
            return Ok(Some((bytes, (source, upload, digest, size))));
        }
        rules::check_size(&upload, size).map_err(refused)?;
        check(&upload, digest).map_err(refused)?;
        Ok(None)
    })
    .boxed()
}

fn check(upload: &Upload, digest: Option<Digest>) -> Result<(), Refusal> {
    match digest.map(Digest::finish) {
        Some(found) if upload.checksum != Some(found) => Err(Refusal::Checksum(found)),
        _ => Ok(()),
    }
}

fn taken_over() -> Error {
    Error::UploadConflict { reason: "the upload session was taken over by another request".into() }
}
