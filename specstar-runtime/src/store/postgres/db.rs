//! Statements on a connection, and what an error of the engine means.

use sea_orm::sqlx::{Error, postgres::PgDatabaseError};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, RuntimeErr,
    Statement, TransactionTrait, Value,
};

use crate::store::StoreError;

/// The values of a statement, in order.
pub(super) type Values = Vec<Value>;

/// Collects the values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}
pub(super) use values;

/// Runs a statement, and says how many rows it changed.
pub(super) async fn execute(
    on: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Values,
) -> Result<u64, DbErr> {
    Ok(on.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// Runs statements without values, one after the other.
pub(super) async fn run(on: &impl ConnectionTrait, sql: &str) -> Result<(), DbErr> {
    on.execute_unprepared(sql).await.map(|_| ())
}

/// Every row of a statement that gives few.
pub(super) async fn rows(
    on: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Values,
) -> Result<Vec<QueryResult>, DbErr> {
    on.query_all_raw(statement(sql, values)).await
}

/// The first row of a statement.
pub(super) async fn row(
    on: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Values,
) -> Result<Option<QueryResult>, DbErr> {
    on.query_one_raw(statement(sql, values)).await
}

pub(super) fn statement(sql: impl Into<String>, values: Values) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// A transaction that sees one moment and writes nothing, under a time limit of its own in milliseconds (0 for none).
pub(super) async fn one_moment(
    on: &impl TransactionTrait<Transaction = DatabaseTransaction>,
    limit: u128,
) -> Result<DatabaseTransaction, DbErr> {
    let transaction = on.begin().await?;
    let settings = format!(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = {limit}"
    );
    run(&transaction, &settings).await?;
    Ok(transaction)
}

/// Does something that is no change set in a transaction, and again where it collides with another one. A connection
/// that is lost is not tried again: what became of a commit without an answer is not known.
macro_rules! write {
    ($store:expr, |$on:ident, $models:ident| $work:expr) => {{
        let store: &$crate::store::postgres::PostgresStore = $store;
        let mut tries = 0;
        loop {
            let attempt = async {
                use sea_orm::TransactionTrait as _;
                let $models = store.models();
                let transaction = store.shared.db.begin().await?;
                let $on = &transaction;
                let result: Result<_, $crate::store::postgres::db::Fault> = $work.await;
                match result {
                    Ok(done) => transaction.commit().await.map(|()| done).map_err(Into::into),
                    Err(fault) => {
                        let _ = transaction.rollback().await;
                        Err(fault)
                    }
                }
            };
            match $crate::store::postgres::watched::Watched::new(&store.shared.losses, attempt).await {
                Ok(done) => break Ok(done),
                Err(fault) => store.may_try_again(fault, &mut tries).await?,
            }
        }
    }};
}
pub(super) use write;

/// A name as it stands in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a failed statement asks for.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is no connection: nothing was sent.
    Unreached(StoreError),
    /// The connection is gone: whether the statement was run is not known.
    Lost(StoreError),
    /// It collided with another transaction, which may not be there the next time.
    Collision(StoreError),
    /// A unique index has a value already.
    Duplicate(StoreError),
    /// Anything else.
    Other(StoreError),
}

impl Fault {
    /// What a caller is told.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Unreached(error)
            | Self::Lost(error)
            | Self::Collision(error)
            | Self::Duplicate(error)
            | Self::Other(error) => error,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        match cause(&error) {
            Cause::NoConnection => Self::Unreached(StoreError::Unavailable(text)),
            Cause::Connection => Self::Lost(StoreError::Unavailable(text)),
            Cause::Engine(code) => of_code(&code, text),
            Cause::Program => Self::Other(StoreError::Internal(text)),
        }
    }
}

enum Cause {
    NoConnection,
    Connection,
    /// With its five letters.
    Engine(String),
    Program,
}

fn cause(error: &DbErr) -> Cause {
    let of_driver = match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => {
            return Cause::NoConnection;
        }
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => error,
        DbErr::Conn(_) => return Cause::NoConnection,
        _ => return Cause::Program,
    };
    match of_driver.as_ref() {
        Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => Cause::Engine(error.code().to_owned()),
            None => Cause::Program,
        },
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => Cause::Connection,
        Error::PoolTimedOut | Error::PoolClosed | Error::Configuration(_) => Cause::NoConnection,
        _ => Cause::Program,
    }
}

/// By the classes of the manual's appendix of error codes.
fn of_code(code: &str, text: String) -> Fault {
    match code {
        "57014" => Fault::Other(StoreError::Timeout),
        "54000" => Fault::Other(StoreError::TooLong(text)),
        "23514" | "42703" | "42P01" => Fault::Other(StoreError::Unavailable(format!(
            "the tables are not those that this program was started on, another version may have changed them: {text}"
        ))),
        "23505" => Fault::Duplicate(StoreError::Internal(text)),
        // Serialization failure, deadlock, and a lock that was waited for too long.
        "40001" | "40P01" => Fault::Collision(StoreError::Unavailable(text)),
        // Shut down, crashed, or not yet there: the transaction is gone with the connection.
        // A former primary that only reads now is as gone as one that crashed: its connections are of no more use.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" => Fault::Lost(StoreError::Unavailable(text)),
        // A lock that is not free.
        "55P03" => Fault::Other(StoreError::Unavailable(text)),
        _ => match &code[..2.min(code.len())] {
            // Connection, resources (memory, disk, connections), operating system, damage, and who may connect to what.
            "08" => Fault::Lost(StoreError::Unavailable(text)),
            "53" | "58" | "XX" | "28" | "3D" | "57" => Fault::Other(StoreError::Unavailable(text)),
            _ => Fault::Other(StoreError::Internal(text)),
        },
    }
}

/// A lock was waited for longer than the transaction wanted.
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    matches!(cause(error), Cause::Engine(code) if code == "55P03")
}

/// What an error means where nothing is tried again.
#[allow(clippy::needless_pass_by_value)] // used as a function in `map_err`
pub(super) fn store_error(error: DbErr) -> StoreError {
    Fault::from(error).into_error()
}
