//! The writer without its thread, so that its connection can be prepared for a failure.

mod cost;
mod faults;

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::super::Shared;
use super::super::pool::Pool;
use super::super::tests::fixture::{POSTS, USER, USUAL, revision};
use super::{Job, Task, Writer};
use crate::change::{Change, ChangeSet, NewHead};
use crate::json::index_row;
use crate::store::{CommitError, SlowQueries, SqliteOptions, StoreError, StoreMetrics};

fn writer(folder: &TempDir) -> Writer {
    writer_with(SqliteOptions::new(folder.path().join("app.db")))
}

fn writer_with(options: SqliteOptions) -> Writer {
    let pool = Pool::new(options.clone());
    let (metrics, slow) = (StoreMetrics::default(), SlowQueries::default());
    let shared = Shared { pool, options, metrics, slow, folder: Mutex::new(None) };
    let mut writer = Writer::open(Arc::new(shared)).unwrap();
    writer.layout(vec![&USUAL, &POSTS]).unwrap();
    writer
}

/// Commits a group of sets and gives back what each caller is told.
fn commit_sets(
    writer: &mut Writer,
    sets: impl IntoIterator<Item = ChangeSet>,
) -> Vec<Result<(), CommitError>> {
    let (mut jobs, mut answers) = (Vec::new(), Vec::new());
    for set in sets {
        let (reply, answer) = oneshot::channel();
        jobs.push(Job { task: Task::Apply(set), reply });
        answers.push(answer);
    }
    writer.commit(&mut jobs);
    answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
}

/// Commits one group of creations and gives back what each caller is told.
fn commit(writer: &mut Writer, payloads: &[(&str, &str)]) -> Vec<Result<(), CommitError>> {
    commit_sets(writer, payloads.iter().map(|(id, json)| creation(id, json)))
}

fn creation(id: &str, json: &str) -> ChangeSet {
    let new = NewHead {
        job: None,
        model: USER,
        resource_id: id.to_owned(),
        revision: revision(1, None, json),
        index: index_row(&USUAL, json.as_bytes()).unwrap(),
        blobs: Vec::new(),
    };
    ChangeSet::from(vec![Change::Create(Box::new(new))])
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
