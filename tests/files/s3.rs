//! The suite over the S3 protocol, against a server that checks signatures, and what happens when it fails.

mod server;

use std::sync::Arc;

use serde_json::{Value, json};
use specstar::runtime::blob::{CollectOptions, UploadSettings};

use self::server::{Server, Trouble};
use crate::cases::Place;
use crate::cases::sessions::{begun, path};
use crate::common::{TestApp, User};
use crate::form::{file_id, noise, part, upload};

async fn bucket() -> Place {
    let server = Server::start().await;
    Place::new(server.storage(server::SECRET), Arc::new(server))
}

on_every_storage!(bucket());

async fn app(server: &Server) -> (Place, TestApp) {
    let place = Place::new(server.storage(server::SECRET), Arc::new(()));
    let app = place.app().await;
    (place, app)
}

#[tokio::test]
async fn requests_that_fail_once_are_made_again() {
    let server = Server::start().await;
    let (_, app) = app(&server).await;
    for trouble in [Trouble::Error, Trouble::Cut] {
        server.fail(trouble, 2);
        let bytes = noise(1, 1_000);
        upload(&app.user("ann"), "a/b", &bytes).await.ok();
        app.user("ann").get(&format!("/blobs/{}", file_id(&bytes))).await.is(200);
        assert_eq!(server.failures_left(), 0);
    }
}

#[tokio::test]
async fn a_storage_that_is_away_is_503_and_nothing_counts_as_stored() {
    let server = Server::start().await;
    let (place, app) = app(&server).await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({})).await;
    part(&ann, &session, 1, b"one ").await.ok();
    let (small, large) = (noise(2, 1_000), noise(3, 11 << 20));
    for trouble in [Trouble::Error, Trouble::Cut] {
        for bytes in [&small, &large] {
            server.fail(trouble, usize::MAX);
            upload(&ann, "a/b", bytes).await.refused(503, "unavailable");
            part(&ann, &session, 2, bytes).await.refused(503, "unavailable");
            ann.post("/document", json!({"title": "d", "file": {"data": "eA=="}})).await.is(503);
            ann.ask("POST", &format!("{}/finalize", path(&session))).await.refused(503, "unavailable");
            server.fail(trouble, 0);
            ann.get(&format!("/blobs/{}", file_id(bytes))).await.is(404);
            let shown = ann.get(&path(&session)).await.ok();
            assert_eq!((&shown["status"], &shown["parts_received"]), (&json!("uploading"), &json!([1])));
            assert_eq!(ann.get("/document/count").await.ok(), 0);
        }
    }
    // The same requests work once it is back.
    part(&ann, &session, 2, b"two").await.ok();
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    assert_eq!(file["file_id"], file_id(b"one two"));
    upload(&ann, "a/b", &large).await.ok();
    let read = ann.get(&format!("/blobs/{}", file_id(&large))).await.is(200);
    assert!(read.bytes() == large, "all of it is read back");
    app.app().collect_blobs(&CollectOptions::default()).await.expect("it is collected");
    assert_eq!(place.objects().await, 2);
}

#[tokio::test]
async fn a_storage_that_goes_away_in_the_middle_of_an_upload_leaves_nothing() {
    let server = Server::start().await;
    let (place, app) = app(&server).await;
    let ann = app.user("ann");
    let bytes = noise(4, 17 << 20);
    // Each of the requests of an upload in several parts is the first that fails, one after the other.
    for good in 0..5 {
        server.fail_after(good, Trouble::Error, usize::MAX);
        let answer = upload(&ann, "a/b", &bytes).await;
        server.fail(Trouble::Error, 0);
        if answer.status() == 200 {
            assert!(good > 3, "an upload takes more than {good} requests");
            break;
        }
        answer.refused(503, "unavailable");
        ann.get(&format!("/blobs/{}", file_id(&bytes))).await.is(404);
        assert_eq!(place.objects().await, 0, "after {good} requests");
    }
    upload(&ann, "a/b", &bytes).await.ok();
}

#[tokio::test]
async fn a_download_that_breaks_off_is_no_whole_answer() {
    let server = Server::start().await;
    let (_, app) = app(&server).await;
    let ann = app.user("ann");
    let bytes = noise(5, 100_000);
    upload(&ann, "a/b", &bytes).await.ok();
    let file = format!("/blobs/{}", file_id(&bytes));
    server.fail(Trouble::Error, usize::MAX);
    ann.get(&file).await.refused(503, "unavailable");
    server.fail(Trouble::Error, 0);
    ann.get(&file).await.is(200);
}

#[tokio::test]
async fn a_wrong_secret_is_a_fault_of_the_server_and_tells_nothing() {
    let server = Server::start().await;
    let place = Place::new(server.storage("wrong"), Arc::new(()));
    let app = place.app().await;
    let answer = upload(&app.user("ann"), "a/b", b"x").await;
    assert_eq!(answer.status(), 500, "{answer}");
    assert!(!answer.text().contains("ignature") && !answer.text().contains("127.0.0.1"), "{answer}");
    assert_eq!(Place::new(server.storage(server::SECRET), Arc::new(())).objects().await, 0);
}

