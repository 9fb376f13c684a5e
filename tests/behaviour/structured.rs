//! The structured form of errors.

use serde_json::json;

use crate::common::TestApp;
use crate::resources;

#[tokio::test]
async fn every_error_is_an_object_with_a_message_and_a_code() {
    let app = TestApp::with(resources(), |builder| builder.structured_errors(true).body_limit(4096)).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let account = ann.created("account", json!({"email": "a@x"})).await;
    ann.delete(&account).await.ok();
    ann.created("account", json!({"email": "a@x"})).await;
    let cases = [
        (ann.put(&format!("{note}?change_status=draft"), json!({"title": "b"})), 400, "BAD_REQUEST"),
        (ann.get("/note?conditions=nonsense"), 400, "BAD_REQUEST"),
        (ann.patch(&note, json!([{"op": "nonsense"}])), 400, "BAD_REQUEST"),
        (ann.get("/note/none"), 404, "RESOURCE_NOT_FOUND"),
        (ann.get("/nowhere"), 404, "RESOURCE_NOT_FOUND"),
        (ann.get(&account), 404, "RESOURCE_DELETED"),
        (ann.get(&format!("{note}?revision_id=x")), 404, "RESOURCE_NOT_FOUND"),
        (ann.ask("PUT", "/note"), 405, "METHOD_NOT_ALLOWED"),
        (ann.post("/account", json!({"email": "a@x"})), 409, "UNIQUE_CONSTRAINT"),
        (ann.ask("POST", &format!("{account}/restore")), 409, "UNIQUE_CONSTRAINT"),
        (ann.put(&format!("{note}?mode=modify"), json!({"title": "b"})), 409, "RESOURCE_CONFLICT"),
        (ann.put(&note, json!({"title": "b"})).if_match("\"x\""), 412, "PRECONDITION_FAILED"),
        (ann.post("/note", json!({"title": "x".repeat(5000)})), 413, "PAYLOAD_TOO_LARGE"),
        (ann.ask("POST", "/note").body("text/plain", "a"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (ann.post("/note", json!({"title": 1})), 422, "VALIDATION_ERROR"),
        (ann.post("/product", json!({"name": "a", "price": -1})), 422, "VALIDATION_ERROR"),
        (ann.ask("POST", "/note").body("application/json", "{"), 422, "VALIDATION_ERROR"),
        (ann.get("/note?limit=x"), 422, "VALIDATION_ERROR"),
        (ann.get("/note?limt=1"), 422, "VALIDATION_ERROR"),
        (ann.post("/product", json!({"name": "panic", "price": 1})), 500, "INTERNAL_ERROR"),
    ];
    for (ask, status, code) in cases {
        let answer = ask.await.is(status);
        let detail = answer.detail();
        assert_eq!(detail["code"], code, "{answer}");
        assert!(detail["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    }
    let detail = ann.post("/account", json!({"email": "A@x"})).await.detail();
    assert_eq!(detail["field"], "email");
    let detail = ann.post("/note", json!({"title": "a", "place": {"city": 1}})).await.detail();
    assert_eq!(detail["errors"][0]["path"], "$.place.city");
    let detail = ann.get("/note?limit=x").await.detail();
    assert_eq!(
        (&detail["message"], &detail["errors"][0]["loc"]),
        (&json!("Request validation failed"), &json!(["query", "limit"]))
    );
}
