//! Delete, restore, switch, permanent delete, and all of them at once.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::resources;

const ONE: &str = "2024-05-01T00:00:01Z";
const TWO: &str = "2024-05-01T00:00:02Z";
const THREE: &str = "2024-05-01T00:00:03Z";

#[tokio::test]
async fn a_soft_delete_hides_and_a_restore_brings_back() {
    let app = TestApp::new(resources()).await;
    let note = app.user("ann").at(ONE).created("note", json!({"title": "a"})).await;
    let meta = app.user("bob").at(TWO).delete(&note).await.ok();
    assert_eq!(
        (&meta["is_deleted"], &meta["updated_by"], &meta["updated_time"]),
        (&json!(true), &json!("bob"), &json!(TWO))
    );
    assert_eq!(meta["total_revision_count"], 1, "a delete is no revision");
    let ann = app.user("ann").at(THREE);
    let before = app.picture(&["note"]).await;
    ann.delete(&note).await.refused(404, "is deleted");
    ann.put(&note, json!({"title": "b"})).await.refused(404, "is deleted");
    ann.patch(&note, json!({"title": "b"})).await.refused(404, "is deleted");
    ann.ask("PUT", &format!("{note}?mode=modify&change_status=draft")).await.refused(404, "is deleted");
    ann.post(&format!("{note}/switch/1"), json!({})).await.refused(404, "is deleted");
    assert_eq!(app.picture(&["note"]).await, before);
    assert_eq!(ann.get("/note/count").await.ok(), 0);
    assert_eq!(ann.get("/note/count?is_deleted=true").await.ok(), 1);
    let meta = ann.ask("POST", &format!("{note}/restore")).await.ok();
    assert_eq!(
        (&meta["is_deleted"], &meta["updated_by"], &meta["updated_time"]),
        (&json!(false), &json!("ann"), &json!(THREE))
    );
    let again = app.user("bob").ask("POST", &format!("{note}/restore")).await.ok();
    assert_eq!(again, meta, "a live resource stays as it is");
}

#[tokio::test]
async fn what_does_not_exist_is_404_on_every_route() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for path in ["", "/data", "/meta", "/full", "/revision-info", "/revision-list"] {
        ann.get(&format!("/note/none{path}")).await.refused(404, "Resource 'none' not found.");
    }
    ann.put("/note/none", json!({"title": "a"})).await.refused(404, "'none' not found");
    ann.patch("/note/none", json!({"title": "a"})).await.refused(404, "'none' not found");
    ann.delete("/note/none").await.refused(404, "'none' not found");
    ann.delete("/note/none/permanently").await.refused(404, "'none' not found");
    ann.ask("POST", "/note/none/restore").await.refused(404, "'none' not found");
    ann.ask("POST", "/note/none/switch/1").await.refused(404, "'none' not found");
}

#[tokio::test]
async fn one_type_never_shows_the_resources_of_another() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let id = note.trim_start_matches("/note/");
    ann.get(&format!("/plan/{id}")).await.is(404);
    ann.delete(&format!("/plan/{id}")).await.is(404);
    ann.put(&format!("/plan/{id}"), json!({"goal": "a"})).if_none_match("*").await.ok();
    ann.delete(&format!("/plan/{id}/permanently")).await.ok();
    ann.get(&note).await.ok();
}

#[tokio::test]
async fn a_switch_brings_an_older_revision_back() {
    let app = TestApp::new(resources()).await;
    let note = app.user("ann").at(ONE).created("note", json!({"title": "a", "tags": ["x"]})).await;
    app.user("ann").at(TWO).put(&note, json!({"title": "b", "tags": ["y"]})).await.ok();
    let id = note.trim_start_matches("/note/");
    let first = app.user("ann").get(&format!("{note}/revision-info?revision_id={id}:1")).await.ok();
    let bob = app.user("bob").at(THREE);
    let meta = bob.ask("POST", &format!("{note}/switch/1")).await.ok();
    assert_eq!(meta["current_revision_id"], format!("{id}:1"));
    assert_eq!((&meta["total_revision_count"], &meta["updated_by"]), (&json!(2), &json!("bob")));
    assert_eq!((&meta["rev_created_time"], &meta["indexed_data"]["tags"]), (&json!(ONE), &json!(["x"])));
    let read = bob.get(&note).await.ok();
    assert_eq!((&read["data"]["title"], &read["revision_info"]), (&json!("a"), &first));
    let tagged = json!([{"field_path": "tags", "operator": "contains", "value": "x"}]).to_string();
    assert_eq!(bob.get("/note/count").query(&[("data_conditions", &tagged)]).await.ok(), 1);
    let same = app.user("eve").ask("POST", &format!("{note}/switch/{id}:1")).await.ok();
    assert_eq!(same, meta, "the current revision stays as it is");
    let next = bob.put(&note, json!({"title": "c"})).await.ok();
    assert_eq!(
        (&next["revision_id"], &next["parent_revision_id"]),
        (&json!(format!("{id}:3")), &json!(format!("{id}:1")))
    );
    assert_eq!(bob.get(&format!("{note}/revision-list")).await.ok()["total"], 3);
    for (revision, status) in [
        ("9", 404),
        ("0", 404),
        ("02", 404),
        ("x", 400),
        ("-1", 400),
        ("1.0", 400),
        ("note:else:1", 400),
        ("99999999999999999999", 404),
    ] {
        bob.ask("POST", &format!("{note}/switch/{revision}")).await.refused(status, revision);
    }
}

