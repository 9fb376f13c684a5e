//! Rules that look at a resource, on routes that are about no single one.

use serde_json::{Value, json};
use specstar::access::{Action, allow, allow_fields, deny_input_if, owner};
use specstar::acl::{Acl, Combining};

use crate::common::TestApp;
use crate::models::Note;
use crate::resources;

#[tokio::test]
async fn a_rule_that_needs_the_resource_opens_no_list() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::CREATE)).access(owner(Action::FULL))
    })
    .await;
    let ann = app.user("ann");
    let path = ann.created("note", json!({"title": "secret"})).await;
    ann.get(&path).await.ok();
    let before = app.picture_as("ann", &[&path]).await;
    for user in ["ann", "eve", ""] {
        let user = app.user(user);
        for route in
            ["/note", "/note?returns=meta", "/note/data", "/note/count", "/note/changes", "/_changes"]
        {
            user.get(route).await.is(403);
        }
        user.delete("/note").await.is(403);
        user.ask("POST", "/note/restore").await.is(403);
    }
    assert_eq!(app.picture_as("ann", &[&path]).await, before);
}

#[tokio::test]
async fn the_data_of_a_list_needs_a_rule_that_looks_at_no_resource() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::CREATE | Action::SEARCH_RESOURCES)).access(owner(Action::OWNER))
    })
    .await;
    app.user("ann").created("note", json!({"title": "secret"})).await;
    app.user("eve").get("/note").await.is(403);
    app.user("eve").get("/note?returns=meta").await.ok();
}

#[tokio::test]
async fn a_rule_on_new_content_opens_no_list() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::FULL).to_users(["root"]))
            .access(deny_input_if::<Note>(Action::FULL, |_, note| note.title.is_empty()))
    })
    .await;
    app.user("root").created("note", json!({"title": "secret"})).await;
    app.user("").get("/note").await.is(403);
}

#[tokio::test]
async fn a_patch_that_does_not_fit_is_told_to_whoever_may_patch() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::CREATE | Action::READ))
            .access(allow_fields::<Note>(Action::WRITE, ["tags"]).to_users(["ann"]))
    })
    .await;
    let path = app.user("ann").created("note", json!({"title": "a"})).await;
    let wrong = json!([{"op": "test", "path": "/title", "value": "b"}]);
    app.user("ann").patch(&path, wrong.clone()).await.is(400);
    app.user("ann").patch(&path, json!({"tags": 5})).await.is(422);
    app.user("ann").patch(&path, json!({"title": "b"})).await.is(403);
    app.user("eve").patch(&path, wrong).await.is(403);
    app.user("eve").patch(&path, json!({"tags": 5})).await.is(403);
}

#[tokio::test]
async fn who_may_change_one_field_undoes_changes_of_it_and_leaves_the_status_alone() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::CREATE | Action::READ))
            .access(allow_fields::<Note>(Action::UPDATE | Action::PATCH | Action::MODIFY, ["tags"]))
    })
    .await;
    let ann = app.user("ann");
    let path = ann.created("note", json!({"title": "a"})).await;
    ann.patch(&path, json!({"tags": ["x"]})).await.ok();
    ann.ask("POST", &format!("{path}/undo/2")).await.ok();
    let repository = app.app().repository::<Note>();
    let id = path.trim_start_matches("/note/");
    repository.set_status(id, specstar::meta::RevisionStatus::Draft).await.expect("it is a draft");
    let same = ann.get(&path).await.ok()["data"].clone();
    let stable = format!("{path}?mode=modify&change_status=stable");
    ann.put(&stable, same).await.is(403);
    ann.ask("PUT", &stable).await.is(403);
    ann.patch(&format!("{path}?mode=modify"), json!({"tags": ["y"]})).await.ok();
}

#[tokio::test]
async fn a_rule_on_new_content_looks_at_what_a_switch_makes_current() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::FULL))
            .access(deny_input_if::<Note>(Action::LIFECYCLE | Action::UPDATE, |_, note| {
                note.title == "secret"
            }))
    })
    .await;
    let (ann, path) = (app.user("ann"), app.user("ann").created("note", json!({"title": "secret"})).await);
    ann.put(&path, json!({"title": "open"})).await.ok();
    ann.put(&path, json!({"title": "public"})).await.ok();
    ann.ask("POST", &format!("{path}/switch/1")).await.is(403);
    ann.ask("POST", &format!("{path}/switch/2")).await.ok();
}

#[tokio::test]
async fn a_conflict_names_only_what_the_caller_may_read() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::CREATE)).access(owner(Action::READ))
    })
    .await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let path = ann.created("account", json!({"email": "a@x"})).await;
    let own = ann.post("/account", json!({"email": "a@x"})).await;
    assert_eq!(own.is(409).detail()["conflicting_resource_id"], path.trim_start_matches("/account/"));
    let other = eve.post("/account", json!({"email": "a@x"})).await;
    assert_eq!(other.is(409).detail()["conflicting_resource_id"], Value::Null);
}

#[tokio::test]
async fn a_batch_asks_about_each_resource() {
    let acl = Acl::new(Combining::deny_overrides()).root("root");
    let app = TestApp::with(resources(), |builder| builder.acl(acl)).await;
    let root = app.user("root");
    for id in ["one", "two"] {
        root.put(&format!("/note/{id}"), json!({"title": id})).if_none_match("*").await.ok();
    }
    // One that denied to read it would hide it from the batch.
    for (object, actions, effect) in [("note", "full", "allow"), ("note/one", "delete", "deny")] {
        let rule = json!({"subject": "user:ann", "object": object, "actions": [actions], "effect": effect});
        root.post("/_acl", rule).await.ok();
    }
    let ann = app.user("ann");
    ann.delete("/note/one").await.is(403);
    ann.delete("/note").await.is(403);
    assert_eq!(root.get("/note/count").await.ok(), 2);
    ann.delete("/note?qb=QB['title'].eq('two')").await.ok();
    assert_eq!(root.get("/note/count").await.ok(), 1);
}
