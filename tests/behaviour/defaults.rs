//! What the product does by default, and what the compatibility preset does instead.

use serde_json::{Value, json};
use specstar::app::Preset;

use crate::common::TestApp;
use crate::resources;

#[tokio::test]
async fn unknown_fields_are_refused_by_name_and_ignored_in_the_preset() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    let top = json!({"title": "a", "titel": "b"});
    let nested = json!({"title": "a", "place": {"city": "Rome", "zipp": "1"}});
    let ann = product.user("ann");
    ann.post("/note", top.clone()).await.refused(422, "titel").refused(422, "did you mean `title`");
    ann.post("/note", nested.clone()).await.refused(422, "zipp").refused(422, "$.place");
    assert_eq!(ann.get("/note/count").await.ok(), 0);
    let bob = compat.user("bob");
    let note = bob.created("note", top).await;
    assert_eq!(bob.get(&format!("{note}/data")).await.ok()["title"], "a");
    let note = bob.created("note", nested).await;
    let data = bob.get(&format!("{note}?returns=only-data")).await.ok();
    assert_eq!(data["place"], json!({"city": "Rome", "zip": null}));
}

#[tokio::test]
async fn unknown_fields_of_a_replace_and_of_a_patch_are_treated_the_same() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    let ann = product.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = product.picture(&["note"]).await;
    ann.put(&note, json!({"title": "b", "colour": 1})).await.refused(422, "colour");
    ann.patch(&note, json!({"colour": 1})).await.refused(422, "colour");
    ann.patch(&note, json!([{"op": "add", "path": "/colour", "value": 1}])).await.refused(422, "colour");
    assert_eq!(product.picture(&["note"]).await, before);
    let bob = compat.user("bob");
    let note = bob.created("note", json!({"title": "a"})).await;
    bob.put(&note, json!({"title": "b", "colour": 1})).await.ok();
    bob.patch(&note, json!({"rank": 1, "colour": 1})).await.ok();
    let data = bob.get(&format!("{note}/data")).await.ok();
    assert_eq!((&data["title"], &data["rank"], data.get("colour")), (&json!("b"), &json!(1), None));
}

#[tokio::test]
async fn unknown_parameters_are_refused_with_the_nearest_name_and_ignored_in_the_preset() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    let note = product.user("ann").created("note", json!({"title": "a"})).await;
    let asks = [
        ("GET", "/note?limt=1".to_owned(), "limt"),
        ("GET", "/note/count?is_delete=true".to_owned(), "is_delete"),
        ("GET", format!("{note}?return=data"), "return"),
        ("GET", format!("{note}/revision-list?chain=true"), "chain"),
        ("DELETE", format!("{note}?limit=1"), "limit"),
        ("DELETE", "/note?title=a".to_owned(), "title"),
        ("POST", "/note/restore?x=1".to_owned(), "x"),
        ("POST", format!("{note}/switch/1?force=1"), "force"),
        ("DELETE", format!("{note}/permanently?include_deleted=true"), "include_deleted"),
    ];
    let before = product.picture(&["note"]).await;
    for (method, path, name) in asks {
        let answer = product.user("ann").ask(method, &path).await.refused(422, &format!("`{name}`"));
        assert_eq!(answer.detail()[0]["loc"], json!(["query", name]), "{answer}");
    }
    product.user("ann").get("/note?limt=1").await.refused(422, "did you mean `limit`");
    assert_eq!(product.picture(&["note"]).await, before);
    compat.user("bob").get("/note?limt=1&x").await.ok();
    compat.user("bob").get("/note/count?zzz=true").await.ok();
}

