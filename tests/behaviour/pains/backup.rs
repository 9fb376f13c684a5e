//! Archives of the reference that are cut, changed, or would break a constraint.

use serde_json::json;
use specstar::prelude::*;

use crate::common::talk::Answer;
use crate::common::{TestApp, User};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct A {
    #[unique]
    email: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct B {
    n: i64,
}

async fn import(user: &User, query: &str, archive: &[u8]) -> Answer {
    user.ask("POST", &format!("/_backup/import{query}"))
        .body("application/octet-stream", archive.to_vec())
        .await
}

/// Three of one type and one of the other, in the format that has no checksums.
async fn archive() -> Vec<u8> {
    let app = TestApp::compat(resources![A, B]).await;
    let root = app.user("root");
    for number in 0..3 {
        root.created("a", json!({"email": format!("e{number}")})).await;
    }
    root.created("b", json!({"n": 1})).await;
    root.get("/_backup/export").await.is(200).bytes().to_vec()
}

/// Where the frames begin, and the end.
fn frames(archive: &[u8]) -> Vec<usize> {
    let (mut at, mut all) = (0, vec![0]);
    while at < archive.len() {
        let length = u32::from_be_bytes(archive[at..at + 4].try_into().expect("four bytes"));
        at += 4 + usize::try_from(length).expect("it fits");
        all.push(at);
    }
    all
}

#[tokio::test]
async fn a_cut_archive_is_refused_and_leaves_nothing() {
    let archive = archive().await;
    let app = TestApp::compat(resources![A, B]).await;
    let root = app.user("root");
    for frame in frames(&archive) {
        for cut in [frame, frame + 9] {
            if cut < archive.len() {
                import(&root, "", &archive[..cut]).await.refused(400, "byte");
            }
        }
    }
    assert_eq!(root.get("/a/count").await.ok(), 0);
    assert_eq!(root.get("/b/count").await.ok(), 0);
}

#[tokio::test]
async fn a_changed_payload_does_not_fit_its_hash() {
    let mut archive = archive().await;
    let at = archive.windows(12).position(|window| window == b"\"email\":\"e0\"").expect("it is there");
    archive[at + 9] = b'Z';
    let app = TestApp::compat(resources![A, B]).await;
    import(&app.user("root"), "", &archive).await.refused(400, "hash");
    assert_eq!(app.user("root").get("/a/count").await.ok(), 0);
}

#[tokio::test]
async fn a_unique_value_stays_unique() {
    let archive = archive().await;
    let app = TestApp::compat(resources![A, B]).await;
    let root = app.user("root");
    root.created("a", json!({"email": "e0"})).await;
    import(&root, "", &archive).await.refused(409, "e0");
    assert_eq!(root.get("/a/count").await.ok(), 1);
    assert_eq!(root.get("/b/count").await.ok(), 0);
}

#[tokio::test]
async fn duplicates_are_409_and_an_empty_file_is_400() {
    let archive = archive().await;
    let app = TestApp::compat(resources![A, B]).await;
    let root = app.user("root");
    import(&root, "", &archive).await.ok();
    import(&root, "?on_duplicate=raise_error", &archive).await.is(409);
    import(&root, "", b"").await.is(400);
}

#[tokio::test]
async fn an_overwrite_leaves_no_later_revisions() {
    let archive = archive().await;
    let app = TestApp::compat(resources![A, B]).await;
    let root = app.user("root");
    import(&root, "", &archive).await.ok();
    let id = root.get("/b").await.ok()[0]["meta"]["resource_id"].as_str().expect("an id").to_owned();
    root.put(&format!("/b/{id}"), json!({"n": 2})).await.ok();
    root.put(&format!("/b/{id}"), json!({"n": 3})).await.ok();
    import(&root, "", &archive).await.ok();
    let meta = root.get(&format!("/b/{id}/meta")).await.ok();
    assert_eq!(meta["total_revision_count"], 1);
    let list = root.get(&format!("/b/{id}/revision-list")).await.ok();
    assert_eq!(list["revisions"].as_array().map(Vec::len), Some(1));
}
