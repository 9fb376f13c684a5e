//! A connection of its own, for what takes long or holds a lock of its connection.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector};

use super::db::store_error;
use crate::store::StoreError;

/// One connection without a time limit. When it breaks, whatever it held is gone, and its statements fail.
#[derive(Debug)]
pub(super) struct Session(DatabaseConnection);

impl Session {
    /// Connects the way these options say.
    pub(super) async fn open(options: &PgConnectOptions, wait: Duration) -> Result<Self, StoreError> {
        let options = options
            .clone()
            .options([("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(wait)
            .connect_with(options)
            .await
            .map_err(|error| store_error(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))?;
        Ok(Self(SqlxPostgresConnector::from_sqlx_postgres_pool(pool)))
    }

    pub(super) const fn db(&self) -> &DatabaseConnection {
        &self.0
    }

    /// Ends the connection, and with it the locks that it holds.
    pub(super) async fn close(self) {
        if let Err(error) = self.0.close_by_ref().await {
            tracing::debug!(%error, "a connection could not be closed");
        }
    }
}
