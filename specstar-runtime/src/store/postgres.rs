//! The server: sea-orm on a pool of connections.
//!
//! A change set is one transaction, and mostly one statement ([`apply`]). Positions of the log are made of the numbers
//! of transactions, so that commits do not wait for each other; what a reader sees of the log ends where a running
//! transaction may still add something ([`text::horizon`]). Searches are decided by the engine as far as it decides
//! them exactly as this program does, and by this program for the rest ([`search`]).

mod answer;
mod apply;
mod blob;
mod commit;
mod db;
mod ddl;
mod follow;
mod inspect;
mod job;
mod log;
mod migrate;
mod model;
mod observe;
mod pool;
mod registry;
mod replica;
mod row;
mod search;
mod session;
mod slow;
mod snapshot;
#[cfg(all(test, feature = "sqlite"))]
mod tests;
mod text;
mod upload;
mod value;
mod versions;
mod watched;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult};
use tokio::sync::{Semaphore, watch};

use self::db::{Fault, Values, values};
use self::follow::Follower;
use self::model::Models;
use self::pool::{Losses, pool};
use self::replica::Replica;
use self::row::Columns;
use self::session::Session;
use self::text::HeadTexts;
use self::watched::Watched;
use super::{
    CommitError, Freshness, LayoutReport, LogPage, LogRequest, PageEnd, Search, SlowQueries, Store,
    StoreError, StoreMetrics, Timeline, Visit,
};
use crate::change::{CascadeMember, ChangeSet, ModelIndex};
use crate::descriptor::ResourceDescriptor;
use crate::json::IndexValue;
use crate::meta::{Head, Revision};
use crate::metric::Gauge;
use crate::query::Predicate;

/// How a [`PostgresStore`] is opened.
///
/// ```
/// use specstar_runtime::store::PostgresOptions;
/// let options = PostgresOptions { max_connections: 8, ..PostgresOptions::new("postgres://app@db/app") };
/// assert!(options.replica_url.is_none());
/// ```
#[derive(Clone)]
pub struct PostgresOptions {
    /// The database: `postgres://user:password@host:port/name?…`, with the parameters of sqlx. `options[search_path]`
    /// says which schema its tables are in.
    pub url: String,
    /// A copy of the database that only reads. It answers what is asked with [`Freshness::MayLag`]: the lists and counts
    /// of clients, which can be late by as much as the copy is. Everything else is read from the database itself, and
    /// so are these while the copy does not answer.
    pub replica_url: Option<String>,
    /// The most connections to each of them, besides the few that long reads and changes of tables make.
    pub max_connections: u32,
    /// The longest time a statement, a search or a count may take.
    pub statement_timeout: Duration,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait of a reader of the log for what its own process has committed, which is hidden while a
    /// transaction runs that began to write before, whoever's in the cluster that is.
    pub log_timeout: Duration,
}

impl PostgresOptions {
    /// The defaults, for this database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            replica_url: None,
            max_connections: 16,
            statement_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            log_timeout: Duration::from_secs(2),
        }
    }
}

impl std::fmt::Debug for PostgresOptions {
    /// Without the URLs, which have passwords in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("replica", &self.replica_url.is_some())
            .field("max_connections", &self.max_connections)
            .field("statement_timeout", &self.statement_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("log_timeout", &self.log_timeout)
            .finish_non_exhaustive()
    }
}

/// Resources in a PostgreSQL database, 13 or later.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use specstar_runtime::store::{PostgresOptions, PostgresStore};
/// let store = PostgresStore::open(PostgresOptions::new("postgres://app@localhost/app"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PostgresStore {
    shared: Arc<Shared>,
    log_end: watch::Receiver<i64>,
}

/// What the store and its tasks have in common.
#[derive(Debug)]
struct Shared {
    db: DatabaseConnection,
    replica: Option<Arc<Replica>>,
    options: PostgresOptions,
    /// The program made the connection: it closes it, and its statements have no time limit of their own.
    foreign: bool,
    models: RwLock<Models>,
    losses: Arc<Losses>,
    follower: Follower,
    metrics: StoreMetrics,
    slow: SlowQueries,
    /// Whoever finds out the plan of a slow query.
    explaining: Arc<Semaphore>,
    /// Those under way.
    commits: Gauge,
}

