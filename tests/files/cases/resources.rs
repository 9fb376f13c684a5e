//! Files that resources name.

use serde_json::json;

use crate::cases::Place;
use crate::form::{file_id, upload};

pub(crate) async fn a_file_is_read_through_the_resource_that_names_it(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    for bytes in [&b"mine"[..], b"another"] {
        upload(&ann, "text/plain", bytes).await.ok();
    }
    let (mine, other) = (file_id(b"mine"), file_id(b"another"));
    let path = ann.created("document", json!({"title": "d", "file": {"file_id": mine}})).await;
    let read = ann.get(&format!("{path}/blobs/{mine}")).await.is(200);
    assert_eq!((read.text().as_str(), read.header("content-length").as_deref()), ("mine", Some("4")));
    let part = ann.get(&format!("{path}/blobs/{mine}")).header("range", "bytes=1-2").await.is(206);
    assert_eq!(part.text(), "in");
    ann.ask("HEAD", &format!("{path}/blobs/{mine}")).await.is(200);
    ann.get(&format!("{path}/blobs/{other}")).await.refused(404, "not found");
    ann.get(&format!("{path}/blobs/none")).await.refused(404, "not found");
    ann.get(&format!("/document/none/blobs/{mine}")).await.refused(404, "Resource 'none' not found.");
    ann.delete(&path).await.ok();
    ann.get(&format!("{path}/blobs/{mine}")).await.refused(404, "is deleted");
}

pub(crate) async fn a_file_of_an_older_revision_is_still_the_resources_own(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    upload(&ann, "text/plain", b"first").await.ok();
    let path =
        ann.created("document", json!({"title": "d", "extra": [{"file_id": file_id(b"first")}]})).await;
    ann.put(&path, json!({"title": "d"})).await.ok();
    let read = ann.get(&format!("{path}/blobs/{}", file_id(b"first"))).await.is(200);
    assert_eq!(read.text(), "first");
}

pub(crate) async fn inline_bytes_are_read_back(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    let file = json!({"data": "aGVsbG8=", "content_type": "text/csv"});
    let path = ann.created("document", json!({"title": "d", "file": file})).await;
    let data = ann.get(&format!("{path}/data")).await.ok();
    let expected = json!({"file_id": file_id(b"hello"), "size": 5, "content_type": "text/csv"});
    assert_eq!(data["file"], expected);
    let read = ann.get(&format!("{path}/blobs/{}", file_id(b"hello"))).await.is(200);
    assert_eq!(read.text(), "hello");
    assert_eq!(read.header("content-type").as_deref(), Some("text/csv; charset=utf-8"));
}

pub(crate) async fn a_file_has_the_media_type_that_the_resource_gives_it(place: &Place) {
    let app = place.app().await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let of = |content_type: &str| json!({"file_id": file_id(b"a,b"), "content_type": content_type});
    upload(&ann, "text/plain", b"a,b").await.ok();
    let csv = ann.created("document", json!({"title": "d", "file": of("text/csv")})).await;
    let plain = ann.created("document", json!({"title": "d", "extra": [{"file_id": file_id(b"a,b")}]})).await;
    // Whoever sends the same bytes changes nothing for the others.
    upload(&eve, "text/html", b"a,b").await.ok();
    let html = json!({"data": "YSxi", "content_type": "text/html"});
    eve.post("/document", json!({"title": "d", "file": html})).await.ok();
    for (path, content_type) in [
        (format!("{csv}/blobs/{}", file_id(b"a,b")), "text/csv; charset=utf-8"),
        (format!("{plain}/blobs/{}", file_id(b"a,b")), "text/plain; charset=utf-8"),
        (format!("/blobs/{}", file_id(b"a,b")), "text/plain; charset=utf-8"),
    ] {
        assert_eq!(
            ann.get(&path).await.is(200).header("content-type").as_deref(),
            Some(content_type),
            "{path}"
        );
    }
}

pub(crate) async fn a_media_type_that_is_none_is_refused_or_left_out(place: &Place) {
    let app = place.app().await;
    let ann = app.user("ann");
    for none in ["png", "text/html\r\nX: y", "a/b c", "", &format!("a/{}", "b".repeat(254))] {
        let file = json!({"data": "eA==", "content_type": none});
        ann.post("/document", json!({"title": "d", "file": file})).await.refused(422, "$.file.content_type");
    }
    let long = format!("a/{}", "b".repeat(254));
    for none in ["png", &*long] {
        let stored = upload(&ann, none, b"x").await.ok();
        assert_eq!(stored["content_type"], "application/octet-stream");
    }
    let file = json!({"data": "eA==", "content_type": "text/plain; charset=\"utf-8\""});
    ann.post("/document", json!({"title": "d", "file": file})).await.ok();
}
