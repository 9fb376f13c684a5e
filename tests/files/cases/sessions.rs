//! Upload sessions.

use serde_json::{Value, json};
use specstar::runtime::blob::CollectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cases::Place;
use crate::common::{TestApp, User, eventually};
use crate::form::{file_id, form, noise, part};

/// Begins a session and gives its id.
pub(crate) async fn begun(user: &User, announced: Value) -> String {
    let session = user.post("/blobs/upload-sessions", announced).await.ok();
    session["upload_id"].as_str().expect("an id").to_owned()
}

pub(crate) fn path(session: &str) -> String {
    format!("/blobs/upload-sessions/{session}")
}

async fn state(user: &User, session: &str) -> Value {
    user.get(&path(session)).await.ok()
}

/// Removes what is doomed.
async fn collected(app: &TestApp) {
    app.app().collect_blobs(&CollectOptions::default()).await.expect("it is collected");
}

pub(crate) async fn parts_in_any_order_make_the_file(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let announced = json!({"content_type": "text/plain", "size": 9, "total_parts": 3});
    let session = begun(&ann, announced).await;
    assert_eq!(state(&ann, &session).await["status"], "pending");
    for (number, text, received) in [(3, "ghi", json!([3])), (1, "abc", json!([1, 3]))] {
        let shown = part(&ann, &session, number, text.as_bytes()).await.ok();
        assert_eq!((&shown["status"], &shown["parts_received"]), (&json!("uploading"), &received));
    }
    ann.ask("POST", &format!("{}/finalize", path(&session))).await.refused(409, "2 parts were uploaded");
    let raw = format!("{}/content?part_number=2", path(&session));
    ann.ask("PUT", &raw).body("application/octet-stream", "def").await.ok();
    assert_eq!(state(&ann, &session).await["uploaded_size"], 9);
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    let expected = json!({"file_id": file_id(b"abcdefghi"), "size": 9, "content_type": "text/plain"});
    assert_eq!(file, expected);
    let shown = state(&ann, &session).await;
    assert_eq!((&shown["status"], &shown["file_id"]), (&json!("finalized"), &expected["file_id"]));
    assert_eq!(shown["parts_received"], json!([1, 2, 3]));
    let read = ann.get(&format!("/blobs/{}", file_id(b"abcdefghi"))).await.is(200);
    assert_eq!(read.text(), "abcdefghi");
    eventually("the parts are gone", async || place.objects().await == 1).await;
}

pub(crate) async fn what_was_announced_is_checked(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let finalize = |session: &str| ann.ask("POST", &format!("{}/finalize", path(session)));
    let gap = begun(&ann, json!({})).await;
    part(&ann, &gap, 2, b"x").await.ok();
    finalize(&gap).await.refused(409, "part 1 is missing");
    let short = begun(&ann, json!({"size": 1000})).await;
    part(&ann, &short, 1, b"five!").await.ok();
    finalize(&short).await.refused(409, "5 bytes were uploaded, 1000 were announced");
    for (kind, right) in [
        ("blake3", blake3::hash(b"five!").to_hex().to_string()),
        ("sha256", "5e2617f28c6b18450cc9c52e2ccc82241a4bf35b614e4c7525efce477ba55907".to_owned()),
    ] {
        let wrong = begun(&ann, json!({"checksum": format!("{kind}:{}", "0".repeat(64))})).await;
        part(&ann, &wrong, 1, b"five!").await.ok();
        let refused = finalize(&wrong).await;
        refused.refused(409, "checksum");
        assert_eq!(state(&ann, &wrong).await["status"], "uploading", "it can be aborted or repaired");
        // The refusal says what the bytes hash to.
        let theirs = refused.text();
        let at = theirs.find(&format!("{kind}:")).expect("it names it");
        let theirs = &theirs[at..at + kind.len() + 65];
        assert_eq!(theirs, format!("{kind}:{right}"));
        let good = begun(&ann, json!({"checksum": theirs})).await;
        part(&ann, &good, 1, b"five!").await.ok();
        finalize(&good).await.ok();
    }
    finalize(&begun(&ann, json!({})).await).await.refused(409, "nothing has been uploaded");
}

pub(crate) async fn a_part_that_waits_is_replaced_and_one_that_is_joined_is_not(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({})).await;
    part(&ann, &session, 2, b"old").await.ok();
    let shown = part(&ann, &session, 2, b"newer").await.ok();
    assert_eq!((&shown["uploaded_size"], &shown["parts_received"]), (&json!(5), &json!([2])));
    part(&ann, &session, 1, b"one ").await.ok();
    let shown = part(&ann, &session, 1, b"ignored").await.ok();
    assert_eq!(shown["uploaded_size"], 9);
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    assert_eq!(file["file_id"], file_id(b"one newer"));
    eventually("nothing is left of the parts", async || place.objects().await == 1).await;
}

