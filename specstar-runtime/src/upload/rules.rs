//! What may happen to a session: pure functions, tested in every state.

#[cfg(test)]
mod tests;

use super::{PartsAfter, StoredFile, Upload, UploadChange, UploadMethod, UploadPart, UploadState};
use crate::datetime::Timestamp;

/// The highest number of a part.
pub const MOST_PARTS: u32 = 10_000;

/// Why a session does not take a request. All of them are conflicts with its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is over.
    #[error("the upload session is {}", .0.as_str())]
    Closed(UploadState),
    /// Somebody is finalizing it.
    #[error("the upload session is being finalized")]
    Busy,
    /// Its bytes go to the object storage.
    #[error("the content of this upload session is put to its `upload_url`, not here")]
    Elsewhere,
    /// There is nothing to finalize.
    #[error("nothing has been uploaded")]
    Empty,
    /// A part is missing.
    #[error("part {0} is missing")]
    Gap(u32),
    /// The number of parts is not the announced one.
    #[error("{received} parts were uploaded, {announced} were announced")]
    Parts {
        /// How many there are.
        received: usize,
        /// How many there should be.
        announced: u32,
    },
    /// The number of bytes is not the announced one.
    #[error("{received} bytes were uploaded, {announced} were announced")]
    Size {
        /// How many there are.
        received: u64,
        /// How many there should be.
        announced: u64,
    },
    /// The bytes hash to something else.
    #[error("the uploaded bytes do not have the announced checksum: theirs is {0}")]
    Checksum(super::Checksum),
}

/// What is to be done with the bytes of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// They are stored.
    Store,
    /// They are read and dropped: the part, and every one before it, is there already.
    Ignore,
}

/// What is to be done for a request to finalize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The file is put together by whoever applies this change.
    Work(UploadChange),
    /// An earlier request of the same name did it.
    Done(StoredFile),
}

/// Whether the session takes a part of this number, before its bytes are read.
pub fn accept(upload: &Upload, number: u32, now: Timestamp) -> Result<Accepted, Refusal> {
    let state = upload.state_at(now);
    match state {
        UploadState::Pending | UploadState::Uploading if upload.method == UploadMethod::SinglePut => {
            Err(Refusal::Elsewhere)
        }
        UploadState::Pending | UploadState::Uploading if upload.is_joined(number) => Ok(Accepted::Ignore),
        UploadState::Pending | UploadState::Uploading => Ok(Accepted::Store),
        UploadState::Finalizing => Err(Refusal::Busy),
        _ => Err(Refusal::Closed(state)),
    }
}

/// Adds a part whose bytes are stored, or replaces one that waits for parts before it. `None` when it is not needed:
/// somebody else has sent it meanwhile.
pub fn record(upload: &Upload, part: &UploadPart, now: Timestamp) -> Result<Option<UploadChange>, Refusal> {
    Ok(match accept(upload, part.number, now)? {
        Accepted::Ignore => None,
        Accepted::Store => {
            Some(UploadChange { part: Some(part.clone()), ..change(upload, UploadState::Uploading, now) })
        }
    })
}

