//! What content is taken: unique values, read-only fields, validators, types.

use serde_json::json;

use crate::common::TestApp;
use crate::resources;

#[tokio::test]
async fn a_unique_value_belongs_to_one_live_resource() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let first = ann.created("account", json!({"email": "a@x", "handle": "ann"})).await;
    let second = ann.created("account", json!({"email": "b@x"})).await;
    let before = app.picture(&["account"]).await;
    let id = first.trim_start_matches("/account/");
    for taken in [
        ann.post("/account", json!({"email": "a@x"})).await,
        ann.put("/account/mine", json!({"email": "a@x"})).if_none_match("*").await,
        ann.put(&second, json!({"email": "a@x"})).await,
        ann.patch(&second, json!({"email": "a@x"})).await,
        ann.patch(&second, json!([{"op": "replace", "path": "/email", "value": "a@x"}])).await,
    ] {
        let detail = taken.is(409).detail();
        assert_eq!((&detail["field"], &detail["conflicting_resource_id"]), (&json!("email"), &json!(id)));
        let message = "Unique constraint violated: field 'email' value 'a@x' already exists";
        assert_eq!(detail["message"], message);
    }
    ann.patch(&second, json!({"handle": "ann"})).await.refused(409, "handle");
    assert_eq!(app.picture(&["account"]).await, before);
    ann.put(&first, json!({"email": "a@x", "handle": "ann", "visits": 1})).await.ok();
    ann.delete(&first).await.ok();
    ann.put(&second, json!({"email": "a@x", "handle": "ann"})).await.ok();
    let before = app.picture(&["account"]).await;
    ann.ask("POST", &format!("{first}/restore")).await.refused(409, "email");
    assert_eq!(app.picture(&["account"]).await, before);
}

#[tokio::test]
async fn letters_are_compared_whatever_their_case() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.created("account", json!({"email": "Ärger@Straße.de", "handle": "x"})).await;
    for taken in ["ärger@straße.de", "ÄRGER@STRASSE.DE"] {
        ann.post("/account", json!({"email": taken})).await.refused(409, "email");
    }
    ann.created("account", json!({"email": "arger@strasse.de"})).await;
    ann.created("account", json!({"email": "other", "handle": "X"})).await;
    let account = ann.created("account", json!({"email": "mine@x"})).await;
    ann.patch(&account, json!({"email": "MINE@x"})).await.ok();
}

#[tokio::test]
async fn nothing_and_nothing_are_not_the_same_value() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for email in ["a@x", "b@x"] {
        ann.created("account", json!({"email": email, "handle": null})).await;
    }
    ann.created("seat", json!({"hall": "A"})).await;
    ann.created("seat", json!({"hall": "A"})).await;
    ann.created("account", json!({"email": "c@x", "handle": ""})).await;
    ann.post("/account", json!({"email": "d@x", "handle": ""})).await.refused(409, "handle");
}

#[tokio::test]
async fn fields_are_unique_together() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.created("seat", json!({"hall": "A", "number": 1})).await;
    ann.created("seat", json!({"hall": "A", "number": 2})).await;
    let other = ann.created("seat", json!({"hall": "B", "number": 1})).await;
    let before = app.picture(&["seat"]).await;
    let detail = ann.post("/seat", json!({"hall": "A", "number": 1})).await.is(409).detail();
    assert_eq!(detail["field"], "hall, number");
    ann.patch(&other, json!({"hall": "A"})).await.refused(409, "hall, number");
    assert_eq!(app.picture(&["seat"]).await, before);
    ann.patch(&other, json!({"hall": "A", "number": 3})).await.ok();
}

#[tokio::test]
async fn a_switch_to_a_taken_value_is_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let first = ann.created("account", json!({"email": "a@x"})).await;
    ann.put(&first, json!({"email": "b@x"})).await.ok();
    ann.created("account", json!({"email": "A@x"})).await;
    let before = app.picture(&["account"]).await;
    ann.ask("POST", &format!("{first}/switch/1")).await.refused(409, "email");
    assert_eq!(app.picture(&["account"]).await, before);
}

