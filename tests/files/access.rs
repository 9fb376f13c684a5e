//! Who may read and upload files.

use std::future::IntoFuture;

use serde_json::json;
use specstar::access::{Action, BLOBS, Decision, Principal, Scope, access_fn, allow, authenticated, deny};
use specstar::acl::Acl;
use specstar::app::Preset;

use crate::cases::sessions::{begun, path};
use crate::common::TestApp;
use crate::form::{file_id, part, upload};
use crate::{Document, resources};

#[tokio::test]
async fn an_id_alone_opens_nothing() {
    let app = TestApp::with(resources(), |builder| {
        builder.scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => Document::COLUMNS.title.eq(name).into(),
        })
    })
    .await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    upload(&ann, "text/plain", b"secret").await.ok();
    let file = format!("/blobs/{}", file_id(b"secret"));
    assert_eq!(ann.get(&file).await.is(200).text(), "secret", "its uploader has it");
    bob.get(&file).await.refused(404, "not found");
    ann.created("document", json!({"title": "ann", "file": {"file_id": file_id(b"secret")}})).await;
    bob.get(&file).await.refused(404, "not found");
}

#[tokio::test]
async fn a_file_is_named_by_those_who_may_read_it() {
    let app = TestApp::with(resources(), |builder| {
        builder.scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => Document::COLUMNS.title.eq(name).into(),
        })
    })
    .await;
    let (ann, bob, root) = (app.user("ann"), app.user("bob"), app.user("root"));
    upload(&ann, "text/plain", b"secret").await.ok();
    let named = |title: &str| json!({"title": title, "file": {"file_id": file_id(b"secret")}});
    // To name a file would be to read it through the resource.
    let whole = json!({"file_id": file_id(b"secret"), "size": 6, "content_type": "text/plain"});
    for body in [named("bob"), json!({"title": "bob", "extra": [whole]})] {
        bob.post("/document", body.clone()).await.refused(400, "not found");
        let own = bob.created("document", json!({"title": "bob"})).await;
        bob.put(&own, body.clone()).await.refused(400, "not found");
        bob.patch(&own, body).await.refused(400, "not found");
    }
    let path = ann.created("document", named("ann")).await;
    bob.post("/document", named("bob")).await.refused(400, "not found");
    root.post("/document", named("shared")).await.ok();
    // Who changes a resource that names it need not be able to read it elsewhere.
    let given = root.created("document", named("bob")).await;
    bob.put(&given, json!({"title": "bob", "file": {"file_id": file_id(b"secret")}, "extra": []})).await.ok();
    bob.get(&format!("{given}/blobs/{}", file_id(b"secret"))).await.is(200);
    ann.put(&path, named("ann")).await.ok();
    // Whoever has the bytes has them.
    bob.post("/document", json!({"title": "bob", "file": {"data": "c2VjcmV0"}})).await.ok();
}

#[tokio::test]
async fn who_may_read_one_resource_that_names_the_file_may_read_it() {
    let app = TestApp::with(resources(), |builder| {
        builder.scope_of_writes(false).scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => Document::COLUMNS.title.eq(name).into(),
        })
    })
    .await;
    let (root, bob) = (app.user("root"), app.user("bob"));
    upload(&root, "text/plain", b"shared").await.ok();
    let file = json!({"file_id": file_id(b"shared")});
    // Many that bob cannot see stand before the one that he can.
    for number in 0..130 {
        root.created("document", json!({"title": format!("other {number}"), "file": file})).await;
    }
    let read = format!("/blobs/{}", file_id(b"shared"));
    bob.get(&read).await.is(404);
    let own = root.created("document", json!({"title": "bob", "file": file})).await;
    assert_eq!(bob.get(&read).await.is(200).text(), "shared");
    bob.get(&format!("{own}/blobs/{}", file_id(b"shared"))).await.is(200);
    root.delete(&own).await.ok();
    bob.get(&read).await.is(404);
}

#[tokio::test]
async fn no_more_than_a_thousand_resources_of_a_type_are_judged_for_a_file() {
    let app = TestApp::with(resources(), |builder| {
        builder.scope_of_writes(false).scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => Document::COLUMNS.title.eq(name).into(),
        })
    })
    .await;
    let (root, bob) = (app.user("root"), app.user("bob"));
    upload(&root, "text/plain", b"shared").await.ok();
    let named = |title: &str| json!({"title": title, "file": {"file_id": file_id(b"shared")}});
    for _ in 0..20 {
        let posts = (0..50).map(|_| root.post("/document", named("other")).into_future());
        futures_util::future::join_all(posts).await.into_iter().for_each(|answer| drop(answer.ok()));
    }
    let own = root.created("document", named("bob")).await;
    bob.get(&format!("/blobs/{}", file_id(b"shared"))).await.is(404);
    assert_eq!(bob.get(&format!("{own}/blobs/{}", file_id(b"shared"))).await.is(200).text(), "shared");
}

