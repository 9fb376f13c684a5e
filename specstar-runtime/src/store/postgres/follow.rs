//! Following the log: how far it goes, whoever writes to it.
//!
//! A process tells the others of its commits with a `NOTIFY`, from a connection of its own and for all commits since
//! the last one: within the transactions it would make them wait for each other. Whoever misses one looks twice a
//! second.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sea_orm::sqlx::Executor as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use xxhash_rust::xxh3::xxh3_64;

use super::Shared;
use super::db::{row, store_error, values};
use super::row::Columns;
use crate::store::StoreError;

/// Between two looks without a word.
const LOOK: Duration = Duration::from_millis(500);

/// Between two looks while commits of this process are hidden behind running transactions.
const HIDDEN: Duration = Duration::from_millis(3);

/// After a wait in vain nobody waits for so long: somebody has a transaction that takes its time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two words to other processes.
const WORD: Duration = Duration::from_millis(5);

/// After so long without a word it is asked whether there is somebody to give one.
const SILENCE: Duration = Duration::from_secs(15);

/// Between two tries to listen.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of the log, and the tasks that find it out.
#[derive(Debug)]
pub(super) struct Follower {
    /// The highest position that this process has committed.
    own: AtomicI64,
    /// It has, since the others were told.
    news: AtomicBool,
    look: Notify,
    /// When a reader waited in vain.
    vain: Mutex<Option<Instant>>,
    end: watch::Sender<i64>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Follower {
    pub(super) fn new() -> (Self, watch::Receiver<i64>) {
        let (end, receiver) = watch::channel(0);
        let follower = Self {
            own: AtomicI64::new(0),
            news: AtomicBool::new(false),
            look: Notify::new(),
            vain: Mutex::default(),
            end,
            tasks: Mutex::default(),
        };
        (follower, receiver)
    }

    /// This process has committed entries up to this position.
    pub(super) fn committed(&self, position: i64) {
        self.own.fetch_max(position, Ordering::AcqRel);
        self.news.store(true, Ordering::Release);
        self.look.notify_one();
    }

    pub(super) fn stop(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }

    fn own(&self) -> i64 {
        self.own.load(Ordering::Acquire)
    }

    fn tell(&self, end: i64) {
        self.end.send_if_modified(|told| {
            let more = end > *told;
            *told = end.max(*told);
            more
        });
    }
}

/// Finds the end of the log, and starts the tasks that follow it.
pub(super) async fn start(shared: &Arc<Shared>) -> Result<(), StoreError> {
    shared.follower.stop();
    let schema = super::migrate::schema(&shared.db).await?.unwrap_or_default();
    let channel = format!("specstar_{:016x}", xxh3_64(schema.as_bytes()));
    end(shared).await?;
    let follow = tokio::spawn(follow(Arc::downgrade(shared), channel.clone()));
    let listen = tokio::spawn(listen(Arc::downgrade(shared), channel));
    let mut tasks = shared.follower.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    tasks.extend([follow.abort_handle(), listen.abort_handle()]);
    Ok(())
}

/// The end of the log for readers. Whoever follows the log finds out here that nobody answers any more.
pub(super) async fn end(shared: &Shared) -> Result<i64, StoreError> {
    let sql = shared.models.read().unwrap_or_else(PoisonError::into_inner).log().last.clone();
    let read = async { row(&shared.db, sql, values![]).await.map_err(store_error) };
    let found = shared.answered(&shared.losses, read).await?;
    let end = found.as_ref().map_or(Ok(0), |found| Columns::of(found)?.integer(0))?;
    shared.follower.tell(end);
    Ok(end)
}

/// Waits until readers see what this process has committed, but not for long: it may be hidden behind a transaction of
/// somebody else.
pub(super) async fn settle(shared: &Shared) {
    let own = shared.follower.own();
    if *shared.follower.end.borrow() >= own {
        return;
    }
    let vain = &shared.follower.vain;
    if vain.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < PATIENCE) {
        return;
    }
    let limit = Instant::now() + shared.options.log_timeout;
    while Instant::now() < limit {
        match end(shared).await {
            Ok(end) if end < own => tokio::time::sleep(HIDDEN).await,
            _ => return,
        }
    }
    tracing::warn!("a long transaction in the cluster keeps the log of changes from being read to its end");
    *vain.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

async fn follow(shared: Weak<Shared>, channel: String) {
    loop {
        let wait = {
            let Some(shared) = shared.upgrade() else { return };
            if shared.follower.news.swap(false, Ordering::AcqRel) {
                let word = row(&shared.db, "SELECT pg_notify($1, '')", values![channel.as_str()]);
                let told = shared.answered(&shared.losses, async { word.await.map_err(store_error) }).await;
                if let Err(error) = told {
                    tracing::debug!(%error, "other processes could not be told of changes");
                }
            }
            match end(&shared).await {
                Ok(end) if end < shared.follower.own() => HIDDEN,
                Ok(_) => LOOK,
                Err(error) => {
                    tracing::debug!(%error, "the end of the log could not be read");
                    LOOK
                }
            }
        };
        tokio::time::sleep(WORD.min(wait)).await;
        let Some(shared) = shared.upgrade() else { return };
        let _ = tokio::time::timeout(wait, shared.follower.look.notified()).await;
    }
}

async fn listen(shared: Weak<Shared>, channel: String) {
    loop {
        // On a connection of its own: when nobody answers on it, nothing else waits for that.
        let listener = {
            let Some(shared) = shared.upgrade() else { return };
            let options = shared.db.get_postgres_connection_pool().connect_options();
            let wait = shared.options.connect_timeout;
            drop(shared);
            listener(&options, wait).await
        };
        match listener {
            Ok(mut listener) => {
                if let Err(error) = hear(&shared, &mut listener, &channel).await {
                    tracing::debug!(%error, "changes of other processes are not heard of");
                }
            }
            Err(error) => tracing::debug!(%error, "changes of other processes cannot be heard of"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listener(options: &PgConnectOptions, wait: Duration) -> Result<PgListener, sea_orm::SqlxError> {
    let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.acquire_timeout(wait).connect_lazy_with(options.clone());
    PgListener::connect_with(&pool).await
}

async fn hear(
    shared: &Weak<Shared>,
    listener: &mut PgListener,
    channel: &str,
) -> Result<(), sea_orm::SqlxError> {
    listener.listen(channel).await?;
    loop {
        if let Ok(heard) = tokio::time::timeout(SILENCE, listener.try_recv()).await {
            // Without a word, the connection was lost.
            let (Some(_), Some(shared)) = (heard?, shared.upgrade()) else { return Ok(()) };
            shared.follower.look.notify_one();
        } else {
            // Nobody may be there any more.
            let asked = tokio::time::timeout(SILENCE, listener.execute("SELECT 1")).await;
            asked.map_err(|_| sea_orm::SqlxError::WorkerCrashed)??;
        }
    }
}