#[tokio::test]
async fn read_only_fields_are_the_programs() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.post("/ledger", json!({"owner": "a", "total": 5})).await.refused(422, "total");
    ann.put("/ledger/mine", json!({"owner": "a", "total": 0})).if_none_match("*").await.refused(422, "total");
    let ledger = ann.created("ledger", json!({"owner": "a"})).await;
    let id = ledger.trim_start_matches("/ledger/");
    let repository = app.app().repository::<crate::models::Ledger>();
    let paid = crate::models::Ledger { owner: "a".into(), total: 7 };
    repository.update(id, &paid).await.expect("the program may");
    let before = app.picture(&["ledger"]).await;
    ann.put(&ledger, json!({"owner": "b", "total": 8})).await.refused(422, "total");
    ann.patch(&ledger, json!({"total": 8})).await.refused(422, "total");
    ann.patch(&ledger, json!({"total": null})).await.refused(422, "total");
    ann.patch(&ledger, json!([{"op": "remove", "path": "/total"}])).await.refused(422, "total");
    assert_eq!(app.picture(&["ledger"]).await, before);
    ann.put(&ledger, json!({"owner": "b"})).await.ok();
    ann.put(&ledger, json!({"owner": "c", "total": 7})).await.ok();
    ann.patch(&ledger, json!({"owner": "d"})).await.ok();
    assert_eq!(ann.get(&format!("{ledger}/data")).await.ok(), json!({"owner": "d", "total": 7}));
}

#[tokio::test]
async fn a_validator_has_its_say_on_every_write() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let product = ann.created("product", json!({"name": "a", "price": 1})).await;
    let before = app.picture(&["product"]).await;
    let bad = json!({"name": "a", "price": -1});
    ann.post("/product", bad.clone()).await.refused(422, "price must not be negative");
    ann.put("/product/x", bad.clone()).if_none_match("*").await.refused(422, "price must");
    ann.put(&product, bad.clone()).await.refused(422, "price must");
    ann.patch(&product, json!({"price": -1})).await.refused(422, "price must");
    ann.patch(&product, json!([{"op": "replace", "path": "/price", "value": -0.5}]))
        .await
        .refused(422, "price must");
    assert_eq!(app.picture(&["product"]).await, before);
}

#[tokio::test]
async fn a_bug_of_the_program_is_500_with_an_id_and_the_server_goes_on() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let product = ann.created("product", json!({"name": "a", "price": 1})).await;
    let before = app.picture(&["product"]).await;
    let bug = json!({"name": "panic", "price": 1});
    for answer in [
        ann.post("/product", bug.clone()).await,
        ann.put(&product, bug.clone()).await,
        ann.patch(&product, bug).await,
    ] {
        answer.refused(500, "Internal server error (id ");
        assert!(!answer.text().contains("a validator with a bug"), "{answer}");
    }
    assert_eq!(app.picture(&["product"]).await, before);
    ann.put(&product, json!({"name": "b", "price": 1})).await.ok();
}

#[tokio::test]
async fn types_are_strict_and_name_the_place() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    for (field, value) in [
        ("title", json!(1)),
        ("title", json!(null)),
        ("title", json!(["a"])),
        ("rank", json!("1")),
        ("rank", json!(1.0)),
        ("rank", json!(1.5)),
        ("rank", json!(true)),
        ("rank", json!(9_223_372_036_854_775_808_u64)),
        ("score", json!("1")),
        ("score", json!(null)),
        ("score", json!([])),
        ("tags", json!("x")),
        ("tags", json!(["x", 1])),
        ("tags", json!({"0": "x"})),
        ("due", json!("2024-05-01")),
        ("due", json!("2024-02-30T00:00:00Z")),
        ("due", json!(0)),
        ("place", json!("Rome")),
        ("place", json!(["Rome", null])),
        ("place", json!({})),
        ("place", json!({"city": 1})),
        ("text", json!({})),
    ] {
        let mut body = json!({"title": "b"});
        body[field] = value;
        for answer in [
            ann.post("/note", body.clone()).await,
            ann.put(&note, body.clone()).await,
            ann.put("/note/mine", body.clone()).if_none_match("*").await,
        ] {
            answer.refused(422, &format!("$.{field}"));
        }
        let operation = json!([{"op": "add", "path": format!("/{field}"), "value": body[field]}]);
        ann.patch(&note, operation).await.refused(422, &format!("$.{field}"));
    }
    ann.post("/note", json!({})).await.refused(422, "title");
    assert_eq!(app.picture(&["note"]).await, before);
    ann.created(
        "note",
        json!({"title": "b", "rank": i64::MIN, "score": 3, "tags": [], "due": "2024-05-01 10:00:00+02:00"}),
    )
    .await;
}
