//! Removing what nobody needs any more.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{Blobs, unavailable};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::store::BlobSweep;

/// Objects that are deleted at the same time.
const DELETES: usize = 8;

/// When a collection removes what.
///
/// ```
/// use std::time::Duration;
/// use specstar_runtime::blob::CollectOptions;
/// let options = CollectOptions { remove_after: Duration::from_hours(7 * 24), ..CollectOptions::default() };
/// assert_eq!(options.quarantine_after, Duration::from_hours(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectOptions {
    /// A file that no revision names for this long goes into quarantine (1 h): whoever uploads a file has as long to
    /// name it.
    pub quarantine_after: Duration,
    /// A file that is in quarantine for this long is removed (24 h). Until then it can be read, and is brought back
    /// by a revision that names it or by another upload.
    pub remove_after: Duration,
    /// An upload that has not ended for this long is given up (24 h). It must be longer than uploads take.
    pub unfinished_after: Duration,
    /// How much one transaction changes (500 files of each kind).
    pub batch: usize,
}

impl Default for CollectOptions {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self {
            quarantine_after: Duration::from_hours(1),
            remove_after: day,
            unfinished_after: day,
            batch: 500,
        }
    }
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Files that went into quarantine.
    pub quarantined: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Uploads that were given up.
    pub unfinished: usize,
    /// Objects that were deleted.
    pub objects: usize,
}

impl Blobs {
    /// Removes files that no revision has named for long, and what uploads left that did not end. Several may run at
    /// the same time, also of other processes. An object that cannot be deleted keeps nothing else from being removed;
    /// the error comes in the end.
    pub async fn collect(&self, options: &CollectOptions, now: Timestamp) -> Result<Collected> {
        let sweep = BlobSweep {
            now,
            quarantine_before: before(now, options.quarantine_after),
            remove_before: before(now, options.remove_after),
            stage_before: before(now, options.unfinished_after),
            limit: options.batch.max(1),
        };
        let (mut total, mut failed) = (Collected::default(), Failed::default());
        loop {
            let swept = self.store.sweep_blobs(sweep).await.map_err(unavailable)?;
            total.quarantined += swept.quarantined;
            total.removed += swept.removed;
            total.unfinished += swept.expired;
            // What has failed stands behind everything else by now; seen again, there is nothing else.
            let keys: Vec<String> = swept.keys.into_iter().filter(|key| !failed.keys.contains(key)).collect();
            let objects = keys.len();
            total.objects += objects;
            let before = failed.keys.len();
            self.remove(keys, now, &mut failed).await?;
            total.objects -= failed.keys.len() - before;
            if swept.quarantined + swept.removed + swept.expired + objects == 0 {
                return failed.error.map_or(Ok(total), Err);
            }
        }
    }

    /// Deletes the objects of doomed keys, several at the same time. Those that cannot be deleted stay doomed, behind
    /// all others.
    async fn remove(&self, keys: Vec<String>, now: Timestamp, failed: &mut Failed) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let deletes = keys.into_iter().map(|key| async move { (self.storage.delete(&key).await, key) });
        let done: Vec<_> = stream::iter(deletes).buffer_unordered(DELETES).collect().await;
        let (mut gone, mut left) = (Vec::with_capacity(done.len()), Vec::new());
        for (result, key) in done {
            match result {
                Ok(()) => gone.push(key),
                Err(error) => {
                    failed.error.get_or_insert(error);
                    left.push(key);
                }
            }
        }
        if !left.is_empty() {
            failed.keys.extend(left.iter().cloned());
            self.store.postpone_keys(left, Timestamp(now.0.saturating_add(1))).await.map_err(unavailable)?;
        }
        self.store.forget_keys(gone).await.map_err(unavailable)
    }

    /// Deletes the objects of keys that are doomed already. What cannot be deleted now is left to the collection.
    pub(super) async fn remove_doomed(&self, keys: Vec<String>, now: Timestamp) {
        let mut failed = Failed::default();
        let removed = self.remove(keys, now, &mut failed).await;
        if let Err(error) = removed.and(failed.error.map_or(Ok(()), Err)) {
            tracing::warn!(%error, "what an upload session had stored is left to the collection");
        }
    }
}

/// What could not be deleted.
#[derive(Default)]
struct Failed {
    keys: HashSet<String>,
    /// Why the first of them could not.
    error: Option<Error>,
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
}
