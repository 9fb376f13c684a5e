//! The copy of the database that only reads, while it can be asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DatabaseConnection;

use super::Losses;
use super::db::{row, store_error, values};
use super::watched::Watched;
use crate::store::StoreError;

/// Between two looks whether a copy is there again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest wait for such a look, besides that for a connection.
const LIMIT: Duration = Duration::from_secs(5);

/// A copy, and whether anybody asks it.
#[derive(Debug)]
pub(super) struct Replica {
    db: DatabaseConnection,
    losses: Arc<Losses>,
    is_away: AtomicBool,
}

impl Replica {
    pub(super) fn new(db: DatabaseConnection, losses: Arc<Losses>) -> Arc<Self> {
        Arc::new(Self { db, losses, is_away: AtomicBool::new(false) })
    }

    /// Its connection and what is known of it; `None` while it does not answer.
    pub(super) fn ask(&self) -> Option<(&DatabaseConnection, &Losses)> {
        (!self.is_away.load(Ordering::Relaxed)).then_some((&self.db, &self.losses))
    }

    /// It could not be asked, or this could not be asked of it. From now on nobody who waits for an answer asks it, until
    /// it is seen to answer.
    pub(super) fn failed(self: &Arc<Self>, error: &StoreError) {
        if self.is_away.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::debug!(%error, "the replica is passed over");
        tokio::spawn(look(Arc::downgrade(self)));
    }

    pub(super) async fn close(&self) {
        let _ = self.db.close_by_ref().await;
    }
}

/// Looks until it answers, or the store is gone.
async fn look(replica: Weak<Replica>) {
    let mut is_told = false;
    loop {
        {
            let Some(replica) = replica.upgrade() else { return };
            let asked = Watched::new(&replica.losses, row(&replica.db, "SELECT 1", values![]));
            let reason =
                match tokio::time::timeout(LIMIT, asked).await.map(|answer| answer.map_err(store_error)) {
                    Ok(Ok(_)) => {
                        replica.is_away.store(false, Ordering::Relaxed);
                        if is_told {
                            tracing::info!("the replica answers again");
                        }
                        return;
                    }
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => {
                        // Its connections that were made before are of no more use.
                        replica.losses.note();
                        format!("no answer within {LIMIT:?}")
                    }
                };
            if !is_told {
                tracing::warn!(
                    reason,
                    "the replica does not answer: the database itself is read until it does"
                );
                is_told = true;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
