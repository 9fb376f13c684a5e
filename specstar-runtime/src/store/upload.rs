//! What a store keeps of upload sessions, and of who has uploaded which file.

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::datetime::Timestamp;
use crate::upload::{Upload, UploadChange};

/// The rows of upload sessions. Every call is one consistent read or one atomic write.
pub trait UploadIndex: Send + Sync {
    /// Begins a session. Its id is new, and it has no parts.
    fn open_upload(&self, upload: Upload) -> BoxFuture<'_, Result<(), StoreError>>;

    /// A session with its parts.
    fn upload<'a>(&'a self, upload_id: &'a str) -> BoxFuture<'a, Result<Option<Upload>, StoreError>>;

    /// Applies a change to the version it was made from. The key of a part stops being
    /// [staged](super::BlobIndex::stage_blob), so that nothing but the session can give its bytes up; the keys of
    /// parts that are replaced, joined or dropped are doomed, in the same write.
    fn change_upload(&self, change: UploadChange) -> BoxFuture<'_, Result<UploadChanged, StoreError>>;

    /// Sessions that are open although their time is over.
    fn due_uploads(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// Forgets what is over for good, and says how much that was.
    fn sweep_uploads(&self, sweep: UploadSweep) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Every key that belongs to a session or to a part of one, for those who compare it with the object storage.
    fn upload_keys(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// Notes who has uploaded a file.
    fn note_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str)
    -> BoxFuture<'a, Result<(), StoreError>>;

    /// Whether this is somebody who has uploaded the file.
    fn is_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str)
    -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// What became of a change of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadChanged {
    /// It is applied.
    Applied,
    /// The session has another version, or is gone.
    Stale,
    /// The key of the part was given up while its bytes were written; they have to be sent again.
    Lost,
}

/// What to forget.
#[derive(Clone, Copy, Debug)]
pub struct UploadSweep {
    /// When.
    pub now: Timestamp,
    /// Where bytes could be put until this instant at the latest, they are doomed.
    pub keyed_before: Timestamp,
    /// Sessions that are over since this instant, or longer, are forgotten; `None` for never.
    pub closed_before: Option<Timestamp>,
    /// Of each kind at most this many, and fewer where they have many parts.
    pub limit: usize,
}
