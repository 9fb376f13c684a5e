//! Committing change sets, and trying again what can be tried again.

use std::time::Duration;

use sea_orm::TransactionTrait;

use super::PostgresStore;
use super::apply::{Applied, Applier, Refused, is_one_statement};
use super::db::{Fault, row, store_error, values};
use super::ddl::STATE_TABLE;
use super::model::Models;
use super::row::Columns;
use super::text::ENTRY_BITS;
use crate::change::ChangeSet;
use crate::store::{CommitError, StoreError};

/// How often a set that collides is tried again.
const RETRIES: u32 = 3;

/// How often it is asked what became of a commit whose answer was lost.
const ASKS: u32 = 20;

/// How far a try has come.
enum Tried {
    Done(i64),
    Refused(Refused),
    /// The commit was sent, and no answer came. The highest position that was given.
    Unknown(i64, StoreError),
}

impl PostgresStore {
    pub(super) async fn run_commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let models = self.models();
        let (mut careful, mut tries) = (false, 0);
        loop {
            let fault = match self.attempt(&models, set, careful).await {
                Tried::Done(position) => {
                    self.shared.follower.committed(position);
                    return Ok(());
                }
                Tried::Refused(Refused::Because(error)) => return Err(error),
                Tried::Refused(Refused::Fault(fault)) => fault,
                Tried::Unknown(position, error) => {
                    self.shared.losses.note();
                    if self.was_committed(position).await.ok_or(error)? {
                        self.shared.follower.committed(position);
                        return Ok(());
                    }
                    Fault::Collision(StoreError::Unavailable("a commit was lost".into()))
                }
            };
            let error = match fault {
                // Who has the value is looked for, in a transaction where that can be done.
                Fault::Duplicate(_) if !careful => {
                    careful = true;
                    continue;
                }
                Fault::Duplicate(error) => StoreError::Unavailable(error.to_string()),
                Fault::Collision(error) => error,
                Fault::Lost(error) => {
                    self.shared.losses.note();
                    // A statement alone is its own commit, and what became of it is not known.
                    if !careful && is_one_statement(set, &models) {
                        return Err(error.into());
                    }
                    error
                }
                Fault::Unreached(error) | Fault::Other(error) => return Err(error.into()),
            };
            if tries == RETRIES {
                return Err(error.into());
            }
            tries += 1;
            tokio::time::sleep(pause(tries)).await;
        }
    }

    async fn attempt(&self, models: &Models, set: &ChangeSet, careful: bool) -> Tried {
        if !careful && is_one_statement(set, models) {
            let mut applier = Applier::new(&self.shared.db, models, false);
            return match applier.apply(set).await {
                Ok(()) => Tried::Done(applier.last),
                Err(refused) => Tried::Refused(refused),
            };
        }
        match self.in_transaction(models, set, careful).await {
            Ok(tried) => tried,
            Err(refused) => Tried::Refused(refused),
        }
    }

    async fn in_transaction(&self, models: &Models, set: &ChangeSet, careful: bool) -> Applied<Tried> {
        let transaction = self.shared.db.begin().await?;
        let mut applier = Applier::new(&transaction, models, careful);
        if let Err(refused) = applier.apply(set).await {
            // Without an answer the connection is thrown away, and the transaction with it.
            let _ = transaction.rollback().await;
            return Err(refused);
        }
        let position = applier.last;
        match transaction.commit().await.map_err(Fault::from) {
            Ok(()) => Ok(Tried::Done(position)),
            Err(Fault::Lost(error)) => Ok(Tried::Unknown(position, error)),
            Err(fault) => Err(Refused::Fault(fault)),
        }
    }

    /// Waits where a transaction of something else collided; fails with its fault where it must not be tried again.
    pub(super) async fn may_try_again(&self, fault: Fault, tries: &mut u32) -> Result<(), StoreError> {
        let error = match fault {
            // Of two that insert the same, the second one finds it there.
            Fault::Duplicate(error) | Fault::Collision(error) => error,
            Fault::Lost(error) => {
                self.shared.losses.note();
                return Err(error);
            }
            Fault::Unreached(error) | Fault::Other(error) => return Err(error),
        };
        if *tries == RETRIES {
            return Err(error);
        }
        *tries += 1;
        tokio::time::sleep(pause(*tries)).await;
        Ok(())
    }

    /// What became of the transaction of a position; `None` when nobody can say.
    async fn was_committed(&self, position: i64) -> Option<bool> {
        if position == 0 {
            return None;
        }
        let sql = format!(
            "SELECT pg_xact_status((($1 - base) >> {ENTRY_BITS})::text::xid8)::text FROM {STATE_TABLE}"
        );
        for ask in 1..=ASKS {
            match row(&self.shared.db, sql.as_str(), values![position]).await.map_err(store_error) {
                Ok(found) => {
                    let status: Option<String> = Columns::of(found.as_ref()?).ok()?.get(0).ok()?;
                    match status.as_deref() {
                        Some("committed") => return Some(true),
                        Some("aborted") => return Some(false),
                        // The server has not noticed yet that nobody is there.
                        Some("in progress") => {}
                        _ => return None,
                    }
                }
                Err(error) if ask == ASKS => {
                    tracing::warn!(%error, "it is not known what became of a commit");
                    return None;
                }
                Err(_) => self.shared.losses.note(),
            }
            tokio::time::sleep(pause(ask)).await;
        }
        None
    }
}

/// Longer each time, and never the same for two.
fn pause(tries: u32) -> Duration {
    let most = 10_u64 << tries.min(5);
    let mut random = [0; 8];
    // Without randomness it is the longest time.
    let _ = getrandom::fill(&mut random);
    Duration::from_millis(most / 2 + u64::from_le_bytes(random) % (most / 2))
}
