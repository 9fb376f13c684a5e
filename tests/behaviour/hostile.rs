//! Requests that mean harm: each is answered by a clear 4xx, or correctly, and changes nothing it must not.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use specstar::http::route::{Location, ROUTES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::talk::Answer;
use crate::common::{TestApp, assert_sound};
use crate::resources;

const EVERY_MODEL: &[&str] = &["note", "account", "seat", "plan", "product", "ledger"];

async fn with_note(app: &TestApp) -> String {
    app.user("ann")
        .put("/note/one", json!({"title": "a", "tags": ["x"], "rank": 1}))
        .if_none_match("*")
        .await
        .ok();
    "/note/one".to_owned()
}

#[track_caller]
fn no_fault_of_ours(answer: &Answer) {
    assert!(answer.status() < 500, "\n{answer}\n");
    if answer.status() >= 400 {
        answer.detail();
    }
}

fn nested(open: &str, levels: usize, close: &str) -> String {
    format!("{}{}", open.repeat(levels), close.repeat(levels))
}

#[tokio::test]
async fn bodies_nested_without_end_are_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = with_note(&app).await;
    let before = app.picture(&["note"]).await;
    for levels in [129, 10_000, 900_000] {
        let lists = nested("[", levels, "]");
        let objects = nested("{\"a\":", levels.min(300_000), "}").replace(":}", ":0}");
        let unclosed = "[".repeat(levels);
        for deep in [lists, objects, unclosed] {
            for body in [
                deep.clone(),
                format!(r#"{{"title": "a", "tags": {deep}}}"#),
                format!(r#"{{"title": "a", "place": {{"city": "x", "zip": {deep}}}}}"#),
                format!(r#"{{"title": "a", "zzz": {deep}}}"#),
                format!(r#"{{"title": "a", "score": {deep}}}"#),
            ] {
                for (method, path) in [("POST", "/note"), ("PUT", &note), ("PATCH", &note)] {
                    let answer = ann.ask(method, path).body("application/json", body.clone()).await;
                    assert!([400, 422].contains(&answer.status()), "{levels} levels: {answer}");
                    answer.detail();
                }
            }
        }
    }
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn the_preset_survives_nested_unknown_fields_too() {
    let app = TestApp::compat(resources()).await;
    let ann = app.user("ann");
    for levels in [129, 10_000, 900_000] {
        let body = format!(r#"{{"title": "a", "zzz": {}}}"#, nested("[", levels, "]"));
        let answer = ann.ask("POST", "/note").body("application/json", body).await;
        assert!([200, 422].contains(&answer.status()), "{levels} levels: {answer}");
    }
}

#[tokio::test]
async fn filters_nested_without_end_are_refused() {
    let app = TestApp::new(resources()).await;
    let deep = nested("[", 10_000, "]");
    let value = format!(r#"[{{"field_path": "rank", "operator": "eq", "value": {deep}}}]"#);
    for name in ["conditions", "data_conditions", "sorts"] {
        for text in [&deep, &value] {
            app.user("ann").get("/note").query(&[(name, text)]).await.refused(400, name);
        }
    }
}

#[tokio::test]
async fn a_small_patch_cannot_make_a_huge_document() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = with_note(&app).await;
    let text = json!({"title": "a", "tags": ["x"], "text": "y".repeat(1_500_000)});
    ann.put(&note, text).await.ok();
    let before = app.picture(&["note"]).await;
    let doubling: Vec<Value> = (0..40)
        .flat_map(|_| {
            [
                json!({"op": "copy", "from": "/tags", "path": "/tags/-"}),
                json!({"op": "copy", "from": "/tags", "path": "/tags/0"}),
            ]
        })
        .collect();
    let long: Vec<Value> =
        (0..1000).map(|_| json!({"op": "copy", "from": "/text", "path": "/tags/-"})).collect();
    let deep: Vec<Value> =
        (0..1000).map(|_| json!({"op": "copy", "from": "/tags", "path": "/tags/0"})).collect();
    let many: Vec<Value> =
        (0..10_001).map(|_| json!({"op": "test", "path": "/title", "value": "a"})).collect();
    for operations in [doubling, long, deep, many] {
        ann.patch(&note, Value::Array(operations)).await.refused(400, "patch");
    }
    assert_eq!(app.picture(&["note"]).await, before);
    let path = "/a".repeat(100_000);
    ann.patch(&note, json!([{"op": "add", "path": path, "value": 1}])).await.refused(400, "patch");
    ann.patch(&note, json!([{"op": "add", "path": "/tags/99999999999999999999", "value": "x"}]))
        .await
        .refused(400, "patch");
    ann.patch(&note, json!([{"op": "add", "path": "/tags/-1", "value": "x"}])).await.refused(400, "patch");
    ann.patch(&note, json!([{"op": "add", "path": "/tags/00", "value": "x"}])).await.refused(400, "patch");
    ann.patch(&note, json!([{"op": "move", "from": "", "path": "/tags/0"}])).await.refused(400, "patch");
    ann.patch(&note, json!([{"op": "remove", "path": ""}])).await.refused(400, "patch");
    ann.patch(&note, json!([{"op": "replace", "path": "", "value": []}])).await.refused(422, "object");
    ann.patch(&note, json!([{"op": "replace", "path": "/title", "value": "~", "from": 7}])).await.ok();
}

#[tokio::test]
async fn filters_of_a_thousand_conditions_are_refused_and_long_lists_work() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    with_note(&app).await;
    let condition = json!({"field_path": "rank", "operator": "eq", "value": 1});
    let some = Value::from(vec![condition.clone(); 257]).to_string();
    for name in ["conditions", "data_conditions"] {
        ann.get("/note").query(&[(name, &some)]).await.refused(400, name);
        // A thousand of them are longer than an address may be.
        let many = format!("[{}]", "{},".repeat(999) + "{}");
        ann.get("/note").query(&[(name, &many)]).await.refused(400, name);
    }
    let list: Vec<i64> = (0..1000).collect();
    let long = json!([{"field_path": "rank", "operator": "in", "value": list}]).to_string();
    assert_eq!(ann.get("/note/count").query(&[("conditions", &long)]).await.ok(), 1);
    let list: Vec<i64> = (0..1001).collect();
    let longer = json!([{"field_path": "rank", "operator": "in", "value": list}]).to_string();
    ann.get("/note").query(&[("conditions", &longer)]).await.refused(400, "conditions");
    let sorts =
        Value::from(vec![json!({"type": "meta", "key": "created_by", "direction": "+"}); 17]).to_string();
    ann.get("/note").query(&[("sorts", &sorts)]).await.refused(400, "sorts");
    let bombs = ["(a{1000}){1000}", "(((((a{20}){20}){20}){20}){20})", &"(".repeat(2000), &"a".repeat(1001)];
    for pattern in bombs {
        let regex = json!([{"field_path": "title", "operator": "regex", "value": pattern}]).to_string();
        ann.get("/note").query(&[("conditions", &regex)]).await.refused(400, "conditions");
    }
    let slow = json!([{"field_path": "title", "operator": "regex", "value": "(a+)+$"}]).to_string();
    ann.created("note", json!({"title": format!("{}!", "a".repeat(50_000))})).await;
    assert_eq!(ann.get("/note/count").query(&[("conditions", &slow)]).await.ok(), 1);
}

/// Text that would be an instruction if it reached a statement.
pub(crate) const SQL: [&str; 6] = [
    "'; DROP TABLE h_note; --",
    "\" OR \"\"=\"",
    "1); DELETE FROM ss_rev; --",
    "x' UNION SELECT sql FROM sqlite_master --",
    "?1, :a, @b, $c",
    "%' OR 1=1 OR '%",
];

#[tokio::test]
async fn nothing_from_a_client_reaches_sql_text() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = with_note(&app).await;
    let before = app.picture(EVERY_MODEL).await;
    for text in SQL {
        for route in ROUTES.iter().filter(|route| !route.path.contains("permanently")) {
            let id = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
            let path =
                format!("/note{}", route.path.replace("{resource_id}", &id).replace("{revision_id}", &id));
            let body = json!({"title": 1});
            // The filters of a batch match nothing, so that it changes nothing either.
            let guard = if route.parameters.iter().any(|p| p.name == "created_bys") {
                "?created_bys=nobody"
            } else {
                ""
            };
            no_fault_of_ours(&ann.ask(route.method.as_str(), &format!("{path}{guard}")).json(&body).await);
            let path =
                format!("/note{}", route.path.replace("{resource_id}", "one").replace("{revision_id}", &id));
            for parameter in route.parameters.iter().filter(|p| p.location == Location::Query) {
                let ask = ann.ask(route.method.as_str(), &format!("{path}{guard}"));
                no_fault_of_ours(
                    &ask.json(&body).if_match("\"never\"").query(&[(parameter.name, text)]).await,
                );
            }
        }
        for operator in ["eq", "ne", "contains", "starts_with", "ends_with", "in", "contains_any", "regex"] {
            for field in [
                "title",
                "tags",
                "rank",
                "due",
                "place.city",
                "created_by",
                "resource_id",
                "rev_status",
                text,
            ] {
                let values = [json!(text), json!([text])];
                for value in values {
                    let conditions =
                        json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
                    no_fault_of_ours(&ann.get("/note").query(&[("conditions", &conditions)]).await);
                }
            }
        }
        for sorts in [
            json!([{"type": "data", "field_path": text, "direction": text}]),
            json!([{"type": "meta", "key": text, "direction": "+"}]),
            json!([{"type": text, "key": "created_by", "direction": "+"}]),
            json!([{"type": "meta", "key": "created_by", "direction": text}]),
        ] {
            ann.get("/note").query(&[("sorts", &sorts.to_string())]).await.is(400);
        }
        ann.get(&note).if_none_match(text).await.ok();
        ann.put(&note, json!({"title": "b"})).if_match(text).await.is(412);
    }
    assert_eq!(app.picture(EVERY_MODEL).await, before);
    assert_sound(&app.file());
}

#[tokio::test]
async fn encodings_that_are_wrong_are_refused_or_taken_literally() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = with_note(&app).await;
    let before = app.picture(&["note"]).await;
    for (path, names) in [
        ("/note?created_bys=%FF", "created_bys"),
        ("/note?limit=%C3%28", "limit"),
        ("/note?%FF=1", "UTF-8"),
        ("/note?limit=%zz", "limit"),
        ("/note?limit=1%", "limit"),
        ("/note?=1", "unknown query parameter"),
        ("/note?limit", "limit"),
        ("/note/%FF", "resource_id"),
        ("/note/one/switch/%FF", "revision_id"),
        ("/note/%FF/switch/1", "resource_id"),
    ] {
        let method = if path.contains("switch") { "POST" } else { "GET" };
        ann.ask(method, path).await.refused(422, names);
    }
    ann.get("/note/%zz").await.refused(404, "%zz");
    ann.get("/note/%00").await.refused(404, "not found");
    ann.get("/note/%2e%2e%2fetc").await.refused(404, "not found");
    ann.get("/note/%E2%80%AE").await.refused(404, "not found");
    assert_eq!(ann.get("/note?created_bys=%zz").await.ok(), json!([]));
    assert_eq!(ann.get(&note.replace("one", "%6Fne")).await.ok()["data"]["title"], "a");
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn long_ids_and_long_headers_are_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = with_note(&app).await;
    let before = app.picture(&["note"]).await;
    for length in [256, 5_000, 60_000] {
        let id = "x".repeat(length);
        ann.get(&format!("/note/{id}")).await.refused(404, "not found");
        ann.put(&format!("/note/{id}"), json!({"title": "a"})).if_none_match("*").await.refused(422, "255");
        ann.put(&format!("/note/{id}"), json!({"title": "a"})).await.refused(404, "not found");
        ann.ask("POST", &format!("{note}/switch/{id}")).await.refused(400, "revision");
        ann.get(&format!("{note}?revision_id={id}")).await.refused(404, "not found");
        ann.get(&format!("/note?{id}=1")).await.refused(422, "unknown query parameter");
    }
    ann.put(&note, json!({"title": "b"})).if_match(&"\"x\", ".repeat(3_000)).await.is(412);
    ann.put(&note, json!({"title": "b"})).if_match(&",".repeat(10_000)).await.is(412);
    let long = "x".repeat(70_000);
    let answer =
        raw(&app, format!("GET /note/{long} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await;
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer}");
    assert_eq!(app.picture(&["note"]).await, before);
}

/// Sends these bytes and reads until the server closes, or has answered.
async fn raw(app: &TestApp, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.expect("it listens");
    stream.write_all(request).await.expect("it reads");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    let read = async {
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..read]);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("it answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_not_http_harms_nobody() {
    let app = TestApp::new(resources()).await;
    with_note(&app).await;
    let before = app.picture(&["note"]).await;
    let host = "host: x\r\nconnection: close\r\n";
    let mut headers = String::new();
    for n in 0..200 {
        let _ = write!(headers, "x-{n}: 1\r\n");
    }
    for request in [
        "GET /note\0 HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /note HTTP/9.9\r\n{host}\r\n"),
        format!("G\x01T /note HTTP/1.1\r\n{host}\r\n"),
        format!("GET /note HTTP/1.1\r\n{host}x-user: a\0b\r\n\r\n"),
        format!("GET /note HTTP/1.1\r\n{host}{headers}\r\n"),
        format!("POST /note HTTP/1.1\r\n{host}content-length: -1\r\n\r\n"),
        format!("POST /note HTTP/1.1\r\n{host}content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        format!(
            "POST /note HTTP/1.1\r\n{host}transfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nzz\r\n"
        ),
        "\r\n\r\n\x16\x03\x01\x02".to_owned(),
    ] {
        let answer = raw(&app, request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:?}\n{answer}");
    }
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_body_changes_nothing() {
    let app = TestApp::new(resources()).await;
    with_note(&app).await;
    let before = app.picture(&["note"]).await;
    let head =
        "content-type: application/json\r\ncontent-length: 1000\r\nhost: x\r\n\r\n{\"title\": \"half\"}";
    for start in ["POST /note", "PUT /note/one", "PATCH /note/one"] {
        let mut stream = TcpStream::connect(app.address()).await.expect("it listens");
        stream.write_all(format!("{start} HTTP/1.1\r\n{head}").as_bytes()).await.expect("it reads");
        stream.shutdown().await.expect("it closes");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_a_body_is_told_so() {
    // A tenth of it is what a busy machine may take for the rest; requests that are whole have the usual time.
    let limit = Duration::from_secs(2);
    let usual = TestApp::new(resources()).await;
    with_note(&usual).await;
    let before = usual.picture(&["note"]).await;
    let app = TestApp::on(usual.folder(), resources(), |builder| builder.request_timeout(limit)).await;
    for start in ["POST /note", "PUT /note/one", "PATCH /note/one"] {
        let request = format!(
            "{start} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
        );
        let answer = raw(&app, request.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("the body was not complete"),
            "{answer}"
        );
    }
    assert_eq!(usual.picture(&["note"]).await, before);
}
