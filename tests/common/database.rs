//! The engine that the suite runs on, and a look into its database beside the application.
//!
//! The same suite runs on each engine: as `behaviour` on SQLite, and as `behaviour_postgres` on PostgreSQL.
//! `SPECSTAR_TEST_ENGINE=postgres` has the other suites run on PostgreSQL too, as far as they can.

use std::path::Path;
use std::sync::Arc;

use specstar::app::SpecStarBuilder;
use specstar::store::{SqliteOptions, SqliteStore, Store};

/// Whether this suite runs on PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    let named = env!("CARGO_CRATE_NAME").ends_with("_postgres");
    let asked = std::env::var("SPECSTAR_TEST_ENGINE").is_ok_and(|engine| engine == "postgres");
    assert!(
        !asked || cfg!(feature = "postgres"),
        "SPECSTAR_TEST_ENGINE=postgres needs the feature `postgres`"
    );
    named || asked
}

/// An application on the database that belongs to a folder.
pub(crate) fn on(builder: SpecStarBuilder, folder: &Path) -> SpecStarBuilder {
    let file = folder.join("app.db");
    #[cfg(feature = "postgres")]
    if is_postgres() {
        let blobs = specstar::blob::BlobStorage::folder(folder.join("app.db.blobs"));
        return builder.database_url(&super::postgres::url(folder)).blobs(blobs);
    }
    builder.sqlite(file)
}

/// The store alone.
pub(crate) fn store(folder: &Path) -> Arc<dyn Store> {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        use specstar::store::{PostgresOptions, PostgresStore};
        let options = PostgresOptions::new(super::postgres::url(folder));
        return Arc::new(PostgresStore::open(options).expect("it opens"));
    }
    Arc::new(SqliteStore::open(SqliteOptions::new(folder.join("app.db"))).expect("it opens"))
}

/// Runs a statement on the database, which both engines understand.
pub(crate) fn execute(folder: &Path, sql: &str) {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        use super::postgres::{blocking, run, url};
        blocking(run(url(folder), sql.to_owned())).expect("it runs");
        return;
    }
    let connection = rusqlite::Connection::open(folder.join("app.db")).expect("the file opens");
    connection.execute(sql, []).expect("it runs");
}

/// The first row of a statement, as texts.
pub(crate) fn row(folder: &Path, sql: &str) -> Vec<String> {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        use super::postgres::{blocking, run, url};
        let rows = blocking(run(url(folder), sql.to_owned())).expect("it runs");
        let row = rows.first().expect("a row");
        let text = |at| match row.try_get_by_index::<String>(at) {
            Ok(text) => text,
            Err(_) => row.try_get_by_index::<i64>(at).expect("a number").to_string(),
        };
        return (0..row.column_names().len()).map(text).collect();
    }
    let connection = rusqlite::Connection::open(folder.join("app.db")).expect("the file opens");
    let mut statement = connection.prepare(sql).expect("a statement");
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>, at: usize| match row.get_ref(at)? {
        rusqlite::types::ValueRef::Integer(number) => Ok(number.to_string()),
        _ => row.get::<_, String>(at),
    };
    statement.query_row([], |row| (0..columns).map(|at| text(row, at)).collect()).expect("a row")
}
