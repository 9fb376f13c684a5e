//! A database file that is lost, or that somebody else has locked. There is none on PostgreSQL, where the connections
//! are what is lost.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use specstar::store::{SqliteOptions, SqliteStore};

use crate::common::database::is_postgres;
use crate::common::process::Process;
use crate::common::talk::Answer;
use crate::common::{TestApp, assert_sound, eventually};
use crate::resources;

#[track_caller]
fn unavailable(answer: &Answer) {
    let answer = answer.refused(503, "temporarily unavailable");
    let wait = answer.header("retry-after").expect("it says when to come back");
    assert!(wait.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{answer}");
    for secret in ["sqlite", "app.db", "/tmp", "SELECT", "no such"] {
        assert!(!answer.text().to_lowercase().contains(&secret.to_lowercase()), "{answer}");
    }
}

/// One of each kind of access.
async fn asks(app: &TestApp, note: &str) -> Vec<Answer> {
    let ann = app.user("ann");
    vec![
        ann.get(note).await,
        ann.get("/note").await,
        ann.get("/note/count").await,
        ann.get(&format!("{note}/revision-list")).await,
        ann.post("/note", json!({"title": "new"})).await,
        ann.put(note, json!({"title": "new"})).await,
        ann.patch(note, json!({"title": "newer"})).await,
        ann.put("/note/mine", json!({"title": "new"})).if_none_match("*").await,
        ann.ask("POST", &format!("{note}/switch/1")).await,
        ann.delete(note).await,
        ann.delete("/note").await,
        ann.ask("POST", "/note/restore").await,
    ]
}

#[tokio::test]
async fn a_lost_file_is_503_until_it_is_back() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    ann.put(&note, json!({"title": "b"})).await.ok();
    let before = app.picture(&["note"]).await;
    let aside = app.file().with_extension("aside");
    for _ in 0..3 {
        std::fs::rename(app.file(), &aside).expect("it moves");
        // The file is looked for now and then, not before every read.
        eventually("reads notice the loss", || async { ann.get(&note).await.status() == 503 }).await;
        for answer in asks(&app, &note).await {
            unavailable(&answer);
        }
        assert!(!app.file().exists(), "no empty file takes its place");
        std::fs::rename(&aside, app.file()).expect("it moves back");
        ann.get(&note).await.ok();
        assert_eq!(app.picture(&["note"]).await, before);
    }
    for answer in asks(&app, &note).await {
        assert!([200, 404].contains(&answer.status()), "{answer}");
    }
    assert_sound(&app.file());
}

#[tokio::test]
async fn the_first_request_after_the_file_is_back_may_be_a_write() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let aside = app.file().with_extension("aside");
    std::fs::rename(app.file(), &aside).expect("it moves");
    unavailable(&ann.post("/note", json!({"title": "lost"})).await);
    std::fs::rename(&aside, app.file()).expect("it moves back");
    ann.put(&note, json!({"title": "b"})).await.ok();
    assert_eq!(ann.get("/note/count").await.ok(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_503_until_the_database_is_back() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    let aside = app.file().with_extension("aside");
    std::fs::rename(app.file(), &aside).expect("it moves");
    std::fs::write(app.file(), "no database, but longer than the header of one: ".repeat(100))
        .expect("it writes");
    eventually("reads notice the other file", || async { ann.get(&note).await.status() == 503 }).await;
    for answer in asks(&app, &note).await {
        unavailable(&answer);
    }
    std::fs::rename(&aside, app.file()).expect("it moves back");
    eventually("the database is found again", || async { ann.get(&note).await.status() == 200 }).await;
    assert_eq!(app.picture(&["note"]).await, before);
    ann.put(&note, json!({"title": "b"})).await.ok();
    assert_sound(&app.file());
}

/// An application that waits only a moment for a lock.
async fn impatient() -> TestApp {
    let folder = Arc::new(tempfile::TempDir::new().expect("a temporary folder"));
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(100),
        ..SqliteOptions::new(folder.path().join("app.db"))
    };
    let store = SqliteStore::open(options).expect("it opens");
    TestApp::on(folder, resources(), |builder| builder.store(Arc::new(store))).await
}

#[tokio::test]
async fn a_lock_of_another_process_is_503_until_it_is_given_back() {
    if is_postgres() {
        return;
    }
    let app = impatient().await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    let lock = locked(&app.file()).await;
    unavailable(&ann.post("/note", json!({"title": "b"})).await);
    unavailable(&ann.put(&note, json!({"title": "b"})).await);
    unavailable(&ann.patch(&note, json!({"title": "b"})).await);
    unavailable(&ann.delete(&note).await);
    assert_eq!(app.picture(&["note"]).await, before, "reads go on");
    tokio::task::spawn_blocking(|| lock.finish()).await.expect("it ends");
    ann.put(&note, json!({"title": "c"})).await.ok();
    assert_eq!(ann.get(&format!("{note}/data")).await.ok()["title"], "c");
}

#[tokio::test]
async fn a_process_that_dies_with_a_lock_does_not_keep_it() {
    if is_postgres() {
        return;
    }
    let app = impatient().await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let mut lock = locked(&app.file()).await;
    unavailable(&ann.put(&note, json!({"title": "b"})).await);
    lock.kill();
    ann.put(&note, json!({"title": "c"})).await.ok();
    assert_sound(&app.file());
}

#[tokio::test]
async fn a_short_lock_is_waited_for() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let lock = locked(&app.file()).await;
    let write = tokio::spawn(ann.put(&note, json!({"title": "b"})).into_future());
    let reads = Instant::now();
    while reads.elapsed() < Duration::from_millis(200) {
        ann.get(&note).await.ok();
        assert!(!write.is_finished(), "it waits for the lock");
    }
    tokio::task::spawn_blocking(|| lock.finish()).await.expect("it ends");
    write.await.expect("it is answered").ok();
}

async fn locked(file: &Path) -> Process {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || Process::start("exclusive lock", &file)).await.expect("it starts")
}