/// Begins to finalize. A request that died in the middle of it is taken over when its lease is over.
pub fn claim(
    upload: &Upload,
    idempotency_key: Option<&str>,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Claim, Refusal> {
    let state = upload.state_at(now);
    match state {
        UploadState::Finalized => return finalized(upload, idempotency_key),
        UploadState::Finalizing if upload.is_leased(now) => return Err(Refusal::Busy),
        UploadState::Pending | UploadState::Uploading | UploadState::Finalizing => {}
        UploadState::Aborted | UploadState::Expired => return Err(Refusal::Closed(state)),
    }
    if upload.method == UploadMethod::Proxy {
        complete(upload)?;
    }
    Ok(Claim::Work(UploadChange {
        idempotency_key: idempotency_key.map(str::to_owned),
        lease_until: Some(lease_until),
        ..change(upload, UploadState::Finalizing, now)
    }))
}

/// Says that whoever finalizes is alive.
pub fn renew(upload: &Upload, now: Timestamp, lease_until: Timestamp) -> UploadChange {
    UploadChange { lease_until: Some(lease_until), ..change(upload, UploadState::Finalizing, now) }
}

/// Ends a finalization without a file: the session can be repaired, finalized again or aborted.
pub fn release(upload: &Upload, now: Timestamp) -> UploadChange {
    let state = if upload.parts.is_empty() { UploadState::Pending } else { UploadState::Uploading };
    UploadChange { idempotency_key: None, lease_until: None, ..change(upload, state, now) }
}

/// Ends it with a file.
pub fn finish(upload: &Upload, file: StoredFile, now: Timestamp) -> UploadChange {
    UploadChange {
        file: Some(file),
        parts: PartsAfter::Joined,
        lease_until: None,
        ..change(upload, UploadState::Finalized, now)
    }
}

/// Gives a session up for its owner; `None` when that was done before.
pub fn abort(upload: &Upload, now: Timestamp) -> Result<Option<UploadChange>, Refusal> {
    match upload.state_at(now) {
        UploadState::Aborted => Ok(None),
        UploadState::Finalized => Err(Refusal::Closed(UploadState::Finalized)),
        UploadState::Finalizing if upload.is_leased(now) => Err(Refusal::Busy),
        _ => Ok(Some(dropped(upload, UploadState::Aborted, now))),
    }
}

/// Gives a session up whose time is over; `None` for one whose time is not, or that is over already.
pub fn expire(upload: &Upload, now: Timestamp) -> Option<UploadChange> {
    let over = upload.state_at(now) == UploadState::Expired && upload.state != UploadState::Expired;
    over.then(|| dropped(upload, UploadState::Expired, now))
}

/// What was announced of the bytes as a whole.
pub fn check_size(upload: &Upload, received: u64) -> Result<(), Refusal> {
    match upload.size {
        Some(announced) if announced != received => Err(Refusal::Size { received, announced }),
        _ => Ok(()),
    }
}

/// A second request to finalize is a conflict, unless it is the first one again.
fn finalized(upload: &Upload, idempotency_key: Option<&str>) -> Result<Claim, Refusal> {
    match (&upload.file, idempotency_key) {
        (Some(file), Some(key)) if upload.idempotency_key.as_deref() == Some(key) => {
            Ok(Claim::Done(file.clone()))
        }
        _ => Err(Refusal::Closed(UploadState::Finalized)),
    }
}

/// Whether the parts make the file that was announced.
fn complete(upload: &Upload) -> Result<(), Refusal> {
    if upload.parts.is_empty() {
        return Err(Refusal::Empty);
    }
    let received = upload.parts.len();
    if let Some(announced) = upload.total_parts
        && received != announced as usize
    {
        return Err(Refusal::Parts { received, announced });
    }
    if let Some((_, missing)) = upload.parts.iter().zip(1..).find(|(part, at)| part.number != *at) {
        return Err(Refusal::Gap(missing));
    }
    check_size(upload, upload.uploaded_size())
}

fn dropped(upload: &Upload, state: UploadState, now: Timestamp) -> UploadChange {
    let parts = PartsAfter::Dropped;
    UploadChange { parts, idempotency_key: None, lease_until: None, ..change(upload, state, now) }
}

/// A change that leaves everything but the state as it is.
fn change(upload: &Upload, state: UploadState, now: Timestamp) -> UploadChange {
    UploadChange {
        upload_id: upload.upload_id.clone(),
        version: upload.version,
        state,
        now,
        part: None,
        parts: PartsAfter::Kept,
        file: upload.file.clone(),
        idempotency_key: upload.idempotency_key.clone(),
        lease_until: upload.lease_until,
    }
}
