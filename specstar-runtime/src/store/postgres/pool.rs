//! The pools of connections, and which of their connections are still of use.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use super::PostgresOptions;
use crate::store::StoreError;

/// Statements that a connection keeps prepared, unless its URL says otherwise.
const STATEMENTS: usize = 500;

/// For how long a connection that comes back may be that of work that was given up, in milliseconds: it comes at once,
/// where no thread has to wait for the processor. Asking costs a round trip, not asking may cost the connection's place.
const SUSPICION: u64 = 5_000;

/// When a connection was lost last: the others may be as dead and not know it.
#[derive(Debug)]
pub(super) struct Losses {
    start: Instant,
    /// Milliseconds after `start`, 0 for never.
    last: AtomicU64,
    /// The same, of work that was given up with a connection in its hands.
    suspected: AtomicU64,
}

impl Losses {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0), suspected: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    pub(super) fn note(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn suspect(&self) {
        self.suspected.store(self.now(), Ordering::Relaxed);
    }

    /// Whether a connection that comes back now may be that of work that was given up.
    fn is_suspected(&self) -> bool {
        let suspected = self.suspected.load(Ordering::Relaxed);
        suspected != 0 && self.now().saturating_sub(suspected) < SUSPICION
    }

    /// Whether a connection of this age is older than the last loss.
    fn concern(&self, age: Duration) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last != 0 && self.start.elapsed().saturating_sub(age) <= Duration::from_millis(last)
    }
}

/// A pool that connects when it is asked to.
pub(super) fn pool(
    url: &str,
    options: &PostgresOptions,
    losses: &Arc<Losses>,
) -> Result<DatabaseConnection, StoreError> {
    let problem = |error| StoreError::Layout(format!("the URL of the database: {error}"));
    let mut connect = PgConnectOptions::from_str(url).map_err(problem)?.disable_statement_logging();
    if !url.contains("statement-cache-capacity") {
        connect = connect.statement_cache_capacity(STATEMENTS);
    }
    if connect.get_application_name().is_none() {
        connect = connect.application_name("specstar");
    }
    let milliseconds = options.statement_timeout.as_millis().to_string();
    // What a program that is gone holds, rows and the end of the log, is held for half a minute and not for hours.
    let connect = connect.options([
        ("statement_timeout", milliseconds.as_str()),
        ("idle_in_transaction_session_timeout", "30000"),
        // Compiling a statement takes longer than running one of these.
        ("jit", "off"),
        ("tcp_keepalives_idle", "15"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ]);
    // What is still running on it ends within the limit of a statement.
    let limit = options.statement_timeout + Duration::from_secs(1);
    let (acquired, released) = (Arc::clone(losses), Arc::clone(losses));
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections.max(2))
        .acquire_timeout(options.connect_timeout)
        .test_before_acquire(false)
        .before_acquire(move |_, connection| {
            let usable = !acquired.concern(connection.age);
            Box::pin(async move { Ok(usable) })
        })
        .after_release(move |connection, metadata| {
            let usable = !released.concern(metadata.age);
            let asks = usable && released.is_suspected();
            Box::pin(async move {
                if !asks {
                    return Ok(usable);
                }
                // The pool asks without a limit whether it still works, until the operating system gives it up.
                // A commit may take longer, so this says nothing of the others.
                let answer = tokio::time::timeout(limit, connection.ping()).await;
                let nobody = |_| Err(sea_orm::SqlxError::Io(std::io::ErrorKind::TimedOut.into()));
                answer.unwrap_or_else(nobody).map(|()| true)
            })
        })
        .connect_lazy_with(connect);
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}