/// Begins a session whose bytes go to the storage, and gives its id and the address.
async fn single_put(user: &User, announced: Value) -> (String, String) {
    let mut announced = announced;
    announced["upload_method"] = "single_put".into();
    let session = user.post("/blobs/upload-sessions", announced).await.ok();
    assert_eq!(session["upload_method"], "single_put");
    let text = |name: &str| session[name].as_str().expect("a text").to_owned();
    (text("upload_id"), text("upload_url"))
}

async fn put(address: &str, bytes: &[u8]) -> u16 {
    let request = crate::common::client().put(address).body(bytes.to_vec());
    request.send().await.expect("it answers").status().as_u16()
}

#[tokio::test]
async fn bytes_go_to_the_storage_itself_and_are_verified() {
    let server = Server::start().await;
    let (place, app) = app(&server).await;
    let ann = app.user("ann");
    let bytes = noise(6, 3_000_000);
    let checksum = format!("blake3:{}", blake3::hash(&bytes).to_hex());
    let announced = json!({"size": bytes.len(), "checksum": checksum, "content_type": "video/mp4"});
    let (session, address) = single_put(&ann, announced).await;
    assert!(address.starts_with("http://127.0.0.1") && address.contains("X-Amz-Signature"), "{address}");
    let finalize = format!("{}/finalize", path(&session));
    ann.ask("POST", &finalize).await.refused(409, "nothing has been uploaded");
    part(&ann, &session, 1, b"x").await.refused(409, "upload_url");
    assert_eq!(put(&address, &bytes).await, 200);
    assert_eq!(ann.get(&path(&session)).await.ok()["status"], "pending");
    let file = ann.ask("POST", &finalize).await.ok();
    let expected = json!({"file_id": file_id(&bytes), "size": bytes.len(), "content_type": "video/mp4"});
    assert_eq!(file, expected);
    ann.ask("POST", &finalize).await.refused(409, "finalized");
    let shown = ann.get(&path(&session)).await.ok();
    assert_eq!((&shown["status"], &shown["upload_url"]), (&json!("finalized"), &json!("")));
    // The address is still valid, and changes nothing any more.
    assert_eq!(put(&address, b"something else").await, 200);
    let read = ann.get(&format!("/blobs/{}", file_id(&bytes))).await.is(200);
    assert!(read.bytes() == bytes, "the file is what it was");
    assert_eq!(place.objects().await, 2);
    // What was put there afterwards goes when the address is not valid any more.
    let ann = ann.at("2024-05-01T12:00:00Z");
    let (session, address) = single_put(&ann, json!({})).await;
    ann.ask("POST", &format!("{}/abort", path(&session))).await.is(204);
    drop(address);
    app.app().collect_blobs(&CollectOptions::default()).await.expect("it is collected");
}

#[tokio::test]
async fn what_was_put_must_be_what_was_announced() {
    let server = Server::start().await;
    let (place, app) = app(&server).await;
    let ann = app.user("ann");
    for (announced, reason) in [
        (json!({"size": 1000}), "5 bytes were uploaded, 1000 were announced"),
        (json!({"checksum": format!("sha256:{}", "0".repeat(64))}), "checksum"),
    ] {
        let (session, address) = single_put(&ann, announced).await;
        assert_eq!(put(&address, b"five!").await, 200);
        ann.ask("POST", &format!("{}/finalize", path(&session))).await.refused(409, reason);
        assert_eq!(ann.get(&path(&session)).await.ok()["status"], "pending");
        ann.get(&format!("/blobs/{}", file_id(b"five!"))).await.is(404);
        ann.ask("POST", &format!("{}/abort", path(&session))).await.is(204);
    }
    assert_eq!(place.objects().await, 0);
    let (_, address) = single_put(&ann, json!({})).await;
    let forged = address.replace("X-Amz-Signature=", "X-Amz-Signature=0");
    assert!([400, 403].contains(&put(&forged, b"x").await));
}

#[tokio::test]
async fn an_application_may_prefer_that_bytes_go_to_the_storage() {
    let server = Server::start().await;
    let place = Place::new(server.storage(server::SECRET), Arc::new(()));
    let settings = UploadSettings { single_put: true, ..UploadSettings::default() };
    let app = place.with(|builder| builder.upload_settings(settings)).await;
    let ann = app.user("ann");
    assert_eq!(ann.post("/blobs/upload-sessions", json!({})).await.ok()["upload_method"], "single_put");
    let proxy = ann.post("/blobs/upload-sessions", json!({"upload_method": "proxy"})).await.ok();
    assert_eq!(proxy["upload_method"], "proxy");
}