#[tokio::test]
async fn who_may_upload_and_not_read_names_what_he_has_uploaded() {
    let app = TestApp::with(resources(), |builder| builder.access(allow(Action::CREATE))).await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    upload(&ann, "text/plain", b"of ann").await.ok();
    let named = json!({"title": "d", "file": {"file_id": file_id(b"of ann")}});
    ann.get(&format!("/blobs/{}", file_id(b"of ann"))).await.is(403);
    ann.post("/document", named.clone()).await.ok();
    eve.post("/document", named).await.refused(400, "not found");
}

#[tokio::test]
async fn nobody_anonymous_names_what_others_have_uploaded_where_users_are_told_apart() {
    let named = json!({"title": "d", "file": {"file_id": file_id(b"x")}});
    let app = TestApp::with(resources(), |builder| builder.access(allow(Action::FULL))).await;
    let nobody = app.user("");
    upload(&nobody, "text/plain", b"x").await.ok();
    nobody.get(&format!("/blobs/{}", file_id(b"x"))).await.is(404);
    nobody.post("/document", named.clone()).await.refused(400, "not found");
    let session = begun(&nobody, json!({})).await;
    part(&nobody, &session, 1, b"x").await.ok();
    nobody.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    nobody.post("/document", named.clone()).await.refused(400, "not found");
    nobody.post("/document", json!({"title": "d", "file": {"data": "eA=="}})).await.ok();
    // Where nobody is known, or nothing is kept from anybody, there is nobody to tell them from.
    let all_anonymous = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::FULL)).principal(specstar::access::Anonymous)
    });
    for app in [all_anonymous.await, TestApp::new(resources()).await] {
        let nobody = app.user("");
        upload(&nobody, "text/plain", b"x").await.ok();
        nobody.get(&format!("/blobs/{}", file_id(b"x"))).await.is(200);
        nobody.post("/document", named.clone()).await.ok();
    }
}

#[tokio::test]
async fn strict_rules_without_a_row_for_somebody_refuse_both() {
    let app = TestApp::with(resources(), |builder| builder.acl(Acl::strict().root("root"))).await;
    let (root, eve) = (app.user("root"), app.user("eve"));
    upload(&root, "text/plain", b"x").await.ok();
    upload(&eve, "text/plain", b"x").await.refused(403, "write_blob");
    eve.post("/blobs/upload-sessions", json!({})).await.refused(403, "write_blob");
    for id in [file_id(b"x"), "none".into()] {
        eve.get(&format!("/blobs/{id}")).await.refused(403, "read_blob");
    }
}

#[tokio::test]
async fn rows_about_blobs_open_uploads() {
    let app = TestApp::with(resources(), |builder| builder.acl(Acl::strict().root("root"))).await;
    let (root, carl, dora) = (app.user("root"), app.user("carl"), app.user("dora"));
    for rule in [
        json!({"subject": "user:carl", "object": "blobs", "actions": ["write_blob", "get"]}),
        json!({"subject": "user:dora", "object": "*", "actions": ["full"]}),
        json!({"subject": "user:dora", "object": "blobs", "actions": ["write_blob"], "effect": "deny"}),
        json!({"subject": "user:emil", "object": "document", "actions": ["get"]}),
    ] {
        root.post("/_acl", rule).await.ok();
    }
    upload(&carl, "text/plain", b"of carl").await.ok();
    carl.get(&format!("/blobs/{}", file_id(b"of carl"))).await.is(200);
    upload(&dora, "text/plain", b"of dora").await.is(403);
    dora.get(&format!("/blobs/{}", file_id(b"of carl"))).await.is(404);
    // Who may get the resource may get its files.
    let emil = app.user("emil");
    emil.get(&format!("/blobs/{}", file_id(b"of carl"))).await.is(404);
    // To name a file, one must have it.
    upload(&root, "text/plain", b"of carl").await.ok();
    let path =
        root.created("document", json!({"title": "d", "file": {"file_id": file_id(b"of carl")}})).await;
    emil.get(&format!("/blobs/{}", file_id(b"of carl"))).await.is(200);
    emil.get(&format!("{path}/blobs/{}", file_id(b"of carl"))).await.is(200);
    carl.get(&format!("{path}/blobs/{}", file_id(b"of carl"))).await.is(403);
}

