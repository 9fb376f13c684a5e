//! What a store knows of blobs: which bytes there are, under which keys, and which revisions name them.
//!
//! The bytes themselves are in an object storage, under keys that are never used twice. A key is *staged* before
//! bytes are written under it and *published* afterwards; bytes that are to go are *doomed* before they are deleted,
//! and *forgotten* afterwards. So whatever ends in the middle, every object has a row that says what it is.

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::change::ModelIndex;
use crate::datetime::Timestamp;

/// The rows of blobs. Every call is one consistent read or one atomic write.
pub trait BlobIndex: Send + Sync {
    /// The files of these ids, in the order asked for.
    fn blobs<'a>(
        &'a self,
        file_ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<BlobRecord>>, StoreError>>;

    /// Notes that bytes may soon be under this key. Again for the same key, it counts from now.
    fn stage_blob(&self, key: String, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Makes the bytes under a staged key the content of a file.
    fn publish_blob(&self, blob: NewBlob) -> BoxFuture<'_, Result<Published, StoreError>>;

    /// Another upload of a file, without its bytes: it counts as uploaded now. `None` when it is not stored.
    fn touch_blob(
        &self,
        file_id: String,
        content_type: Option<String>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<BlobRecord>, StoreError>>;

    /// Gives up staged keys at once: the next collection deletes what is under them.
    fn doom_keys(&self, keys: Vec<String>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Which revisions name the file, in the order of their types, rows and numbers. Revisions of types that are
    /// not registered any more are left out.
    fn blob_owners<'a>(
        &'a self,
        file_id: &'a str,
        after: Option<BlobOwner>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<BlobOwner>, StoreError>>;

    /// Whether some revision of this resource names the file.
    fn owns_blob<'a>(
        &'a self,
        model: ModelIndex,
        pk: i64,
        file_id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// One step of a collection. What it gives is to be deleted and then [forgotten](Self::forget_keys).
    fn sweep_blobs(&self, sweep: BlobSweep) -> BoxFuture<'_, Result<Swept, StoreError>>;

    /// The objects of these doomed keys cannot be deleted now: they count as doomed at this instant, behind those that
    /// were doomed before.
    fn postpone_keys(&self, keys: Vec<String>, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The objects of these doomed keys are gone.
    fn forget_keys(&self, keys: Vec<String>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// How many there are in each state.
    fn blob_counts(&self) -> BoxFuture<'_, Result<BlobCounts, StoreError>>;

    /// The files after this id, in the order of their ids.
    fn blob_page(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<BlobRecord>, StoreError>>;

    /// The staged and doomed keys after this one, in their order.
    fn blob_keys(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<BlobKey>, StoreError>>;
}

/// A file that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// What it is called by: a hash of its bytes.
    pub file_id: String,
    /// Where its bytes are in the object storage.
    pub key: String,
    /// How many there are.
    pub size: u64,
    /// The media type it was last uploaded with while no revision named it.
    pub content_type: Option<String>,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// Since when no revision names it; `None` while one does.
    pub idle_since: Option<Timestamp>,
    /// Since when it is going to be removed. It can still be read, and a revision that names it, or another
    /// upload of the same bytes, brings it back.
    pub quarantined_at: Option<Timestamp>,
}

/// Bytes that are complete, to be published.
#[derive(Clone, Debug)]
pub struct NewBlob {
    /// The hash of the bytes.
    pub file_id: String,
    /// Where they are: a staged key.
    pub key: String,
    /// How many there are.
    pub size: u64,
    /// Their media type; when they are stored already, `None` leaves the one they have, and so does a revision that
    /// names them.
    pub content_type: Option<String>,
    /// The key of the file whose bytes turned out to be lost, if it is stored: these take their place, unless others
    /// have done so.
    pub replaces: Option<String>,
    /// When.
    pub now: Timestamp,
}

/// What became of a key that was to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// Its bytes are the file's now. A key that they replace is doomed.
    Stored(BlobRecord),
    /// The file is stored already, under another key. This one is doomed: its object can be deleted, and then
    /// forgotten.
    Existing(BlobRecord),
    /// The key was given up meanwhile, and is doomed: the bytes have to be written again, under another one.
    Expired,
}

/// A revision that names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobOwner {
    /// Its type.
    pub model: ModelIndex,
    /// The row of its resource.
    pub pk: i64,
    /// Its number.
    pub seq: i64,
    /// The id of its resource.
    pub resource_id: String,
}

/// One step of a collection.
#[derive(Clone, Copy, Debug)]
pub struct BlobSweep {
    /// When.
    pub now: Timestamp,
    /// Files that no revision names since this instant, or longer, go into quarantine.
    pub quarantine_before: Timestamp,
    /// Files in quarantine since this instant, or longer, are removed.
    pub remove_before: Timestamp,
    /// Keys that were staged at this instant, or earlier, are given up.
    pub stage_before: Timestamp,
    /// Of each kind at most this many.
    pub limit: usize,
}

/// What a step of a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that went into quarantine.
    pub quarantined: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Staged keys that were given up.
    pub expired: usize,
    /// Doomed keys whose objects are to be deleted: those of this step, and what earlier ones left.
    pub keys: Vec<String>,
}

/// How many files and keys there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobCounts {
    /// All files, those in quarantine included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that no revision names.
    pub idle: u64,
    /// Files in quarantine.
    pub quarantined: u64,
    /// Staged keys.
    pub staged: u64,
    /// Doomed keys.
    pub doomed: u64,
}

/// A key under which there may be bytes that are no file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobKey {
    /// The key.
    pub key: String,
    /// When it was staged, or doomed.
    pub created_at: Timestamp,
    /// What is under it is to be deleted.
    pub doomed: bool,
}
