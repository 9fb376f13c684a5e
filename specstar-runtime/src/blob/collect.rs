//! Removing what nobody needs any more.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{Blobs, unavailable};
use crate::datetime::Timestamp;
use crate::error::Result;
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
    /// the same time, also of other processes.
    pub async fn collect(&self, options: &CollectOptions, now: Timestamp) -> Result<Collected> {
        let sweep = BlobSweep {
            now,
            quarantine_before: before(now, options.quarantine_after),
            remove_before: before(now, options.remove_after),
            stage_before: before(now, options.unfinished_after),
            limit: options.batch.max(1),
        };
        let mut total = Collected::default();
        loop {
            let swept = self.store.sweep_blobs(sweep).await.map_err(unavailable)?;
            total.quarantined += swept.quarantined;
            total.removed += swept.removed;
            total.unfinished += swept.expired;
            let objects = swept.keys.len();
            self.remove(swept.keys).await?;
            total.objects += objects;
            if swept.quarantined + swept.removed + swept.expired + objects == 0 {
                return Ok(total);
            }
        }
    }

    /// Deletes the objects of doomed keys; those that cannot be deleted stay doomed.
    async fn remove(&self, keys: Vec<String>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let deletes = keys.into_iter().map(|key| async move { (self.storage.delete(&key).await, key) });
        let done: Vec<_> = stream::iter(deletes).buffer_unordered(DELETES).collect().await;
        let (mut gone, mut failed) = (Vec::with_capacity(done.len()), None);
        for (result, key) in done {
            match result {
                Ok(()) => gone.push(key),
                Err(error) => failed = Some(error),
            }
        }
        self.store.forget_keys(gone).await.map_err(unavailable)?;
        failed.map_or(Ok(()), Err)
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
}