#[tokio::test]
async fn pages_have_fifty_rows_and_at_most_a_thousand() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    for app in [&product, &compat] {
        let ann = app.user("ann");
        let notes = (0..51).map(|n| ann.created("note", json!({"title": n.to_string()})));
        futures_util::future::join_all(notes).await;
    }
    let page = product.user("ann").get("/note?with_total=true").await.is(200);
    assert_eq!(page.json().as_array().map(Vec::len), Some(50));
    assert_eq!(
        (page.header("x-has-more"), page.header("x-total-count")),
        (Some("true".into()), Some("51".into()))
    );
    product.user("ann").get("/note?limit=1000").await.ok();
    product.user("ann").get("/note?limit=1001").await.refused(422, "limit");
    let page = compat.user("ann").get("/note").await.is(200);
    assert_eq!(page.json().as_array().map(Vec::len), Some(51));
    assert_eq!(page.header("x-has-more").as_deref(), Some("false"));
    compat.user("ann").get("/note?limit=1000000").await.ok();
}

#[tokio::test]
async fn ids_are_ordered_in_time_and_random_in_the_preset() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    for (app, version) in [(&product, '7'), (&compat, '4')] {
        let path = app.user("ann").created("note", json!({"title": "a"})).await;
        let uuid = path.strip_prefix("/note/note:").expect("the id starts with the name");
        assert_eq!((uuid.len(), uuid.chars().nth(14)), (36, Some(version)), "{uuid}");
    }
}

#[tokio::test]
async fn filters_without_an_index_are_refused_and_match_nothing_in_the_preset() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    let conditions = json!([{"field_path": "text", "operator": "eq", "value": "a"}]).to_string();
    for app in [&product, &compat] {
        app.user("ann").created("note", json!({"title": "a", "text": "a"})).await;
    }
    let query = [("conditions", conditions.as_str())];
    product.user("ann").get("/note").query(&query).await.refused(400, "text");
    product.user("ann").delete("/note").query(&query).await.refused(400, "text");
    assert_eq!(compat.user("ann").get("/note").query(&query).await.ok(), json!([]));
    assert_eq!(compat.user("ann").get("/note/count").query(&query).await.ok(), 0);
}

#[tokio::test]
async fn a_stable_revision_is_rewritten_as_a_draft_only_in_the_preset() {
    let (product, compat) = (TestApp::new(resources()).await, TestApp::compat(resources()).await);
    let rewrite = "mode=modify&change_status=draft";
    let note = product.user("ann").created("note", json!({"title": "a"})).await;
    let before = product.picture(&["note"]).await;
    product
        .user("ann")
        .put(&format!("{note}?{rewrite}"), json!({"title": "b"}))
        .await
        .refused(409, "modified");
    assert_eq!(product.picture(&["note"]).await, before);
    let note = compat.user("ann").created("note", json!({"title": "a"})).await;
    let info = compat.user("ann").put(&format!("{note}?{rewrite}"), json!({"title": "b"})).await.ok();
    assert_eq!(info["status"], "draft");
    assert!(info["revision_id"].as_str().is_some_and(|id| id.ends_with(":1")), "{info}");
}

#[tokio::test]
async fn both_answer_errors_preconditions_and_permissions_alike() {
    for preset in [Preset::Standard, Preset::Compat] {
        let app = TestApp::with(resources(), |builder| builder.preset(preset)).await;
        let ann = app.user("ann");
        let account = ann.created("account", json!({"email": "a@x"})).await;
        ann.post("/account", json!({"email": "A@X"})).await.refused(409, "email");
        ann.put(&account, json!({"email": "b@x"})).if_match("\"stale\"").await.refused(412, "PRECONDITION");
        ann.get("/account/account:none").await.refused(404, "account:none");
        ann.get("/nowhere").await.refused(404, "Not Found");
        assert_eq!(ann.get(&format!("{account}/data")).await.ok()["email"], "a@x");
    }
}

#[tokio::test]
async fn the_type_decides_about_unknown_fields_before_the_application_does() {
    use specstar::descriptor::UnknownFields;
    let app = TestApp::with(resources(), |builder| builder.unknown_fields(UnknownFields::Ignore)).await;
    let note = app.user("ann").created("note", json!({"title": "a", "zzz": {"deep": [1]}})).await;
    let data: Value = app.user("ann").get(&format!("{note}/data")).await.ok();
    assert!(data.get("zzz").is_none(), "{data}");
}
