//! Slow statements of searches and counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::TransactionTrait;

use super::Shared;
use super::db::{rows, run, store_error};
use super::row::Columns;
use super::session::Session;
use crate::store::{StoreError, slow};

/// The longest time that a plan may take.
const EXPLAIN_LIMIT: Duration = Duration::from_secs(10);

/// Measures a statement until it is dropped, however that ends.
pub(super) struct Timed {
    /// `None` when nobody wants to know.
    of: Option<(Arc<Shared>, String, usize)>,
    begun: Instant,
}

impl Timed {
    /// Measures a statement with so many values.
    pub(super) fn new(shared: &Arc<Shared>, sql: &str, values: usize) -> Self {
        let of = shared.slow.are_wanted().then(|| (Arc::clone(shared), sql.to_owned(), values));
        Self { of, begun: Instant::now() }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let Some((shared, sql, values)) = self.of.take() else { return };
        if !shared.slow.has(took) {
            return;
        }
        let runtime = tokio::runtime::Handle::try_current();
        match runtime {
            // On a task of its own, so that the answer does not wait for it.
            Ok(runtime) if shared.slow.is_to_explain(&sql) => {
                let span = tracing::Span::current();
                // One connection beside the pool is enough for this, however many are slow.
                let Ok(turn) = Arc::clone(&shared.explaining).try_acquire_owned() else {
                    return slow::tell(&sql, took, None);
                };
                runtime.spawn(async move {
                    let plan = tokio::time::timeout(EXPLAIN_LIMIT, plan(&shared, &sql, values)).await;
                    let plan = plan.unwrap_or(Err(StoreError::Timeout));
                    let plan = plan.inspect_err(
                        |error| tracing::debug!(%error, "the plan of a slow query was not found out"),
                    );
                    drop(turn);
                    span.in_scope(|| slow::tell(&sql, took, plan.ok().as_deref()));
                });
            }
            _ => slow::tell(&sql, took, None),
        }
    }
}

/// The plan for any values, on a connection of its own: the plan for those of the request would show them.
async fn plan(shared: &Shared, sql: &str, values: usize) -> Result<String, StoreError> {
    let options = shared.db.get_postgres_connection_pool().connect_options();
    let session = Session::open(&options, shared.options.connect_timeout).await?;
    let explained = explain(&session, sql, values).await;
    // The prepared statement goes with it.
    session.close().await;
    explained
}

async fn explain(session: &Session, sql: &str, values: usize) -> Result<String, StoreError> {
    let transaction = session.db().begin().await.map_err(store_error)?;
    let settings = "SET LOCAL statement_timeout = 5000; SET LOCAL plan_cache_mode = force_generic_plan";
    run(&transaction, settings).await.map_err(store_error)?;
    run(&transaction, &format!("PREPARE slow_query AS {sql}")).await.map_err(store_error)?;
    let values = if values == 0 { String::new() } else { format!("({})", vec!["NULL"; values].join(", ")) };
    let explain = format!("EXPLAIN EXECUTE slow_query{values}");
    let found = rows(&transaction, explain, Vec::new()).await.map_err(store_error)?;
    let lines: Result<Vec<String>, _> = found.iter().map(|row| Columns::of(row)?.get(0)).collect();
    Ok(lines?.join("\n"))
}
