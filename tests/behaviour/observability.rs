//! What an application tells those who run it: whether it lives, whether it is ready, and what it does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use crate::common::database::is_postgres;
use crate::common::{TestApp, eventually};
use crate::resources;
use crate::watched::watched;

#[tokio::test]
async fn an_application_that_serves_is_alive_and_ready() {
    let app = TestApp::new(resources()).await;
    // Nobody is asked who he is.
    let somebody = app.user("");
    assert_eq!(somebody.get("/health").await.ok(), json!({"status": "ok"}));
    let ready = somebody.get("/ready").await;
    assert_eq!(ready.ok(), json!({"status": "ready"}));
    assert_eq!(ready.header("cache-control").as_deref(), Some("no-store"));
    somebody.post("/ready", json!({})).await.refused(405, "");
    let document = somebody.get("/openapi.json").await.ok();
    assert!(document["paths"].get("/health").is_none() && document["paths"].get("/ready").is_none());
}

#[tokio::test]
async fn the_base_path_does_not_stand_before_health() {
    let app = TestApp::with(resources(), |builder| builder.base_path("/v1")).await;
    let ann = app.user("ann");
    ann.get("/health").await.ok();
    ann.get("/ready").await.ok();
    ann.get("/v1/note").await.ok();
    ann.get("/v1/health").await.refused(404, "");
    let taken = specstar::app::SpecStar::builder().open_access().resources(resources()).base_path("/ready");
    let refused = crate::common::database::on(taken, app.folder().path()).build().await;
    assert!(refused.expect_err("the path is taken").to_string().contains("`ready` is not a base path"));
}

#[tokio::test]
async fn an_application_that_ends_is_not_ready_and_still_alive() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.get("/ready").await.ok();
    app.app().close().await.expect("it closes");
    let answer = ann.get("/ready").await.is(503).json();
    assert_eq!((&answer["status"], &answer["checks"]["serving"]), (&json!("unavailable"), &json!("stopping")));
    assert_eq!(ann.get("/health").await.ok(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_store_that_never_answers_is_not_ready_within_the_limit() {
    let folder = Arc::new(tempfile::TempDir::new().expect("a temporary folder"));
    crate::common::database::prepare(folder.path());
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| builder.store(store)).await;
    let ann = app.user("ann");
    ann.get("/ready").await.ok();
    reads.is_stuck.store(true, Ordering::Relaxed);
    let asked = std::time::Instant::now();
    let answer = ann.get("/ready").await.is(503).json();
    assert_eq!(answer, json!({"status": "unavailable", "checks": {"serving": "ok", "store": "timeout"}}));
    assert!(asked.elapsed().as_secs() < 10, "{:?}", asked.elapsed());
    ann.get("/health").await.ok();
    reads.is_stuck.store(false, Ordering::Relaxed);
    ann.get("/ready").await.ok();
}

#[tokio::test]
async fn a_database_file_that_is_away_is_not_ready_until_it_is_back() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let aside = app.file().with_extension("aside");
    std::fs::rename(app.file(), &aside).expect("it moves");
    eventually("the loss is noticed", || async { ann.get("/ready").await.status() == 503 }).await;
    let answer = ann.get("/ready").await.is(503);
    assert_eq!(answer.json()["checks"], json!({"serving": "ok", "store": "unavailable"}));
    assert!(!answer.text().contains("app.db"), "{answer}");
    ann.get("/health").await.ok();
    std::fs::rename(&aside, app.file()).expect("it moves back");
    eventually("it is found again", || async { ann.get("/ready").await.status() == 200 }).await;
}
