//! Files that are lost, replaced or locked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::fixture::{Db, USER, USUAL};
use crate::store::{CommitError, SqliteOptions, SqliteStore, Store, StoreError};

/// A store in a folder that outlives it.
async fn open(folder: &Path) -> Db {
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(50),
        ..SqliteOptions::new(folder.join("app.db"))
    };
    Db::with(SqliteStore::open(options).unwrap(), &USUAL).await
}

fn is_unavailable<T>(result: &Result<T, CommitError>) -> bool {
    matches!(result, Err(CommitError::Store(StoreError::Unavailable(_))))
}

/// Reads until the answer is as expected: a reader looks for its file from time to time only.
async fn eventually(db: &Db, expected: impl Fn(&Result<Option<crate::meta::Head>, StoreError>) -> bool) {
    let limit = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let result = db.store.head(USER, "user:1").await;
        if expected(&result) {
            return;
        }
        assert!(tokio::time::Instant::now() < limit, "still {result:?}");
        tokio::task::yield_now().await;
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[tokio::test]
async fn a_lost_file_is_unavailable_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    db.create("user:1", r#"{"name":"ann"}"#).await.unwrap();
    let (path, away) = (db.store.path().to_owned(), folder.path().join("away.db"));
    std::fs::rename(&path, &away).unwrap();

    assert!(is_unavailable(&db.create("user:2", "{}").await));
    assert!(!path.exists(), "a lost file must not be replaced by an empty one");
    eventually(&db, |result| matches!(result, Err(StoreError::Unavailable(_)))).await;
    assert!(matches!(db.page(0, 9).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(db.store.ensure_layout(&[&USUAL]).await, Err(StoreError::Unavailable(_))));

    std::fs::rename(&away, &path).unwrap();
    assert_eq!(db.head("user:1").await.version, 1);
    db.create("user:2", "{}").await.unwrap();
    assert_eq!(db.page(0, 9).await.unwrap().0, ["user:1", "user:2"]);
}

#[tokio::test]
async fn a_reader_notices_the_loss_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    db.create("user:1", "{}").await.unwrap();
    let away = folder.path().join("away.db");
    std::fs::rename(db.store.path(), &away).unwrap();
    eventually(&db, |result| matches!(result, Err(StoreError::Unavailable(_)))).await;
    std::fs::rename(&away, db.store.path()).unwrap();
    eventually(&db, |result| matches!(result, Ok(Some(_)))).await;
}

#[tokio::test]
async fn another_file_is_given_the_same_tables() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    db.create("user:1", "{}").await.unwrap();
    let path = db.store.path().to_owned();
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("PRAGMA application_id = 5").unwrap();
    // The log stays behind, as it does when only the file is replaced.
    std::fs::rename(&other, &path).unwrap();

    db.create("user:2", "{}").await.unwrap();
    assert_eq!(db.page(0, 9).await.unwrap().0, ["user:2"]);
    assert_eq!(db.query::<i64>("PRAGMA application_id"), [5]);
    assert_eq!(db.query::<String>("PRAGMA integrity_check"), ["ok"]);
    assert!(beside(&path, "-wal.lost").exists());
}

#[tokio::test]
async fn files_that_take_turns_keep_what_was_committed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    db.create("user:1", "{}").await.unwrap();
    let path = db.store.path().to_owned();
    let (first, second) = (folder.path().join("first.db"), folder.path().join("second.db"));
    Connection::open(&second).unwrap().execute_batch("PRAGMA application_id = 5").unwrap();
    for turn in 0..3 {
        std::fs::rename(&path, &first).unwrap();
        std::fs::rename(&second, &path).unwrap();
        db.create(&format!("second:{turn}"), "{}").await.unwrap();
        assert_eq!(db.page(0, 9).await.unwrap().0.len(), turn + 1);

        std::fs::rename(&path, &second).unwrap();
        std::fs::write(&path, "this is not a database, but some text of its own".repeat(99)).unwrap();
        assert!(is_unavailable(&db.create("user:2", "{}").await));

        std::fs::rename(&first, &path).unwrap();
        db.create(&format!("first:{turn}"), "{}").await.unwrap();
        assert_eq!(db.page(0, 9).await.unwrap().0.len(), turn + 2);
        assert_eq!(db.query::<String>("PRAGMA integrity_check"), ["ok"]);
    }
}

#[tokio::test]
async fn a_locked_file_is_unavailable_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    db.create("user:1", "{}").await.unwrap();
    let other = Connection::open(db.store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(is_unavailable(&db.create("user:2", "{}").await));
    assert_eq!(db.head("user:1").await.version, 1);
    other.execute_batch("ROLLBACK").unwrap();
    db.create("user:2", "{}").await.unwrap();
}

#[tokio::test]
async fn rows_of_another_process_do_not_collide_with_ours() {
    let folder = tempfile::tempdir().unwrap();
    let ours = open(folder.path()).await;
    let theirs = open(folder.path()).await;
    for at in 0..4 {
        ours.create(&format!("ours:{at}"), "{}").await.unwrap();
        theirs.create(&format!("theirs:{at}"), "{}").await.unwrap();
    }
    assert_eq!(ours.page(0, 9).await.unwrap().0.len(), 8);
}

#[test]
fn a_file_that_cannot_be_opened_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let result = SqliteStore::open(SqliteOptions::new(folder.path().join("file/app.db")));
    assert!(matches!(result, Err(StoreError::Unavailable(_))));
    std::fs::write(folder.path().join("text.db"), "this is not a database, but some text of its own")
        .unwrap();
    let result = SqliteStore::open(SqliteOptions::new(folder.path().join("text.db")));
    assert!(matches!(result, Err(StoreError::Unavailable(_))));
}
