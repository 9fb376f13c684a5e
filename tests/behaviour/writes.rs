//! Create, replace, patch, and what they record.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::resources;

const ONE: &str = "2024-05-01T00:00:01Z";
const TWO: &str = "2024-05-01T00:00:02Z";

#[tokio::test]
async fn a_create_records_who_and_when_and_fills_in_defaults() {
    let app = TestApp::new(resources()).await;
    let answer = app.user("ann").at(ONE).post("/note", json!({"title": "a"})).await.is(200);
    let info = answer.json();
    let id = info["resource_id"].as_str().expect("an id").to_owned();
    assert_eq!(info["revision_id"], format!("{id}:1"));
    assert_eq!((&info["parent_revision_id"], &info["schema_version"]), (&Value::Null, &Value::Null));
    assert_eq!((&info["created_by"], &info["updated_by"]), (&json!("ann"), &json!("ann")));
    assert_eq!((&info["created_time"], &info["updated_time"]), (&json!(ONE), &json!(ONE)));
    assert_eq!(info["status"], "stable");
    let tag = format!("\"{id}:1@{}\"", info["data_hash"].as_str().expect("a hash"));
    assert_eq!(answer.header("etag"), Some(tag));
    let read = app.user("bob").get(&format!("/note/{id}")).await.ok();
    let data =
        json!({"title": "a", "rank": null, "score": 0.0, "tags": [], "due": null, "place": null, "text": ""});
    assert_eq!((&read["data"], &read["revision_info"]), (&data, &info));
    let meta = &read["meta"];
    assert_eq!((&meta["total_revision_count"], &meta["is_deleted"]), (&json!(1), &json!(false)));
    assert_eq!(meta["indexed_data"]["title"], "a");
}

#[tokio::test]
async fn nobody_is_anonymous() {
    let app = TestApp::new(resources()).await;
    let info = app.user("").post("/note", json!({"title": "a"})).await.ok();
    assert_eq!(info["created_by"], "anonymous");
}

#[tokio::test]
async fn a_replace_adds_a_revision_and_keeps_what_is_older() {
    let app = TestApp::new(resources()).await;
    let note = app.user("ann").at(ONE).created("note", json!({"title": "a", "rank": 1})).await;
    let info = app.user("bob").at(TWO).put(&note, json!({"title": "b"})).await.ok();
    let id = info["resource_id"].as_str().expect("an id");
    assert_eq!(info["revision_id"], format!("{id}:2"));
    assert_eq!(info["parent_revision_id"], format!("{id}:1"));
    assert_eq!((&info["created_by"], &info["created_time"]), (&json!("bob"), &json!(TWO)));
    let read = app.user("ann").get(&note).await.ok();
    assert_eq!((&read["data"]["title"], &read["data"]["rank"]), (&json!("b"), &Value::Null));
    let meta = &read["meta"];
    assert_eq!((&meta["created_by"], &meta["updated_by"]), (&json!("ann"), &json!("bob")));
    assert_eq!((&meta["created_time"], &meta["updated_time"]), (&json!(ONE), &json!(TWO)));
    assert_eq!((&meta["total_revision_count"], &meta["rev_created_by"]), (&json!(2), &json!("bob")));
    let first = app.user("ann").get(&format!("{note}?revision_id={id}:1")).await.ok();
    assert_eq!((&first["data"]["title"], &first["data"]["rank"]), (&json!("a"), &json!(1)));
    assert_eq!(first["revision_info"]["created_by"], "ann");
    assert_eq!(first["meta"], *meta, "the metadata is always that of today");
}

#[tokio::test]
async fn identical_content_writes_nothing_and_says_so() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann").at(ONE);
    let note = ann.created("note", json!({"title": "a", "tags": ["x"]})).await;
    let before = app.picture(&["note"]).await;
    let bob = app.user("bob").at(TWO);
    let same = [
        bob.put(&note, json!({"tags": ["x"], "title": "a", "text": ""})).await,
        bob.patch(&note, json!({})).await,
        bob.patch(&note, json!([])).await,
        bob.patch(&note, json!([{"op": "replace", "path": "/title", "value": "a"}])).await,
        bob.ask("PUT", &format!("{note}?mode=modify")).await,
        bob.ask("PUT", &format!("{note}?mode=modify&change_status=stable")).await,
    ];
    for answer in same {
        let info = answer.ok();
        assert_eq!(answer.header("x-unchanged").as_deref(), Some("true"), "{answer}");
        assert!(info["revision_id"].as_str().is_some_and(|id| id.ends_with(":1")), "{answer}");
        assert_eq!(info["updated_by"], "ann");
    }
    assert_eq!(app.picture(&["note"]).await, before);
    let changed = bob.put(&note, json!({"title": "b"})).await.is(200);
    assert_eq!(changed.header("x-unchanged"), None);
}