#[tokio::test]
async fn rules_of_the_program_decide_too() {
    let app = TestApp::with(resources(), |builder| builder.access(authenticated())).await;
    upload(&app.user("ann"), "text/plain", b"x").await.ok();
    upload(&app.user(""), "text/plain", b"x").await.is(403);
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::FULL)).access(deny(Action::GET).to_users(["eve"]))
    })
    .await;
    let ann = app.user("ann");
    let path = ann.created("document", json!({"title": "d", "file": {"data": "eA=="}})).await;
    for read in [format!("/blobs/{}", file_id(b"x")), format!("{path}/blobs/{}", file_id(b"x"))] {
        ann.get(&read).await.is(200);
        app.user("eve").get(&read).await.refused(403, "read_blob");
    }
    // A white list has to name uploads, or creates.
    let app = TestApp::with(resources(), |builder| builder.access(allow(Action::READ))).await;
    upload(&app.user("ann"), "text/plain", b"x").await.is(403);
    let app = TestApp::with(resources(), |builder| builder.access(allow(Action::WRITE))).await;
    upload(&app.user("ann"), "text/plain", b"x").await.ok();
    let nobody =
        access_fn(
            |request| {
                if request.model.id.name == BLOBS.id.name { Decision::Deny } else { Decision::Allow }
            },
        );
    let app = TestApp::with(resources(), |builder| builder.access(nobody)).await;
    upload(&app.user("ann"), "text/plain", b"x").await.is(403);
    let app = TestApp::with(resources(), |builder| builder.deny_by_default(true)).await;
    upload(&app.user("ann"), "text/plain", b"x").await.is(403);
}

#[tokio::test]
async fn a_session_is_its_creators_own() {
    let app = TestApp::new(resources()).await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let session = begun(&ann, json!({})).await;
    part(&ann, &session, 1, b"x").await.ok();
    eve.get(&path(&session)).await.refused(404, "not found");
    part(&eve, &session, 2, b"y").await.refused(404, "not found");
    eve.ask("POST", &format!("{}/finalize", path(&session))).await.refused(404, "not found");
    eve.ask("POST", &format!("{}/abort", path(&session))).await.refused(404, "not found");
    ann.ask("POST", &format!("{}/finalize", path(&session))).await.ok();
    ann.get(&format!("/blobs/{}", file_id(b"x"))).await.is(200);
    eve.get(&format!("/blobs/{}", file_id(b"x"))).await.is(404);
}

#[tokio::test]
async fn the_compatible_preset_is_open_and_takes_forms_only() {
    let app = TestApp::with(resources(), |builder| {
        builder.preset(Preset::Compat).access(access_fn(|_| Decision::Deny))
    })
    .await;
    let stored = upload(&app.user("ann"), "text/plain", b"hello").await.ok();
    assert_eq!(stored["file_id"], "b5e9c1ad071b3e7fc779cfaa5e523818");
    app.user("bob").get("/blobs/b5e9c1ad071b3e7fc779cfaa5e523818").await.is(200);
    let session = begun(&app.user("ann"), json!({"unknown": 1})).await;
    let shown = app.user("bob").get(&path(&session)).await.ok();
    assert_eq!(shown["expires_at"], json!(null));
    let raw = format!("{}/content?part_number=1", path(&session));
    app.user("ann").ask("PUT", &raw).body("application/octet-stream", "raw").await.is(422);
    app.user("ann").ask("HEAD", "/blobs/b5e9c1ad071b3e7fc779cfaa5e523818").await.is(405);
}

#[tokio::test]
async fn an_application_without_files_says_so() {
    let app = TestApp::with(resources(), specstar::app::SpecStarBuilder::without_blobs).await;
    let ann = app.user("ann");
    upload(&ann, "text/plain", b"x").await.is(501);
    ann.post("/blobs/upload-sessions", json!({})).await.is(501);
    ann.get("/blobs/upload-sessions/none").await.is(501);
    part(&ann, "none", 1, b"x").await.is(501);
    ann.ask("POST", "/blobs/upload-sessions/none/finalize").await.is(501);
    ann.ask("POST", "/blobs/upload-sessions/none/abort").await.is(501);
    ann.get("/blobs/none").await.is(501);
    let path = ann.created("document", json!({"title": "d"})).await;
    ann.get(&format!("{path}/blobs/none")).await.is(400);
}
