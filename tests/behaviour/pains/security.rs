//! Rules that hold: each expectation is one that a server of this kind is known not to meet.

use serde_json::{Value, json};
use specstar::access::{Action, Decision, Principal, Scope, access_fn, allow, allow_fields, deny};
use specstar::acl::Acl;
use specstar::app::SpecStar;
use specstar::meta::RevisionStatus;
use specstar::prelude::*;

use crate::common::{TestApp, User, eventually};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct U {
    name: String,
    #[indexed]
    #[serde(default)]
    owner: String,
}

async fn rule(root: &User, rule: Value) {
    root.post("/_acl", rule).await.ok();
}

#[tokio::test]
async fn a_rule_of_one_type_counts() {
    let app = TestApp::with(resources![U], |builder| {
        builder.access(allow(Action::FULL)).access_for::<U>(deny(Action::FULL))
    })
    .await;
    app.user("ann").post("/u", json!({"name": "x"})).await.is(403);
}

#[tokio::test]
async fn an_acl_row_that_denies_denies() {
    for acl in [Acl::strict(), Acl::permissive()] {
        let app = TestApp::with(resources![U], |builder| builder.acl(acl.root("root"))).await;
        rule(
            &app.user("root"),
            json!({"subject": "user:bob", "object": "u", "actions": ["create"], "effect": "deny"}),
        )
        .await;
        app.user("bob").post("/u", json!({"name": "x"})).await.is(403);
    }
}

#[tokio::test]
async fn an_acl_row_can_name_one_resource_and_what_it_does_not_allow_is_refused() {
    let app = TestApp::with(resources![U], |builder| builder.acl(Acl::strict().root("root"))).await;
    let root = app.user("root");
    let path = root.created("u", json!({"name": "x"})).await;
    let id = path.trim_start_matches("/u/");
    rule(&root, json!({"subject": "user:carl", "object": id, "actions": ["read"]})).await;
    app.user("carl").get(&path).await.is(200);
    let eve = app.user("eve");
    eve.get("/u/count").await.is(403);
    eve.get(&format!("{path}/revision-info?revision_id={id}:1")).await.is(403);
}

#[tokio::test]
async fn files_are_not_open_to_somebody_without_rules() {
    let app = TestApp::with(resources![U], |builder| builder.acl(Acl::strict().root("root"))).await;
    let (root, eve) = (app.user("root"), app.user("eve"));
    let upload = |user: &User| user.ask("POST", "/blobs/upload").body("application/octet-stream", "x");
    upload(&eve).await.is(403);
    let stored = upload(&root).await.ok();
    let file = format!("/blobs/{}", stored["file_id"].as_str().expect("an id"));
    eve.get(&file).await.is(403);
    root.get(&file).await.is(200);
}

#[tokio::test]
async fn a_rule_that_another_server_writes_counts_soon() {
    let acl = || Acl::strict().root("root");
    let here = TestApp::with(resources![U], |builder| builder.acl(acl())).await;
    let there = TestApp::on(here.folder(), resources![U], |builder| builder.acl(acl())).await;
    let path = here.user("root").created("u", json!({"name": "x"})).await;
    let carl = there.user("carl");
    carl.get(&path).await.is(403);
    rule(&here.user("root"), json!({"subject": "user:carl", "object": "u", "actions": ["read"]})).await;
    here.user("carl").get(&path).await.is(200);
    eventually("the other server knows", || async { carl.get(&path).await.status() == 200 }).await;
}

#[tokio::test]
async fn a_scope_hides_rows() {
    let app = TestApp::with(resources![U], |builder| {
        builder.scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => U::COLUMNS.owner.eq(name).into(),
        })
    })
    .await;
    app.user("al").post("/u", json!({"name": "secret", "owner": "al"})).await.ok();
    assert_eq!(app.user("bo").get("/u").await.ok(), json!([]));
}

#[tokio::test]
async fn a_rule_on_fields_looks_at_what_changes() {
    let app = TestApp::with(resources![U], |builder| {
        let bob = allow_fields::<U>(Action::UPDATE | Action::PATCH, ["owner"]);
        builder
            .access(access_fn(|request| {
                if request.principal.name() == "root" { Decision::Allow } else { Decision::Abstain }
            }))
            .access(bob)
    })
    .await;
    let path = app.user("root").created("u", json!({"name": "x"})).await;
    let bob = app.user("bob");
    bob.put(&path, json!({"name": "y"})).await.is(403);
    bob.patch(&path, json!([{"op": "replace", "path": "/name", "value": "y"}])).await.is(403);
    bob.put(&path, json!({"name": "x", "owner": "bob"})).await.is(200);
}

#[tokio::test]
async fn a_circle_of_roles_comes_to_a_decision() {
    let app = TestApp::with(resources![U], |builder| builder.acl(Acl::strict().root("root"))).await;
    let root = app.user("root");
    root.post("/_role", json!({"subject": "user:p", "role": "q"})).await.ok();
    root.post("/_role", json!({"subject": "role:q", "role": "r"})).await.ok();
    root.post("/_role", json!({"subject": "role:r", "role": "q"})).await.ok();
    app.user("p").post("/u", json!({"name": "x"})).await.is(403);
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct P {
    #[serde(default)]
    n: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct C {
    #[reference(on_delete = "cascade")]
    p: Ref<P>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct L {
    #[reference(on_delete = "restrict")]
    ps: Vec<Ref<P>>,
}

#[tokio::test]
async fn references_are_followed_in_the_name_of_the_caller() {
    let app = TestApp::new(resources![P, C, L]).await;
    let alice = app.user("alice");
    let id = |path: &str| path.rsplit_once('/').expect("a path").1.to_owned();
    let parent = alice.created("p", json!({})).await;
    let child = alice.created("c", json!({"p": id(&parent)})).await;
    alice.delete(&parent).await.ok();
    let meta = alice.get(&format!("{child}/meta?include_deleted=true")).await.ok();
    assert_eq!(meta["updated_by"], "alice");

    let parent = alice.created("p", json!({})).await;
    alice.created("l", json!({"ps": [id(&parent)]})).await;
    alice.delete(&parent).await.is(409);

    let parent = alice.created("p", json!({})).await;
    let child = alice.created("c", json!({"p": id(&parent)})).await;
    alice.delete(&format!("{parent}/permanently")).await.ok();
    alice.get(&child).await.is(404);
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Acc {
    #[unique]
    email: String,
}

#[tokio::test]
async fn small_things_are_not_lost() {
    let app = TestApp::with(resources![Acc], |builder| builder.default_status(RevisionStatus::Draft)).await;
    let ann = app.user("ann");
    ann.created("acc", json!({"email": "x"})).await;
    let other = ann.created("acc", json!({"email": "y"})).await;
    ann.patch(&format!("{other}?mode=modify"), json!({"email": "x"})).await.is(409);
    ann.post("/acc", json!({"email": "z", "emial": 1})).await.is(422);
    let changed = ann.put(&format!("{other}?mode=modify&change_status=stable"), json!({"email": "y"})).await;
    assert_eq!(changed.ok()["status"], "stable");
}

#[tokio::test]
async fn an_application_with_a_mistake_does_not_start() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let twice = SpecStar::builder().resources(resources![U]).resources(resources![U]);
    let built = twice.sqlite(folder.path().join("app.db")).open_access().build().await;
    assert!(built.is_err_and(|error| error.to_string().contains("duplicate resource name `u`")));
}
