//! The writer without its thread, so that its connection can be prepared for a failure.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::super::Shared;
use super::super::pool::Pool;
use super::super::tests::fixture::{USER, USUAL, revision};
use super::{Job, Writer};
use crate::change::{Change, ChangeSet, NewHead};
use crate::json::index_row;
use crate::store::{CommitError, SqliteOptions, StoreError};

fn writer(folder: &TempDir) -> Writer {
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let pool = Pool::new(options.clone());
    let mut writer = Writer::open(Arc::new(Shared { pool, options, folder: Mutex::new(None) })).unwrap();
    writer.layout(vec![&USUAL]).unwrap();
    writer
}

/// Commits one group of creations and gives back what each caller is told.
fn commit(writer: &mut Writer, payloads: &[(&str, &str)]) -> Vec<Result<(), CommitError>> {
    let (mut jobs, answers): (Vec<_>, Vec<_>) = payloads.iter().map(|(id, json)| job(id, json)).unzip();
    writer.commit(&mut jobs);
    answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
}

fn job(id: &str, json: &str) -> (Job, oneshot::Receiver<Result<(), CommitError>>) {
    let new = NewHead {
        model: USER,
        resource_id: id.to_owned(),
        revision: revision(1, None, json),
        index: index_row(&USUAL, json.as_bytes()).unwrap(),
    };
    let (reply, answer) = oneshot::channel();
    let changes = ChangeSet { changes: vec![Change::Create(Box::new(new))] };
    (Job { changes, reply }, answer)
}

fn pragma(writer: &Writer, text: &str) {
    writer.open.as_ref().unwrap().execute_batch(&format!("PRAGMA {text}")).unwrap();
}

fn is_unavailable(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Store(StoreError::Unavailable(_))))
}

#[test]
fn a_panic_costs_its_step_and_not_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    pragma(&writer, "user_version");
    let result: Result<(), _> = writer.guarded(|writer| {
        writer.open.as_ref().unwrap().execute_batch("BEGIN IMMEDIATE; DELETE FROM h_user").unwrap();
        panic!("a bug")
    });
    assert!(matches!(result, Err(StoreError::Internal(_))));
    assert!(commit(&mut writer, &[("user:1", "{}")]).iter().all(Result::is_ok));
}

#[test]
fn a_full_disk_fails_the_whole_group_and_spares_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let big = format!(r#"{{"name":"{}"}}"#, "x".repeat(1 << 20));
    // The engine's own limit stands for the end of the disk.
    pragma(&writer, "max_page_count = 60");
    let results = commit(&mut writer, &[("user:1", "{}"), ("user:2", &big), ("user:3", "{}")]);
    assert!(results.iter().all(is_unavailable), "{results:?}");
    assert!(commit(&mut writer, &[("user:1", "{}")]).iter().all(Result::is_ok));
    pragma(&writer, "max_page_count = 4294967294");
    assert!(commit(&mut writer, &[("user:2", &big)]).iter().all(Result::is_ok));
}

#[test]
fn a_transaction_left_open_does_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    pragma(&writer, "user_version; BEGIN IMMEDIATE");
    assert!(!commit(&mut writer, &[("user:1", "{}")]).iter().any(Result::is_ok));
    assert!(commit(&mut writer, &[("user:1", "{}")]).iter().all(Result::is_ok));
}

#[test]
fn an_idle_writer_moves_the_log_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    assert!(commit(&mut writer, &[("user:1", "{}")]).iter().all(Result::is_ok));
    assert!(writer.logged);
    writer.empty_log();
    assert!(!writer.logged);
    // The file alone, without its log, has everything.
    let copy = folder.path().join("copy.db");
    std::fs::copy(folder.path().join("app.db"), &copy).unwrap();
    let alone = rusqlite::Connection::open(copy).unwrap();
    let rows: i64 = alone.query_row("SELECT count(*) FROM h_user", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_reader_of_older_pages_keeps_the_log_for_another_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let reader = rusqlite::Connection::open(folder.path().join("app.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM h_user").unwrap();
    assert!(commit(&mut writer, &[("user:1", "{}")]).iter().all(Result::is_ok));
    writer.empty_log();
    assert!(writer.logged);
    reader.execute_batch("COMMIT").unwrap();
    writer.empty_log();
    assert!(!writer.logged);
}
