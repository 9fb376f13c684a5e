//! Upload and download.

use crate::cases::Place;
use crate::form::{file_id, noise, upload};

pub(crate) async fn what_is_uploaded_is_read_back_and_called_by_its_content(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    // The last one is written in several parts.
    for length in [0, 1, 100_000, 11 << 20] {
        let bytes = noise(length as u64, length);
        let stored = upload(&ann, "image/png", &bytes).await.ok();
        let expected = serde_json::json!({
            "file_id": file_id(&bytes), "size": length, "content_type": "image/png",
        });
        assert_eq!(stored, expected);
        let read = ann.get(&format!("/blobs/{}", file_id(&bytes))).await.is(200);
        assert!(read.bytes() == bytes, "{length} bytes are read back");
        let header = |name: &str| read.header(name).unwrap_or_default();
        assert_eq!(header("content-type"), "image/png");
        assert_eq!(header("content-length"), length.to_string());
        assert_eq!(header("etag"), format!("\"{}\"", file_id(&bytes)));
        assert_eq!(header("accept-ranges"), "bytes");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(header("content-disposition"), "", "pictures are shown");
    }
    let raw = ann.ask("POST", "/blobs/upload").body("text/html", "<b>raw</b>").await.ok();
    let read = ann.get(&format!("/blobs/{}", raw["file_id"].as_str().expect("an id"))).await.is(200);
    assert_eq!(read.text(), "<b>raw</b>");
    assert_eq!(read.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(read.header("content-disposition").as_deref(), Some("attachment"), "pages are not shown");
}

pub(crate) async fn equal_bytes_are_stored_once(place: &Place) {
    let app = place.app().await;
    let first = upload(&app.user("ann"), "text/plain", b"the same").await.ok();
    let second = upload(&app.user("bob"), "text/plain", b"the same").await.ok();
    assert_eq!(first["file_id"], second["file_id"]);
    assert_eq!(place.objects().await, 1);
}

pub(crate) async fn a_range_is_cut_out_of_the_stored_bytes(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let bytes = noise(1, 300_000);
    upload(&ann, "video/mp4", &bytes).await.ok();
    let path = format!("/blobs/{}", file_id(&bytes));
    for (range, expected) in [
        ("bytes=0-0", 0..1),
        ("bytes=100-199999", 100..200_000),
        ("bytes=299990-", 299_990..300_000),
        ("bytes=-7", 299_993..300_000),
        ("bytes=299999-9999999", 299_999..300_000),
    ] {
        let read = ann.get(&path).header("range", range).await.is(206);
        assert!(read.bytes() == &bytes[expected.clone()], "{range}");
        let content_range = format!("bytes {}-{}/300000", expected.start, expected.end - 1);
        assert_eq!(read.header("content-range"), Some(content_range), "{range}");
        assert_eq!(read.header("content-length"), Some(expected.len().to_string()), "{range}");
        assert_eq!(read.header("content-type").as_deref(), Some("video/mp4"), "{range}");
    }
    let behind = ann.get(&path).header("range", "bytes=300000-").await;
    assert_eq!(
        behind.refused(416, "300000 bytes").header("content-range").as_deref(),
        Some("bytes */300000")
    );
    let ignored = ann.get(&path).header("range", "lines=1-2").await.is(200);
    assert_eq!(ignored.bytes().len(), bytes.len());
    let tag = format!("\"{}\"", file_id(&bytes));
    let same = ann.get(&path).header("range", "bytes=0-9").header("if-range", &tag).await;
    assert_eq!(same.is(206).bytes(), &bytes[..10]);
    let other = ann.get(&path).header("range", "bytes=0-9").header("if-range", "\"b3-0\"").await;
    assert_eq!(other.is(200).bytes().len(), bytes.len());
}

pub(crate) async fn several_ranges_come_in_one_body(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    upload(&ann, "text/plain", b"0123456789").await.ok();
    let path = format!("/blobs/{}", file_id(b"0123456789"));
    let read = ann.get(&path).header("range", "bytes=7-9, 0-1").await.is(206);
    let content_type = read.header("content-type").expect("a type");
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").expect("several parts");
    let part = |range: &str, text: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {range}/10\r\n\r\n{text}"
        )
    };
    let expected = part("7-9", "789") + &part("0-1", "01") + &format!("\r\n--{boundary}--\r\n");
    assert_eq!(read.text(), expected);
    assert_eq!(read.header("content-length"), Some(expected.len().to_string()));
    assert_eq!(read.header("content-range"), None);
}

pub(crate) async fn a_client_that_has_the_file_is_not_sent_it_again(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    upload(&ann, "text/plain", b"kept").await.ok();
    let path = format!("/blobs/{}", file_id(b"kept"));
    let tag = ann.tag(&path).await;
    let known = ann.get(&path).if_none_match(&tag).await.is(304);
    assert_eq!((known.bytes().len(), known.header("etag")), (0, Some(tag)));
    assert!(known.header("cache-control").is_some());
    ann.get(&path).if_none_match("\"other\"").await.is(200);
}

pub(crate) async fn a_head_says_what_a_get_would_send(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let bytes = noise(2, 5_000);
    upload(&ann, "application/pdf", &bytes).await.ok();
    let path = format!("/blobs/{}", file_id(&bytes));
    let (get, head) = (ann.get(&path).await.is(200), ann.ask("HEAD", &path).await.is(200));
    for name in ["content-length", "content-type", "etag", "accept-ranges", "content-disposition"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(head.header("content-length").as_deref(), Some("5000"));
    assert!(head.bytes().is_empty());
    ann.ask("HEAD", &path).header("range", "bytes=0-9").await.is(200);
    ann.ask("HEAD", "/blobs/none").await.is(404);
}
