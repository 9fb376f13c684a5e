//! The copy of the database that only reads, while it can be asked.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;

use crate::store::StoreError;

/// How long nobody asks a copy again that did not answer.
const REST: Duration = Duration::from_secs(5);

/// A copy, and until when nobody asks it.
#[derive(Debug)]
pub(super) struct Replica {
    db: DatabaseConnection,
    resting: Mutex<Option<Instant>>,
}

impl Replica {
    pub(super) const fn new(db: DatabaseConnection) -> Self {
        Self { db, resting: Mutex::new(None) }
    }

    /// Its connection; `None` while it rests. Of those who come behind the rest one asks it, and the others only once
    /// it has answered him: it may take long to find out that nobody is there.
    pub(super) fn ask(&self) -> Option<&DatabaseConnection> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = *resting {
            let now = Instant::now();
            if now < until {
                return None;
            }
            *resting = Some(now + REST);
        }
        Some(&self.db)
    }

    /// It has answered.
    pub(super) fn answered(&self) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.take().is_some() {
            tracing::info!("the replica answers again");
        }
    }

    /// It could not be asked, and is left alone for a while.
    pub(super) fn failed(&self, error: &StoreError) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.replace(Instant::now() + REST).is_none() {
            tracing::warn!(%error, "the replica does not answer: the database itself is read until it does");
        }
    }

    pub(super) async fn close(&self) {
        let _ = self.db.close_by_ref().await;
    }
}
