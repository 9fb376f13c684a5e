//! Committing change sets, and trying again what can be tried again.

use std::time::{Duration, Instant};

use sea_orm::TransactionTrait;

use super::PostgresStore;
use super::apply::{Applied, Applier, Mark, Refused, is_one_statement};
use super::db::{Fault, row, store_error, values};
use super::ddl::STATE_TABLE;
use super::model::Models;
use super::row::Columns;
use super::text::ENTRY_BITS;
use super::watched::Watched;
use crate::change::ChangeSet;
use crate::metric::Gauge;
use crate::store::layout::LOG_TABLE;
use crate::store::{CommitError, StoreError};

/// How often a set that collides is tried again.
const RETRIES: u32 = 3;

/// How often it is asked what became of a commit whose answer was lost.
const ASKS: u32 = 20;

/// How far a try has come.
enum Tried {
    Done(i64),
    Refused(Refused),
    /// The commit was sent, and no answer came. The last entry that was written.
    Unknown(Option<Mark>, StoreError),
}

impl PostgresStore {
    pub(super) async fn run_commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let _under_way = Gauge::hold(&self.shared.commits);
        let begun = Instant::now();
        Watched::new(&self.shared.losses, self.commit_set(set)).await?;
        self.shared.metrics.commit_batch.record(1);
        self.shared.metrics.commit_duration.record_time(begun.elapsed());
        Ok(())
    }

    async fn commit_set(&self, set: &ChangeSet) -> Result<(), CommitError> {
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
                Tried::Unknown(mark, error) => {
                    self.shared.losses.note();
                    if self.was_committed(mark.as_ref()).await.ok_or(error)? {
                        self.shared.follower.committed(mark.map_or(0, |mark| mark.position));
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
        let (last, mark) = (applier.last, applier.mark.take());
        match transaction.commit().await.map_err(Fault::from) {
            Ok(()) => Ok(Tried::Done(last)),
            Err(Fault::Lost(error)) => Ok(Tried::Unknown(mark, error)),
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

    /// Whether the transaction of an entry was committed; `None` when nobody can say. The number of a transaction that
    /// a crash or a change of servers took away may be given again, so only the entry itself proves anything, once
    /// whoever has the number now has ended.
    pub(super) async fn was_committed(&self, mark: Option<&Mark>) -> Option<bool> {
        let mark = mark?;
        for ask in 1..=ASKS {
            match self.is_settled(mark.position).await {
                Ok(true) => match self.stands_in_log(mark).await {
                    Ok(found) => return Some(found),
                    Err(error) => tracing::debug!(%error, "the log could not be asked for a commit"),
                },
                // The server has not noticed yet that nobody is there, or copies another one.
                Ok(false) => {}
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

    /// Whether no transaction runs that could still write the entry at this position.
    async fn is_settled(&self, position: i64) -> Result<bool, StoreError> {
        // The engine fails when it is asked for a number that it has not given yet.
        let sql = format!(
            "SELECT NOT pg_is_in_recovery() AND CASE WHEN x.n < pg_snapshot_xmax(pg_current_snapshot())::text::bigint \
             THEN pg_xact_status(x.n::text::xid8) IS DISTINCT FROM 'in progress' ELSE true END \
             FROM (SELECT ($1 - base) >> {ENTRY_BITS} AS n FROM {STATE_TABLE}) x"
        );
        let found = row(&self.shared.db, sql, values![position]).await.map_err(store_error)?;
        found.as_ref().map_or(Ok(false), |found| Columns::of(found)?.get(0))
    }

    async fn stands_in_log(&self, mark: &Mark) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT 1 FROM {LOG_TABLE} WHERE position = $1 AND model_id IS NOT DISTINCT FROM $2 \
             AND pk IS NOT DISTINCT FROM $3 AND version IS NOT DISTINCT FROM $4 AND at = $5 AND by = $6"
        );
        let [model, pk, version] = mark.of.map_or([None; 3], |of| of.map(Some));
        let values = values![mark.position, model, pk, version, mark.at.time.0, mark.at.by.as_str()];
        Ok(row(&self.shared.db, sql, values).await.map_err(store_error)?.is_some())
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
