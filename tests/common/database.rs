//! The engine that the suite runs on, and a look into its database beside the application.
//!
//! The same suite runs on each engine: as `behaviour` on SQLite, and as `behaviour_postgres` on PostgreSQL.
//! `SPECSTAR_TEST_ENGINE=postgres` has the other suites run on PostgreSQL too, as far as they can.

use std::path::Path;
use std::sync::Arc;

use specstar::app::SpecStarBuilder;
use specstar::store::{SqliteOptions, SqliteStore, Store, Synchronous};

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
    #[cfg(feature = "postgres")]
    if is_postgres() {
        let blobs = specstar::blob::BlobStorage::folder(folder.join("app.db.blobs"));
        return builder.postgres_with(options(folder)).blobs(blobs);
    }
    builder.sqlite_with(file(folder))
}

/// How the file of a folder is opened. Only processes end in these suites, never the machine: what was committed is
/// there without a wait for the disk too, which may be long on one that others use. The suite of crashes is about what
/// the defaults promise.
fn file(folder: &Path) -> SqliteOptions {
    let synchronous =
        if env!("CARGO_CRATE_NAME").starts_with("crash") { Synchronous::Full } else { Synchronous::Normal };
    SqliteOptions { synchronous, ..SqliteOptions::new(folder.join("app.db")) }
}

/// Many applications share the connections of one server, and its disk.
#[cfg(feature = "postgres")]
fn options(folder: &Path) -> specstar::store::PostgresOptions {
    let url = super::postgres::url(folder);
    specstar::store::PostgresOptions {
        max_connections: 6,
        statement_timeout: std::time::Duration::from_secs(30),
        connect_timeout: std::time::Duration::from_secs(15),
        // The transactions of all tests hide those of each.
        log_timeout: std::time::Duration::from_secs(20),
        ..specstar::store::PostgresOptions::new(url)
    }
}

/// The store alone.
pub(crate) fn store(folder: &Path) -> Arc<dyn Store> {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        let store = specstar::store::PostgresStore::open(options(folder));
        return Arc::new(store.expect("it opens"));
    }
    Arc::new(SqliteStore::open(file(folder)).expect("it opens"))
}

/// Everything that is stored, as bytes of some kind in which texts are found.
pub(crate) fn contents(folder: &Path) -> Vec<u8> {
    if is_postgres() {
        return row(folder, "SELECT schema_to_xml(current_schema(), true, false, '')::text")
            .concat()
            .into_bytes();
    }
    let mut contents = Vec::new();
    for file in std::fs::read_dir(folder).expect("a folder") {
        contents.extend(std::fs::read(file.expect("a file").path()).expect("readable"));
    }
    contents
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
    rows(folder, sql).into_iter().next().expect("a row")
}

/// The rows of a statement, as texts.
pub(crate) fn rows(folder: &Path, sql: &str) -> Vec<Vec<String>> {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        use super::postgres::{blocking, run, url};
        let rows = blocking(run(url(folder), sql.to_owned())).expect("it runs");
        let text = |row: &specstar::sea_orm::QueryResult, at| match row.try_get_by_index::<String>(at) {
            Ok(text) => text,
            Err(_) => row.try_get_by_index::<i64>(at).expect("a number").to_string(),
        };
        return rows
            .iter()
            .map(|row| (0..row.column_names().len()).map(|at| text(row, at)).collect())
            .collect();
    }
    let connection = rusqlite::Connection::open(folder.join("app.db")).expect("the file opens");
    let mut statement = connection.prepare(sql).expect("a statement");
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>, at: usize| match row.get_ref(at)? {
        rusqlite::types::ValueRef::Integer(number) => Ok(number.to_string()),
        _ => row.get::<_, String>(at),
    };
    let rows = statement.query_map([], |row| (0..columns).map(|at| text(row, at)).collect()).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

/// Makes the database of a folder, for processes that are started on it.
pub(crate) fn prepare(folder: &Path) {
    #[cfg(feature = "postgres")]
    if is_postgres() {
        super::postgres::url(folder);
    }
    let _ = folder;
}