#[tokio::test]
async fn a_permanent_delete_leaves_nothing() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for deleted in [false, true] {
        let account = ann.created("account", json!({"email": "a@x"})).await;
        ann.put(&account, json!({"email": "b@x"})).await.ok();
        if deleted {
            ann.delete(&account).await.ok();
        }
        let meta = ann.delete(&format!("{account}/permanently")).await.ok();
        assert_eq!((&meta["total_revision_count"], &meta["is_deleted"]), (&json!(2), &json!(deleted)));
        ann.get(&format!("{account}?include_deleted=true")).await.refused(404, "not found");
        ann.get(&format!("{account}/revision-list?include_deleted=true")).await.refused(404, "not found");
        ann.ask("POST", &format!("{account}/restore")).await.refused(404, "not found");
        ann.delete(&format!("{account}/permanently")).await.refused(404, "not found");
    }
}

async fn three_notes(app: &TestApp) -> Vec<String> {
    let mut notes = Vec::new();
    for (rank, now) in [(1, ONE), (2, TWO), (3, THREE)] {
        notes.push(app.user("ann").at(now).created("note", json!({"title": "n", "rank": rank})).await);
    }
    notes
}

fn ids(metas: &Value) -> Vec<String> {
    let metas = metas.as_array().expect("a list").iter();
    metas.map(|meta| format!("/note/{}", meta["resource_id"].as_str().expect("an id"))).collect()
}

#[tokio::test]
async fn a_batch_deletes_and_restores_what_matches_in_order() {
    let app = TestApp::new(resources()).await;
    let notes = three_notes(&app).await;
    let ann = app.user("ann");
    let above = json!([{"field_path": "rank", "operator": "gte", "value": 2}]).to_string();
    let sorted = json!([{"type": "data", "field_path": "rank", "direction": "-"}]).to_string();
    let query = [("conditions", above.as_str()), ("sorts", sorted.as_str())];
    let metas = ann.delete("/note").query(&query).await.ok();
    assert_eq!(ids(&metas), [notes[2].clone(), notes[1].clone()]);
    assert!(metas.as_array().is_some_and(|all| all.iter().all(|meta| meta["is_deleted"] == true)));
    assert_eq!(ann.get("/note/count").await.ok(), 1);
    assert_eq!(ann.delete("/note").query(&query).await.ok(), json!([]), "only live ones are deleted");
    let metas =
        ann.ask("POST", "/note/restore").query(&query).query(&[("limit", "1"), ("offset", "1")]).await.ok();
    assert_eq!(ids(&metas), [notes[1].clone()]);
    assert_eq!(ids(&ann.ask("POST", "/note/restore").await.ok()), [notes[2].clone()]);
    assert_eq!(ann.ask("POST", "/note/restore").await.ok(), json!([]));
    assert_eq!(ids(&ann.delete("/note?limit=2").await.ok()), notes[..2]);
    let by_bob = ann.delete("/note?created_bys=bob").await.ok();
    assert_eq!(by_bob, json!([]));
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for email in ["a@x", "b@x", "c@x"] {
        ann.created("account", json!({"email": email})).await;
    }
    assert_eq!(ann.delete("/account").await.ok().as_array().map(Vec::len), Some(3));
    ann.created("account", json!({"email": "B@x"})).await;
    let before = app.picture(&["account"]).await;
    ann.ask("POST", "/account/restore").await.refused(409, "email");
    assert_eq!(app.picture(&["account"]).await, before);
}

#[tokio::test]
async fn a_batch_restore_of_two_that_exclude_each_other_is_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for _ in 0..2 {
        let account = ann.created("account", json!({"email": "a@x"})).await;
        ann.delete(&account).await.ok();
    }
    let before = app.picture(&["account"]).await;
    ann.ask("POST", "/account/restore").await.refused(409, "email");
    assert_eq!(app.picture(&["account"]).await, before);
    assert_eq!(ann.ask("POST", "/account/restore?limit=1").await.ok().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let app = TestApp::with(resources(), |builder| builder.max_changes(2)).await;
    three_notes(&app).await;
    let before = app.picture(&["note"]).await;
    app.user("ann").delete("/note").await.refused(409, "at most 2");
    assert_eq!(app.picture(&["note"]).await, before);
    app.user("ann").delete("/note?limit=2").await.ok();
    assert_eq!(app.user("ann").get("/note/count").await.ok(), 1);
}