pub(crate) async fn an_abort_removes_what_was_stored(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({})).await;
    for number in 1..=3 {
        part(&ann, &session, number, &noise(u64::from(number), 1_000)).await.ok();
    }
    assert_eq!(place.objects().await, 3);
    let abort = format!("{}/abort", path(&session));
    assert!(ann.ask("POST", &abort).await.is(204).bytes().is_empty());
    ann.ask("POST", &abort).await.is(204);
    eventually("nothing is left", async || place.objects().await == 0).await;
    let shown = state(&ann, &session).await;
    assert_eq!(shown["status"], "aborted");
    assert_eq!((&shown["uploaded_size"], &shown["parts_received"]), (&json!(0), &json!([])));
    part(&ann, &session, 4, b"x").await.refused(409, "aborted");
    ann.ask("POST", &format!("{}/finalize", path(&session))).await.refused(409, "aborted");
    assert_eq!(place.objects().await, 0, "a refused part leaves nothing");
}

pub(crate) async fn an_expired_session_takes_nothing_and_is_swept(place: &Place) {
    let app = place.app().await;
    let (ann, later) =
        (app.user("ann").at("2024-05-01T12:00:00Z"), app.user("ann").at("2024-05-02T12:00:00Z"));
    let session = begun(&ann, json!({})).await;
    let shown = part(&ann, &session, 1, b"x").await.ok();
    assert_eq!(shown["expires_at"], "2024-05-02T12:00:00Z");
    assert_eq!(later.get(&path(&session)).await.ok()["status"], "expired");
    part(&later, &session, 2, b"y").await.refused(409, "expired");
    later.ask("POST", &format!("{}/finalize", path(&session))).await.refused(409, "expired");
    assert_eq!(place.objects().await, 1);
    // The collection goes by the clock of the application, which is far behind that.
    collected(&app).await;
    assert_eq!(place.objects().await, 0);
    let gone = ann.get(&path(&session)).await;
    assert!(gone.status() == 404 || gone.ok()["status"] == "expired", "{gone}");
}

pub(crate) async fn a_finalize_is_repeated_by_its_name_only(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({"content_type": "a/b"})).await;
    part(&ann, &session, 1, b"once").await.ok();
    let finalize =
        |key: &str| ann.ask("POST", &format!("{}/finalize", path(&session))).header("idempotency-key", key);
    let first = finalize("k1").await.ok();
    assert_eq!(finalize("k1").await.ok(), first);
    finalize("k2").await.refused(409, "finalized");
    ann.ask("POST", &format!("{}/finalize", path(&session))).await.refused(409, "finalized");
    finalize(&"k".repeat(256)).await.is(422);
    ann.ask("POST", &format!("{}/abort", path(&session))).await.refused(409, "finalized");
    part(&ann, &session, 2, b"more").await.refused(409, "finalized");
}

pub(crate) async fn one_of_several_finalizes_makes_the_file(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    for round in 0..5 {
        let session = begun(&ann, json!({})).await;
        part(&ann, &session, 1, &noise(round, 50_000)).await.ok();
        let finalize = format!("{}/finalize", path(&session));
        let asked = (0..6).map(|_| ann.ask("POST", &finalize).into_future());
        let answers = futures_util::future::join_all(asked).await;
        let mut statuses: Vec<u16> = answers.iter().map(super::super::common::talk::Answer::status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
        assert_eq!(state(&ann, &session).await["status"], "finalized");
    }
    eventually("the parts are gone", async || place.objects().await == 5).await;
}

pub(crate) async fn parts_that_come_at_once_are_all_recorded(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({"total_parts": 16})).await;
    let bytes = noise(7, 16_000);
    let parts = bytes.chunks(1_000).zip(1..).map(|(bytes, number)| part(&ann, &session, number, bytes));
    for answer in futures_util::future::join_all(parts.map(IntoFuture::into_future)).await {
        answer.ok();
    }
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    assert_eq!(file["file_id"], file_id(&bytes));
    eventually("the parts are gone", async || place.objects().await == 1).await;
}

pub(crate) async fn a_part_that_breaks_off_does_not_count_and_can_be_sent_again(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let session = begun(&ann, json!({})).await;
    let bytes = noise(3, 2 << 20);
    let body = form("file", "a/b", &bytes);
    // Most of the part arrives, and the connection is cut.
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    let head = format!(
        "PUT {}/content?part_number=1 HTTP/1.1\r\nhost: x\r\nx-user: ann\r\ncontent-type: {}\r\n\
         content-length: {}\r\n\r\n",
        path(&session),
        crate::form::FORM,
        body.len()
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    connection.write_all(&body[..body.len() - 1_000]).await.expect("sent");
    connection.shutdown().await.expect("cut");
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    drop(connection);
    eventually("what has arrived is removed", async || place.objects().await == 0).await;
    let shown = state(&ann, &session).await;
    assert_eq!((&shown["status"], &shown["uploaded_size"]), (&json!("pending"), &json!(0)));
    part(&ann, &session, 1, &bytes).await.ok();
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    assert_eq!(file["file_id"], file_id(&bytes));
}

pub(crate) async fn a_file_of_many_megabytes_goes_through_parts(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let bytes = noise(9, 13 << 20);
    let session = begun(&ann, json!({"size": bytes.len(), "content_type": "video/mp4"})).await;
    for (number, piece) in (1..).zip(bytes.chunks(6 << 20)) {
        part(&ann, &session, number, piece).await.ok();
    }
    let file = ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    assert_eq!(file["file_id"], file_id(&bytes));
    let read = ann.get(&format!("/blobs/{}", file_id(&bytes))).await.is(200);
    assert!(read.bytes() == bytes, "all of it is read back");
}