impl Shared {
    /// Waits for a read as long as it may take, and a little for the engine to say that it took longer: a connection
    /// that then says nothing is taken for dead, and with it those of its pool that are as old.
    async fn answered<T>(
        &self,
        losses: &Losses,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.options.statement_timeout + self.options.connect_timeout + Duration::from_secs(1);
        let mut read = std::pin::pin!(Watched::new(losses, read));
        // The read gives its connection back when it is dropped, which is behind the note.
        tokio::time::timeout(limit, read.as_mut()).await.unwrap_or_else(|_| {
            losses.note();
            Err(StoreError::Unavailable(format!("no answer within {limit:?}")))
        })
    }
}

impl PostgresStore {
    /// Makes the pools. Whether there is a server is seen by the first call. Must be called within a Tokio runtime.
    pub fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let losses = Arc::new(Losses::new());
        let db = pool(&options.url, &options, &losses)?;
        let replica = match &options.replica_url {
            Some(url) => {
                let losses = Arc::new(Losses::new());
                Some(Replica::new(pool(url, &options, &losses)?, losses))
            }
            None => None,
        };
        Ok(Self::start(db, replica, options, losses, false))
    }

    /// On a connection of the program, which has to be one to PostgreSQL, and stays open when the store is closed.
    /// What the options say of URLs and connections is not looked at.
    pub fn on(db: DatabaseConnection, options: PostgresOptions) -> Result<Self, StoreError> {
        if db.get_database_backend() != sea_orm::DbBackend::Postgres {
            return Err(StoreError::Layout("the connection is not one to PostgreSQL".into()));
        }
        Ok(Self::start(db, None, options, Arc::new(Losses::new()), true))
    }

    fn start(
        db: DatabaseConnection,
        replica: Option<Arc<Replica>>,
        options: PostgresOptions,
        losses: Arc<Losses>,
        foreign: bool,
    ) -> Self {
        let (follower, log_end) = Follower::new();
        let models = RwLock::new(Models::default());
        let (metrics, slow, commits) = (StoreMetrics::default(), SlowQueries::default(), Gauge::default());
        let explaining = Arc::new(Semaphore::new(1));
        let shared = Shared {
            db,
            replica,
            options,
            foreign,
            models,
            losses,
            follower,
            metrics,
            slow,
            explaining,
            commits,
        };
        Self { shared: Arc::new(shared), log_end }
    }

    fn models(&self) -> Models {
        self.shared.models.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A connection of its own.
    async fn session(&self) -> Result<Session, StoreError> {
        let options = self.shared.db.get_postgres_connection_pool().connect_options();
        Session::open(&options, self.shared.options.connect_timeout).await
    }

    /// The rows of a statement that only reads: where the connection turns out to be dead, on another one.
    async fn rows(&self, sql: &str, values: Values) -> Result<Vec<QueryResult>, StoreError> {
        let again = values.clone();
        self.shared
            .answered(&self.shared.losses, async {
                match db::rows(&self.shared.db, sql, values).await.map_err(Fault::from) {
                    Ok(rows) => Ok(rows),
                    Err(Fault::Lost(_)) => {
                        self.shared.losses.note();
                        db::rows(&self.shared.db, sql, again).await.map_err(db::store_error)
                    }
                    Err(fault) => Err(fault.into_error()),
                }
            })
            .await
    }

    /// The first row of a statement that only reads.
    async fn row(&self, sql: &str, values: Values) -> Result<Option<QueryResult>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.shared.follower.stop();
    }
}

/// No id has a U+0000, which the engine refuses.
fn is_text(text: &str) -> bool {
    !text.contains('\0')
}

impl Store for PostgresStore {
    fn ensure_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutReport, StoreError>> {
        Box::pin(async move {
            let session = self.session().await?;
            let result = migrate::ensure(&session, models).await;
            session.close().await;
            let (models, report) = result?;
            *self.shared.models.write().unwrap_or_else(PoisonError::into_inner) = models;
            follow::start(&self.shared).await?;
            Ok(report)
        })
    }

