//! Processes that die while files are uploaded.

use serde_json::json;
use specstar::datetime::Timestamp;
use specstar::runtime::upload::rules::{self, Claim};
use specstar::store::UploadChanged;
use tempfile::TempDir;

use crate::cases::sessions::{begun, path};
use crate::common::process::Process;
use crate::common::{TestApp, User, client, database};
use crate::form::{file_id, noise, part};
use crate::resources;

#[tokio::test]
async fn an_answered_part_survives_the_death_of_the_process() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("app.db");
    let bytes = noise(1, 600_000);
    let mut server = Process::start("server", &file);
    let ann = User::new(client(), &server.said, "ann");
    let session = begun(&ann, json!({"size": bytes.len(), "total_parts": 2})).await;
    part(&ann, &session, 2, &bytes[400_000..]).await.ok();
    server.kill();
    let mut server = Process::start("server", &file);
    let ann = User::new(client(), &server.said, "ann");
    let shown = ann.get(&path(&session)).await.ok();
    assert_eq!((&shown["status"], &shown["parts_received"]), (&json!("uploading"), &json!([2])));
    part(&ann, &session, 1, &bytes[..400_000]).await.ok();
    let stored = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    server.kill();
    let server = Process::start("server", &file);
    let ann = User::new(client(), &server.said, "ann");
    assert_eq!(stored["file_id"], file_id(&bytes));
    let read = ann.get(&format!("/blobs/{}", file_id(&bytes))).await.is(200);
    assert!(read.bytes() == bytes, "the file is whole");
    server.finish();
}

#[tokio::test]
async fn a_finalize_whose_process_died_is_taken_over_when_its_lease_is_over() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({})).await;
    part(&ann, &session, 1, b"left behind").await.ok();
    // Another process has claimed the session, and says nothing any more.
    let other = database::store(app.folder().path());
    let upload = other.upload(&session).await.expect("read").expect("a session");
    let now = Timestamp::now();
    let lease_until = Timestamp(now.0 + 60_000_000);
    let Ok(Claim::Work(claim)) = rules::claim(&upload, None, now, lease_until) else { panic!("it is open") };
    assert_eq!(other.change_upload(claim).await.expect("written"), UploadChanged::Applied);
    let finalize = format!("{}/finalize", path(&session));
    ann.ask("POST", &finalize).await.refused(409, "being finalized");
    part(&ann, &session, 2, b"x").await.refused(409, "being finalized");
    ann.ask("POST", &format!("{}/abort", path(&session))).await.refused(409, "being finalized");
    assert_eq!(ann.get(&path(&session)).await.ok()["status"], "finalizing");
    let later = ann.at(&Timestamp(now.0 + 61_000_000).to_string());
    let stored = later.ask("POST", &finalize).await.ok();
    assert_eq!(stored["file_id"], file_id(b"left behind"));
}
