//! The copy of the database that only reads, while it can be asked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DatabaseConnection;

use super::db::{row, store_error, values};
use super::pool::Losses;
use super::watched::Watched;
use crate::store::StoreError;

/// Between two looks whether a copy is there again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// After so many of them in vain, or when it is there but of no use, nobody looks more often than that.
const LONGEST: Duration = Duration::from_secs(30);

/// The longest wait for such a look.
const LIMIT: Duration = Duration::from_secs(10);

/// A copy, and whether anybody asks it.
#[derive(Debug)]
pub(super) struct Replica {
    db: DatabaseConnection,
    losses: Arc<Losses>,
    is_away: AtomicBool,
    /// How often it failed since it was of use.
    failures: AtomicU32,
}

impl Replica {
    pub(super) fn new(db: DatabaseConnection, losses: Arc<Losses>) -> Arc<Self> {
        Arc::new(Self { db, losses, is_away: AtomicBool::new(false), failures: AtomicU32::new(0) })
    }

    /// Its connection and what is known of it; `None` while it does not answer.
    pub(super) fn ask(&self) -> Option<(&DatabaseConnection, &Losses)> {
        (!self.is_away.load(Ordering::Relaxed)).then_some((&self.db, &self.losses))
    }

    /// It was of use.
    pub(super) fn answered(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// It could not be asked, or this could not be asked of it. From now on nobody who waits for an answer asks it, until
    /// it is seen to answer.
    pub(super) fn failed(self: &Arc<Self>, error: &StoreError) {
        if self.is_away.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(%error, "the replica cannot be asked: the database itself is read until it can");
        // One that answers and cannot be used, since it is behind a change of tables, is tried less and less often.
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(5);
        tokio::spawn(look(Arc::downgrade(self), (PAUSE * (1 << failures)).min(LONGEST)));
    }

    pub(super) async fn close(&self) {
        let _ = self.db.close_by_ref().await;
    }
}

/// Looks until it answers, or the store is gone.
async fn look(replica: Weak<Replica>, mut pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        let Some(replica) = replica.upgrade() else { return };
        let asked = Watched::new(&replica.losses, row(&replica.db, "SELECT 1", values![]));
        match tokio::time::timeout(LIMIT, asked).await.map(|answer| answer.map_err(store_error)) {
            Ok(Ok(_)) => {
                tracing::info!("the replica answers again");
                replica.is_away.store(false, Ordering::Relaxed);
                return;
            }
            Ok(Err(error)) => tracing::debug!(%error, "the replica does not answer yet"),
            Err(_) => {
                // Its connections that were made before are of no more use.
                replica.losses.note();
                tracing::debug!(limit = ?LIMIT, "the replica does not answer in time");
            }
        }
        pause = (pause * 2).min(LONGEST);
    }
}