    fn commit(&self, changes: ChangeSet) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async move { self.run_commit(&changes).await })
    }

    fn head<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>> {
        Box::pin(async move {
            if !is_text(resource_id) {
                return Ok(None);
            }
            let models = self.models();
            let found = self.row(&models.get(model)?.texts.head, values![resource_id]).await?;
            found.as_ref().map(|row| Ok(Columns::of(row)?.head()?.to_owned())).transpose()
        })
    }

    fn find_unique<'a>(
        &'a self,
        model: ModelIndex,
        unique: usize,
        values: &'a [IndexValue],
    ) -> BoxFuture<'a, Result<Option<Head>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let owner = apply::owner(&self.shared.db, models.get(model)?, unique, values);
            self.shared.answered(&self.shared.losses, owner).await
        })
    }

    fn revision(
        &self,
        model: ModelIndex,
        pk: i64,
        seq: i64,
    ) -> BoxFuture<'_, Result<Option<Revision>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let found = self.row(&models.get(model)?.texts.revision, values![pk, seq]).await?;
            found.as_ref().map(|row| Ok(Columns::of(row)?.revision()?.to_owned())).transpose()
        })
    }

    fn timeline<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Timeline>, StoreError>> {
        Box::pin(Watched::new(&self.shared.losses, async move {
            if !is_text(resource_id) {
                return Ok(None);
            }
            let models = self.models();
            let texts = &models.get(model)?.texts;
            let limit = self.shared.options.statement_timeout.as_millis();
            let transaction = db::one_moment(&self.shared.db, limit).await.map_err(db::store_error)?;
            let found = read_timeline(&transaction, texts, resource_id).await;
            let _ = transaction.rollback().await;
            found
        }))
    }

    fn search(&self, search: Search, mut visit: Visit) -> BoxFuture<'_, Result<PageEnd, StoreError>> {
        Box::pin(async move { self.run_search(&search, &mut *visit).await })
    }

    fn count(
        &self,
        model: ModelIndex,
        predicate: Arc<Predicate>,
        freshness: Freshness,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { self.run_count(model, &predicate, freshness).await })
    }

    fn cascaded(&self, model: ModelIndex, pk: i64) -> BoxFuture<'_, Result<Vec<CascadeMember>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let found = self.rows(&models.get(model)?.texts.members, values![pk]).await?;
            let members: Result<Vec<_>, _> =
                found.iter().map(|row| Columns::of(row)?.member(&models)).collect();
            Ok(members?.into_iter().flatten().collect())
        })
    }

    fn log(&self, request: LogRequest) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { self.read_log(&request).await })
    }

    fn log_end(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(async move {
            follow::settle(&self.shared).await;
            follow::end(&self.shared).await
        })
    }

    fn watch_log(&self) -> watch::Receiver<i64> {
        self.log_end.clone()
    }

    fn subscribe<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let end = self.log_end().await?;
            // Of several that begin at once the first decides.
            let sql = self.models().log().subscribe.clone();
            self.rows(&sql, values![subscriber, end]).await.map(|_| ())
        })
    }

    fn lead<'a>(
        &'a self,
        subscriber: &'a str,
        leader: &'a str,
        length: Duration,
    ) -> BoxFuture<'a, Result<Option<i64>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
            let values = values![subscriber, leader, length];
            if self.row(&models.log().lead, values).await?.is_none() {
                return Ok(None);
            }
            // Behind the statement: who had the lead before may have noted something while that waited.
            Ok(Some(self.acknowledged(subscriber).await?.unwrap_or(0)))
        })
    }

    fn resign<'a>(&'a self, subscriber: &'a str, leader: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let models = self.models();
            self.rows(&models.log().resign, values![subscriber, leader]).await.map(|_| ())
        })
    }

    fn acknowledge<'a>(
        &'a self,
        subscriber: &'a str,
        position: i64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let models = self.models();
            // Once or twice is the same.
            let sql = models.log().acknowledge.as_str();
            self.rows(sql, values![subscriber, position]).await.map(|_| ())
        })
    }

    fn acknowledged<'a>(&'a self, subscriber: &'a str) -> BoxFuture<'a, Result<Option<i64>, StoreError>> {
        Box::pin(async move {
            let found = self.row(&self.models().log().acknowledged, values![subscriber]).await?;
            found.as_ref().map(|row| Columns::of(row)?.integer(0)).transpose()
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.follower.stop();
            if !self.shared.foreign {
                // It waits for the statements that are running.
                let _ = self.shared.db.close_by_ref().await;
                if let Some(replica) = &self.shared.replica {
                    replica.close().await;
                }
            }
            Ok(())
        })
    }
}

async fn read_timeline(
    on: &impl ConnectionTrait,
    texts: &HeadTexts,
    resource_id: &str,
) -> Result<Option<Timeline>, StoreError> {
    let found = db::row(on, texts.head.as_str(), values![resource_id]).await.map_err(db::store_error)?;
    let Some(found) = found else { return Ok(None) };
    let head = Columns::of(&found)?.head()?.to_owned();
    let found = db::rows(on, texts.history.as_str(), values![head.pk]).await.map_err(db::store_error)?;
    let history: Result<_, StoreError> =
        found.iter().map(|row| Ok(Columns::of(row)?.revision()?.to_owned())).collect();
    Ok(Some((head, history?)))
}