#[tokio::test]
async fn a_draft_is_rewritten_in_place() {
    let app = TestApp::new(resources()).await;
    let plan = app.user("ann").at(ONE).created("plan", json!({"goal": "a"})).await;
    let before = app.user("ann").get(&plan).await.ok();
    let bob = app.user("bob").at(TWO);
    let info = bob.put(&format!("{plan}?mode=modify"), json!({"goal": "b"})).await.ok();
    let old = &before["revision_info"];
    for key in ["revision_id", "uid", "parent_revision_id", "created_time", "created_by", "schema_version"] {
        assert_eq!(info[key], old[key], "{key}");
    }
    assert_eq!((&info["updated_time"], &info["updated_by"]), (&json!(TWO), &json!("bob")));
    assert_ne!(info["data_hash"], old["data_hash"]);
    let read = app.user("ann").get(&plan).await.ok();
    assert_eq!((&read["data"]["goal"], &read["meta"]["total_revision_count"]), (&json!("b"), &json!(1)));
    assert_eq!(read["meta"]["rev_updated_by"], "bob");
}

#[tokio::test]
async fn a_status_changes_alone_or_with_content() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let plan = ann.created("plan", json!({"goal": "a"})).await;
    let info = ann.ask("PUT", &format!("{plan}?mode=modify&change_status=stable")).await.ok();
    assert_eq!(info["status"], "stable");
    ann.put(&format!("{plan}?mode=modify"), json!({"goal": "b"})).await.refused(409, "cannot be modified");
    ann.patch(&format!("{plan}?mode=modify"), json!({"goal": "b"})).await.refused(409, "cannot be modified");
    let same = ann.ask("PUT", &format!("{plan}?mode=modify&change_status=stable")).await.is(200);
    assert_eq!(same.header("x-unchanged").as_deref(), Some("true"));
    ann.ask("PUT", &format!("{plan}?mode=modify&change_status=draft")).await.ok();
    let both = format!("{plan}?mode=modify&change_status=stable");
    assert_eq!(ann.put(&both, json!({"goal": "a"})).await.ok()["status"], "stable", "equal data, new status");
    ann.ask("PUT", &format!("{plan}?mode=modify&change_status=draft")).await.ok();
    assert_eq!(ann.put(&both, json!({"goal": "c"})).await.ok()["status"], "stable");
    assert_eq!(ann.get(&format!("{plan}/data")).await.ok()["goal"], "c");
    assert_eq!(ann.get(&format!("{plan}/meta")).await.ok()["total_revision_count"], 1);
}

#[tokio::test]
async fn an_update_of_a_draft_makes_a_revision_with_the_status_of_the_type() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let plan = ann.created("plan", json!({"goal": "a"})).await;
    ann.ask("PUT", &format!("{plan}?mode=modify&change_status=stable")).await.ok();
    let info = ann.put(&plan, json!({"goal": "b"})).await.ok();
    assert_eq!((&info["status"], &info["schema_version"]), (&json!("draft"), &json!("v1")));
    assert!(info["revision_id"].as_str().is_some_and(|id| id.ends_with(":2")), "{info}");
}

#[tokio::test]
async fn modes_and_statuses_are_checked() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let plan = ann.created("plan", json!({"goal": "a"})).await;
    let before = app.picture(&["plan"]).await;
    let goal = json!({"goal": "b"});
    ann.put(&format!("{plan}?mode=replace"), goal.clone()).await.refused(422, "mode");
    ann.put(&format!("{plan}?mode="), goal.clone()).await.refused(422, "mode");
    ann.put(&format!("{plan}?mode=modify&change_status=final"), goal.clone())
        .await
        .refused(422, "change_status");
    ann.put(&format!("{plan}?change_status=draft"), goal.clone()).await.refused(400, "mode=modify");
    ann.patch(&format!("{plan}?change_status=draft"), goal).await.refused(400, "mode=modify");
    ann.ask("PUT", &plan).await.refused(400, "body");
    ann.ask("PATCH", &plan).body("application/json", "").await.refused(422, "body");
    ann.ask("POST", "/plan").await.refused(422, "body");
    assert_eq!(app.picture(&["plan"]).await, before);
    let same = ann.ask("PUT", &format!("{plan}?mode=modify")).await.is(200);
    assert_eq!(same.header("x-unchanged").as_deref(), Some("true"));
}

