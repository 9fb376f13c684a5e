//! Bodies that are no files, connections that break or stall, and what is said of a file that cannot be.

use std::time::{Duration, Instant};

use serde_json::json;
use specstar::runtime::blob::BlobStorage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cases::Place;
use crate::cases::sessions::{begun, path};
use crate::common::{TestApp, eventually};
use crate::form::{FORM, file_id, form, noise, part, upload};
use crate::resources;

fn place() -> Place {
    Place::new(BlobStorage::memory(), std::sync::Arc::new(()))
}

/// Sends a request head and a body as they are, closes the sending side and reads the answer.
async fn raw(app: &TestApp, head: &str, body: &[u8]) -> String {
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    connection.write_all(head.as_bytes()).await.expect("sent");
    // The server may answer, and close, before it has read everything.
    let _ = connection.write_all(body).await;
    let _ = connection.shutdown().await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(content_type: &str, length: usize) -> String {
    format!(
        "POST /blobs/upload HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn forms_that_are_none_are_refused_and_leave_nothing() {
    let place = place();
    let app = place.app().await;
    let ann = app.user("ann");
    let two = [&form("file", "a/b", b"one")[..23], &form("file", "a/b", b"two")].concat();
    let mut twice = form("file", "a/b", b"one");
    twice.truncate(twice.len() - "--B--\r\n".len());
    twice.extend(form("file", "a/b", b"two"));
    let mut cut = form("file", "a/b", b"one");
    cut.truncate(cut.len() - 8);
    let huge_header = form("file", &format!("a/b; x={}", "y".repeat(1 << 20)), b"one");
    let many_headers = form("file", &format!("a/b{}", "\r\nX: y".repeat(200)), b"one");
    let huge_other = [form("other", "a/b", &noise(1, 200_000)), form("file", "a/b", b"one")].concat();
    for (content_type, body) in [
        ("multipart/form-data", form("file", "a/b", b"x")),
        ("multipart/form-data; boundary=", form("file", "a/b", b"x")),
        ("multipart/form-data; boundary=C", form("file", "a/b", b"x")),
        ("application/x-www-form-urlencoded", b"file=x".to_vec()),
        (FORM, form("zzz", "a/b", b"x")),
        (FORM, two),
        (FORM, twice),
        (FORM, cut),
        (FORM, huge_header),
        (FORM, many_headers),
        (FORM, huge_other),
        (FORM, Vec::new()),
        (FORM, noise(2, 10_000)),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let answer = ann.ask("POST", "/blobs/upload").body(content_type, body).await;
        assert_eq!(answer.status(), 422, "{content_type}: {shown}\n{answer}");
        assert!(answer.detail().is_array(), "{answer}");
    }
    assert_eq!(place.objects().await, 0);
}

#[tokio::test]
async fn a_request_without_a_body_is_no_empty_file() {
    let place = place();
    let app = place.app().await;
    app.user("ann").ask("POST", "/blobs/upload").await.refused(422, "a form (multipart/form-data)");
    let answer = app.user("ann").ask("POST", "/blobs/upload").body("text/plain", "").await.ok();
    assert_eq!(answer["size"], 0, "an empty file is one");
}

#[tokio::test]
async fn lengths_that_lie_store_nothing() {
    let place = place();
    let app = place.app().await;
    let body = form("file", "a/b", &noise(3, 300_000));
    for content_type in [FORM, "application/octet-stream"] {
        // More is announced than comes.
        let answer = raw(&app, &head(content_type, body.len()), &body[..body.len() - 10]).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    // Less is announced than comes: what is announced is no whole form.
    let answer = raw(&app, &head(FORM, body.len() - 10), &body).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    eventually("nothing is left", async || place.objects().await == 0).await;
    // A chunk that is cut in the middle.
    let chunked = "POST /blobs/upload HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = raw(&app, chunked, b"10000\r\nnot so much").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    eventually("nothing is left", async || place.objects().await == 0).await;
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_with_the_limit() {
    let place = place();
    let app = place.with(|builder| builder.blob_limit(100_000)).await;
    let ann = app.user("ann");
    upload(&ann, "a/b", &noise(1, 100_000)).await.ok();
    let too_long = noise(1, 100_001);
    upload(&ann, "a/b", &too_long).await.refused(413, "100000 bytes");
    ann.ask("POST", "/blobs/upload").body("image/png", too_long.clone()).await.refused(413, "100000 bytes");
    // It is refused before it is read when its length says so.
    let answer = raw(&app, &head("image/png", 10_000_000), b"").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    ann.post("/blobs/upload-sessions", json!({"size": 100_001})).await.refused(413, "100000 bytes");
    let session = begun(&ann, json!({})).await;
    part(&ann, &session, 1, &noise(2, 60_000)).await.ok();
    part(&ann, &session, 2, &noise(3, 60_000)).await.refused(413, "longer than");
    let shown = ann.get(&path(&session)).await.ok();
    assert_eq!((&shown["uploaded_size"], &shown["parts_received"]), (&json!(60_000), &json!([1])));
    // The whole file and the first part.
    assert_eq!(place.objects().await, 2);
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up_and_one_that_is_slow_is_not() {
    let place = place();
    let app = place
        .with(|builder| {
            builder.idle_timeout(Duration::from_millis(600)).request_timeout(Duration::from_millis(300))
        })
        .await;
    let body = form("file", "a/b", &noise(4, 80_000));
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    let half = [head(FORM, body.len()).as_bytes(), &body[..50_000]].concat();
    connection.write_all(&half).await.expect("sent");
    let stalled = Instant::now();
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("nothing of the body"), "{answer}");
    assert!(stalled.elapsed() < Duration::from_secs(20));
    assert_eq!(place.objects().await, 0);
    // Longer than a request may take, and than a body may stand still, in pieces that come often enough.
    let idle = Duration::from_secs(3);
    let app =
        place.with(|builder| builder.idle_timeout(idle).request_timeout(Duration::from_millis(500))).await;
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    connection.write_all(head(FORM, body.len()).as_bytes()).await.expect("sent");
    for piece in body.chunks(10_000) {
        tokio::time::sleep(idle / 6).await;
        connection.write_all(piece).await.expect("sent");
    }
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_download_that_nobody_takes_is_given_up_and_a_slow_one_is_not() {
    let place = place();
    let first = place.app().await;
    // More than fits into the buffers of a connection.
    let bytes = noise(6, 40 << 20);
    upload(&first.user(""), "a/b", &bytes).await.ok();
    let request = Duration::from_millis(500);
    let with = |idle: Duration| {
        let blobs = place.storage.clone();
        TestApp::on(first.folder(), resources(), move |builder| {
            builder.blobs(blobs).idle_timeout(idle).request_timeout(request)
        })
    };
    let app = with(request).await;
    let get = format!("GET /blobs/{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", file_id(&bytes));
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    connection.write_all(get.as_bytes()).await.expect("sent");
    tokio::time::sleep(request * 8).await;
    let mut read = Vec::new();
    let _ = connection.read_to_end(&mut read).await;
    assert!(read.len() < bytes.len(), "{} bytes came", read.len());
    // Ten pieces take longer than a connection may stand still, and each of them less.
    let idle = Duration::from_secs(3);
    let app = with(idle).await;
    let mut connection = TcpStream::connect(app.address()).await.expect("it listens");
    connection.write_all(get.as_bytes()).await.expect("sent");
    let (mut piece, mut total) = (Vec::new(), 0);
    loop {
        tokio::time::sleep(idle / 8).await;
        piece.clear();
        match (&mut connection).take(4 << 20).read_to_end(&mut piece).await.expect("it sends") {
            0 => break,
            length => total += length,
        }
    }
    assert!(total > bytes.len(), "{total} bytes came");
}

#[tokio::test]
async fn what_is_said_of_a_file_is_checked() {
    let app = place().app().await;
    let ann = app.user("ann");
    for announced in [
        json!({"size": -1}),
        json!({"size": "10"}),
        json!({"size": 1.5}),
        json!({"size": u64::MAX}),
        json!({"total_parts": 0}),
        json!({"total_parts": 10_001}),
        json!({"content_type": "text/html\r\nX-Evil: 1"}),
        json!({"content_type": "png"}),
        json!({"content_type": "a/".repeat(200)}),
        json!({"checksum": "md5:00"}),
        json!({"checksum": 1}),
        json!({"upload_method": "ftp"}),
        json!({"sise": 10}),
        json!([]),
        json!(null),
        json!("x"),
    ] {
        let answer = ann.post("/blobs/upload-sessions", announced.clone()).await;
        assert_eq!(answer.status(), 422, "{announced}: {answer}");
    }
    ann.ask("POST", "/blobs/upload-sessions").await.is(422);
    ann.ask("POST", "/blobs/upload-sessions").body("application/json", "{").await.is(422);
    ann.ask("POST", "/blobs/upload-sessions").body("text/plain", "{}").await.is(415);
    // Only where the storage can sign addresses.
    ann.post("/blobs/upload-sessions", json!({"upload_method": "single_put"})).await.refused(400, "proxy");
    let shown =
        ann.post("/blobs/upload-sessions", json!({"size": null, "upload_method": "proxy"})).await.ok();
    assert_eq!(shown["size"], json!(null));
    let session = begun(&ann, json!({})).await;
    for query in
        ["", "?part_number=", "?part_number=0", "?part_number=-1", "?part_number=10001", "?part_number=x"]
    {
        let content = format!("{}/content{query}", path(&session));
        ann.ask("PUT", &content).body("a/b", "x").await.is(422);
    }
    part(&ann, &session, 10_000, b"x").await.ok();
}

#[tokio::test]
async fn ids_of_files_lead_nowhere_else() {
    let app = place().app().await;
    let ann = app.user("ann");
    upload(&ann, "a/b", b"x").await.ok();
    let id = file_id(b"x");
    for path in ["..%2F..%2Fapp.db", "%2e%2e", "%00", "'; DROP TABLE ss_blob; --", &id.to_uppercase()] {
        let answer = ann.get(&format!("/blobs/{path}")).await;
        assert_eq!(answer.status(), 404, "{answer}");
    }
    ann.get("/blobs/%FF").await.is(422);
    ann.get("/blobs/upload").await.is(405);
    ann.get(&format!("/blobs/{id}")).await.is(200);
}

#[tokio::test]
async fn uploads_of_many_at_once_do_not_disturb_one_another() {
    let place = place();
    let app = place.app().await;
    let ann = app.user("ann");
    let same = noise(5, 200_000);
    let asked = (0..24_u64).map(|at| {
        let bytes = if at % 2 == 0 { same.clone() } else { noise(100 + at, 50_000) };
        upload(&ann, "a/b", &bytes).into_future()
    });
    for answer in futures_util::future::join_all(asked).await {
        answer.ok();
    }
    assert_eq!(place.objects().await, 13, "twelve of them are one file");
}
