//! Methods, media types, bodies: everything before an operation begins.

use serde_json::json;
use specstar::app::Preset;
use specstar::http::route::{Method, ROUTES};

use crate::common::TestApp;
use crate::resources;

const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PURGE"];

/// The path of a route for a resource of that id.
fn path(route: &str, id: &str) -> String {
    format!("/note{}", route.replace("{resource_id}", id).replace("{revision_id}", "1"))
}

#[tokio::test]
async fn a_method_a_path_does_not_have_is_405_with_those_it_has() {
    for compat in [false, true] {
        let preset = if compat { Preset::Compat } else { Preset::Standard };
        let app = TestApp::with(resources(), |builder| builder.preset(preset).migration_routes(true)).await;
        let ann = app.user("ann");
        ann.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
        let before = app.picture(&["note"]).await;
        // Notes are no jobs, and have none of their routes.
        for route in ROUTES.iter().filter(|route| !route.operation.is_job()) {
            let known: Vec<_> = ROUTES.iter().filter(|other| other.path == route.path).collect();
            for method in METHODS {
                if known.iter().any(|route| route.method.as_str() == method) {
                    continue;
                }
                let reads = known.iter().any(|route| route.method == Method::Get);
                let answer = ann.ask(method, &path(route.path, "one")).await;
                match method {
                    // There is no file of that name.
                    "HEAD" if reads && !compat => {
                        let expected = if route.path.contains("{file_id}") { 404 } else { 200 };
                        assert_eq!(answer.status(), expected, "{answer}");
                        continue;
                    }
                    "OPTIONS" if !compat => assert_eq!(answer.is(204).text(), ""),
                    "HEAD" => assert_eq!(answer.is(405).text(), ""),
                    _ => assert_eq!(answer.is(405).detail(), "Method Not Allowed"),
                }
                let allow = answer.header("allow").expect("it says what is allowed");
                let allowed: Vec<&str> = allow.split(", ").collect();
                assert!(known.iter().all(|route| allowed.contains(&route.method.as_str())), "{answer}");
                assert_eq!(allowed.contains(&"OPTIONS"), !compat, "{answer}");
                assert_eq!(allowed.contains(&"HEAD"), !compat && reads, "{answer}");
            }
        }
        assert_eq!(app.picture(&["note"]).await, before);
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    for path in [note.clone(), format!("{note}/meta"), "/note?with_total=true".into(), "/openapi.json".into()]
    {
        let (get, head) = (ann.get(&path).await.is(200), ann.ask("HEAD", &path).await.is(200));
        assert_eq!(head.text(), "");
        for name in ["etag", "content-type", "content-length", "x-has-more", "x-total-count"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    let tag = ann.tag(&note).await;
    ann.ask("HEAD", &note).if_none_match(&tag).await.is(304);
    assert_eq!(ann.ask("HEAD", "/note/none").await.is(404).text(), "");
}

#[tokio::test]
async fn the_document_has_methods_too() {
    for compat in [false, true] {
        let app = if compat { TestApp::compat(resources()).await } else { TestApp::new(resources()).await };
        let ann = app.user("ann");
        for path in ["/openapi.json", "/docs/"] {
            ann.get(path).await.is(200);
            ann.ask("OPTIONS", path).await.is(if compat { 405 } else { 204 });
            for method in ["POST", "DELETE", "PUT"] {
                let answer = ann.ask(method, path).await.refused(405, "Method Not Allowed");
                assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{answer}");
            }
        }
        ann.get("/docs/nothing.js").await.refused(404, "Not Found");
    }
}

#[tokio::test]
async fn unknown_paths_are_json_404() {
    for base in ["", "/v1"] {
        let app = TestApp::with(resources(), |builder| builder.base_path(base)).await;
        let ann = app.user("ann");
        let note = ann.post(&format!("{base}/note"), json!({"title": "a"})).await.ok();
        let note = format!("{base}/note/{}", note["resource_id"].as_str().expect("an id"));
        let inside =
            ["", "/nope", "/note/a/b/c", "//note", "/Note", "/note/x/switch", "/../etc/passwd", "/%2e%2e/x"];
        for path in inside.map(|path| format!("{base}{path}")).into_iter().chain([
            format!("{note}/nope"),
            "/".into(),
            "/elsewhere".into(),
        ]) {
            for method in ["GET", "POST", "DELETE"] {
                let path = if path.is_empty() { "/" } else { &path };
                ann.ask(method, path).await.refused(404, "Not Found");
            }
        }
        let redirect = ann.get(&format!("{base}/note/?limit=1")).await.is(307);
        assert_eq!(redirect.header("location"), Some(format!("{base}/note?limit=1")));
        ann.get(&format!("{base}/note/count")).await.ok();
    }
}

#[tokio::test]
async fn bodies_of_another_media_type_are_415() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    let types = [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "json",
        "+json",
    ];
    for media_type in types {
        for (method, path) in [("POST", "/note"), ("PUT", &note), ("PATCH", &note)] {
            let ask = ann.ask(method, path).body(media_type, r#"{"title": "b"}"#);
            ask.await.refused(415, "application/json");
        }
    }
    assert_eq!(app.picture(&["note"]).await, before);
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.note+json"] {
        ann.ask("POST", "/note").body(media_type, r#"{"title": "b"}"#).await.ok();
    }
    for media_type in ["application/merge-patch+json", "application/json", "application/json;charset=utf-8"] {
        ann.ask("PATCH", &note).body(media_type, r#"{"title": "c"}"#).await.ok();
    }
    ann.ask("PATCH", &note).body("application/json-patch+json", "{}").await.refused(400, "patch");
    ann.ask("PATCH", &note).body("application/merge-patch+json", "[]").await.refused(400, "patch");
    ann.ask("PATCH", &note).body("application/json", "7").await.refused(400, "patch");
    ann.ask("PATCH", &note)
        .body("application/json", r#"{"op": "remove", "path": "/title"}"#)
        .await
        .refused(422, "array");
}

#[tokio::test]
async fn what_is_not_json_is_422_and_says_where() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    let bodies: [&[u8]; 15] = [
        b"{",
        b"{\"title\": \"a\"",
        b"{\"title\": \"a\"} {}",
        b"{\"title\": \"a\",}",
        b"{title: \"a\"}",
        b"{'title': 'a'}",
        b"{\"title\": \"\\x\"}",
        b"{\"title\": \"\xff\xfe\"}",
        b"\xef\xbb\xbf{\"title\": \"a\"}",
        b"{\"title\": \"a\nb\"}",
        b"{\"title\": \"a\0\"}",
        b"{\"title\": NaN}",
        b"{\"rank\": 01}",
        b"nul",
        b" ",
    ];
    for body in bodies {
        for (method, path) in [("POST", "/note"), ("PUT", &note), ("PATCH", &note)] {
            let answer = ann.ask(method, path).body("application/json", body).await.is(422);
            let problem = &answer.detail()[0];
            assert_eq!(
                (&problem["type"], &problem["loc"][0]),
                (&json!("json_invalid"), &json!("body")),
                "{answer}"
            );
            let place = problem["loc"][1].as_u64().expect("a place");
            assert!(place <= body.len() as u64, "{answer}");
        }
    }
    ann.ask("POST", "/note").body("application/json", r#"{"title": "\ud800"}"#).await.refused(422, "$.title");
    for body in ["[]", "[{\"title\": \"a\"}]", "\"a\"", "1", "null", "true"] {
        for (method, path) in [("POST", "/note"), ("PUT", &note)] {
            ann.ask(method, path).body("application/json", body).await.refused(422, "expected an object");
        }
    }
    ann.ask("POST", "/note")
        .body("application/json", r#"{"title": "a", "title": "b"}"#)
        .await
        .refused(422, "title");
    ann.ask("POST", "/note").body("application/json", r#"{"title": "a", "score": 1e999}"#).await.is(422);
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_413() {
    let app = TestApp::with(resources(), |builder| builder.body_limit(4096)).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    for size in [5_000, 3_000_000] {
        let body = json!({"title": "x".repeat(size)});
        ann.post("/note", body.clone()).await.refused(413, "4096");
        ann.put(&note, body.clone()).await.refused(413, "4096");
        ann.patch(&note, body).await.refused(413, "4096");
    }
    assert_eq!(app.picture(&["note"]).await, before);
    let fits = json!({"title": "x".repeat(4096 - 12)});
    assert_eq!(fits.to_string().len(), 4096);
    ann.post("/note", fits).await.ok();
}

#[tokio::test]
async fn a_body_that_is_far_too_long_is_refused_before_the_client_gives_up() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let body = axum::body::Bytes::from(vec![b'x'; 20_000_000]);
    for _ in 0..20 {
        ann.ask("POST", "/note").body("application/json", body.clone()).await.refused(413, "2097152");
    }
}

#[tokio::test]
async fn the_default_limit_is_two_mebibytes() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let body = json!({"title": "a", "text": "é".repeat(1024 * 1024 - 30)});
    ann.post("/note", body).await.ok();
    ann.post("/note", json!({"title": "a", "text": "x".repeat(2 * 1024 * 1024)}))
        .await
        .refused(413, "2097152");
}