#[tokio::test]
async fn a_client_chooses_an_id_by_a_put_that_may_only_create() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann").at(ONE);
    let info = ann.put("/note/plan%20of%20%C3%89va", json!({"title": "a"})).if_none_match("*").await.ok();
    assert_eq!(info["resource_id"], "plan of Éva");
    assert_eq!(info["revision_id"], "plan of Éva:1");
    let before = app.picture(&["note"]).await;
    let again = ann.put("/note/plan%20of%20%C3%89va", json!({"title": "b"})).if_none_match("*").await.is(412);
    assert_eq!(again.detail()["actual_revision_id"], "exists");
    assert_eq!(app.picture(&["note"]).await, before);
    ann.delete("/note/plan%20of%20%C3%89va").await.ok();
    ann.put("/note/plan%20of%20%C3%89va", json!({"title": "b"})).if_none_match("*").await.is(412);
    ann.delete("/note/plan%20of%20%C3%89va/permanently").await.ok();
    let info = ann.put("/note/plan%20of%20%C3%89va", json!({"title": "c"})).if_none_match("*").await.ok();
    assert_eq!(info["revision_id"], "plan of Éva:1");
}

#[tokio::test]
async fn ids_follow_rules() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let longest = "x".repeat(255);
    ann.put(&format!("/note/{longest}"), json!({"title": "a"})).if_none_match("*").await.ok();
    ann.get(&format!("/note/{longest}/data")).await.ok();
    let before = app.picture(&["note"]).await;
    let bad = [
        "%20", "%20a", "a%20", "a%2Fb", "a%5Cb", "a%3Fb", "a%23b", "a%25b", "a%00b", "a%0Ab", "a%7Fb",
        "%C2%85a",
    ];
    for id in
        bad.map(str::to_owned).into_iter().chain(["x".repeat(256), "é".repeat(128).replace('é', "%C3%A9")])
    {
        let answer = ann.put(&format!("/note/{id}"), json!({"title": "a"})).if_none_match("*").await;
        answer.refused(422, "id");
        ann.get(&format!("/note/{id}")).await.refused(404, "not found");
    }
    ann.post("/note", json!({"title": "a", "resource_id": "mine"})).await.refused(422, "resource_id");
    ann.patch(&format!("/note/{longest}"), json!({"resource_id": "mine"})).await.refused(422, "resource_id");
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn patches_of_both_kinds_apply_to_the_full_value() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let body = json!({"title": "a", "rank": 1, "tags": ["x"], "place": {"city": "Rome", "zip": "1"}});
    let note = ann.created("note", body).await;
    ann.patch(&note, json!({"rank": null, "place": {"zip": null}, "tags": ["y", "z"]})).await.ok();
    let data = ann.get(&format!("{note}/data")).await.ok();
    assert_eq!(data["place"], json!({"city": "Rome", "zip": null}));
    assert_eq!((&data["rank"], &data["tags"]), (&Value::Null, &json!(["y", "z"])));
    let operations = json!([
        {"op": "test", "path": "/tags/1", "value": "z"},
        {"op": "move", "from": "/tags/0", "path": "/tags/-"},
        {"op": "copy", "from": "/title", "path": "/text"},
        {"op": "add", "path": "/rank", "value": 7},
        {"op": "remove", "path": "/place"},
    ]);
    let answer = ann.ask("PATCH", &note).body("application/json-patch+json", operations.to_string()).await;
    assert!(answer.ok()["revision_id"].as_str().is_some_and(|id| id.ends_with(":3")), "{answer}");
    let data = ann.get(&format!("{note}/data")).await.ok();
    assert_eq!(
        (&data["tags"], &data["text"], &data["place"]),
        (&json!(["z", "y"]), &json!("a"), &Value::Null)
    );
    let whole = json!([{"op": "replace", "path": "", "value": {"title": "new"}}]);
    ann.patch(&note, whole).await.ok();
    assert_eq!(ann.get(&format!("{note}/data")).await.ok()["rank"], Value::Null);
}

#[tokio::test]
async fn a_patch_that_fails_half_way_changes_nothing() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let before = app.picture(&["note"]).await;
    let replace = json!({"op": "replace", "path": "/title", "value": "b"});
    for second in [
        json!({"op": "test", "path": "/rank", "value": 4}),
        json!({"op": "remove", "path": "/nope"}),
        json!({"op": "replace", "path": "/tags/0", "value": "x"}),
        json!({"op": "add", "path": "/tags/5", "value": "x"}),
        json!({"op": "move", "from": "/title", "path": "/title/deeper"}),
        json!({"op": "explode", "path": "/title"}),
        json!({"op": "add", "path": "/title"}),
        json!({"op": "add", "path": "title", "value": "x"}),
    ] {
        ann.patch(&note, json!([replace, second])).await.refused(400, "patch");
    }
    ann.patch(&note, json!([{"op": "remove", "path": "/title"}])).await.refused(422, "title");
    ann.patch(&note, json!({"title": null})).await.refused(422, "title");
    ann.patch(&note, json!({"title": 3})).await.refused(422, "title");
    assert_eq!(app.picture(&["note"]).await, before);
}
