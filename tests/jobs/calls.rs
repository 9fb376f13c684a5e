//! In whose name actions of mode `job` run, and who writes their jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use specstar::access::{
    Action, Decision, Principal, Scope, User, access_fn, allow, deny_input_if, principal_fn,
};
use specstar::app::{Preset, SpecStarBuilder};

use crate::actions::{Hero, finished, heroes};
use crate::common::talk::Answer;
use crate::common::{TestApp, eventually};
use crate::models::quick;

fn waiting(builder: SpecStarBuilder) -> SpecStarBuilder {
    builder.without_workers()
}

async fn hero(app: &TestApp) -> String {
    let made = app.user("ann").post("/hero", json!({"name": "bo", "level": 1})).await.ok();
    made["resource_id"].as_str().expect("an id").to_owned()
}

async fn train(app: &TestApp, user: &str, id: &str) -> Value {
    app.user(user).ask("POST", &format!("/hero/{id}/train?by=2")).await.is(202).json()
}

/// The same application again, with workers.
async fn working(app: TestApp, configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder) -> TestApp {
    let folder = app.stop().await;
    TestApp::on(folder, heroes(), |builder| configure(builder).workers(quick())).await
}

async fn level(app: &TestApp, id: &str) -> Value {
    app.user("root").get(&format!("/hero/{id}/data")).await.ok()["level"].clone()
}

#[tokio::test]
async fn clients_write_no_documents_of_calls_under_either_preset() {
    const WHY: &str = "only the action writes them";
    for preset in [Preset::Compat, Preset::Standard] {
        let app = TestApp::with(heroes(), |builder| waiting(builder).preset(preset)).await;
        let (ann, hero) = (app.user("ann"), hero(&app).await);
        let accepted = train(&app, "ann", &hero).await;
        let path = accepted["redirect_url"].as_str().expect("a path").to_owned();
        let archive = ann.get("/train-job/export").await.is(200).bytes().to_vec();
        let forged = json!({"payload": {"query": [["by", "50"]], "resource_id": hero, "user": "root", "roles": ["admin"]}});
        ann.post("/train-job", forged.clone()).await.refused(403, WHY);
        ann.put("/train-job/mine", forged.clone()).if_none_match("*").await.refused(403, WHY);
        ann.put(&path, forged.clone()).await.refused(403, WHY);
        ann.put(&format!("{path}?mode=modify"), forged.clone()).await.refused(403, WHY);
        ann.patch(&path, forged).await.refused(403, WHY);
        // What it stands in does not matter: nothing of it is written.
        ann.ask("POST", &format!("{path}/cancel")).await.is(202);
        ann.ask("POST", &format!("{path}/rerun")).await.ok();
        ann.ask("POST", &format!("{path}/switch/1")).await.refused(403, WHY);
        ann.ask("POST", &format!("{path}/undo/2")).await.refused(403, WHY);
        ann.ask("POST", &format!("{path}/restore")).await.refused(403, WHY);
        ann.ask("POST", "/train-job/restore").await.refused(403, WHY);
        for route in ["/train-job/import?on_duplicate=overwrite", "/_backup/import?on_duplicate=overwrite"] {
            let body = archive.clone();
            ann.ask("POST", route).body("application/octet-stream", body).await.refused(403, WHY);
        }
        let page = ann.get("/train-job").await.ok();
        assert_eq!(page.as_array().map(Vec::len), Some(1));
        assert_eq!(page[0]["data"]["payload"]["user"], "ann");
        ann.delete(&path).await.ok();
    }
}

#[tokio::test]
async fn a_call_runs_with_the_rights_that_its_caller_has_then() {
    let closed = Arc::new(AtomicBool::new(false));
    let ruled = |closed: &Arc<AtomicBool>| {
        let closed = Arc::clone(closed);
        move |builder: SpecStarBuilder| {
            builder.access(access_fn(move |request| {
                let withdrawn = closed.load(Ordering::SeqCst) && request.principal.name() == "ann";
                if withdrawn && request.model.id.name == "hero" { Decision::Deny } else { Decision::Allow }
            }))
        }
    };
    let app = TestApp::with(heroes(), |builder| waiting(ruled(&closed)(builder))).await;
    let id = hero(&app).await;
    let trained = train(&app, "ann", &id).await;
    let summoned = app.user("ann").post("/hero/summon-hero", json!({"name": "c"})).await.is(202).json();
    closed.store(true, Ordering::SeqCst);
    let app = working(app, ruled(&closed)).await;
    for (call, right) in [(&trained, "'update' on 'hero'"), (&summoned, "'create' on 'hero'")] {
        let done = finished(&app, call).await;
        let said = done["errmsg"].as_str().expect("a reason");
        assert!(done["status"] == "failed" && said.contains(right), "{done}");
        assert_eq!(done["retries"], 0);
    }
    assert_eq!(level(&app, &id).await, 1);
}

/// Heroes of level 3 and more are nobody's but root's.
async fn ruled_by_level() -> TestApp {
    let high = deny_input_if::<Hero>(Action::FULL, |request, hero| {
        hero.level > 2 && request.principal.name() != "root"
    });
    TestApp::with(heroes(), |builder| {
        builder.access(allow(Action::FULL)).access_for::<Hero>(high).workers(quick())
    })
    .await
}

#[tokio::test]
async fn rules_judge_the_content_that_a_call_makes() {
    let app = ruled_by_level().await;
    let id = hero(&app).await;
    let done = finished(&app, &train(&app, "ann", &id).await).await;
    let said = done["errmsg"].as_str().expect("a reason");
    assert!(done["status"] == "failed" && said.contains("Permission denied for user 'ann'"), "{done}");
    assert_eq!(level(&app, &id).await, 1);
    let done = finished(&app, &train(&app, "root", &id).await).await;
    assert_eq!((&done["status"], level(&app, &id).await), (&json!("completed"), json!(3)));
}

#[tokio::test]
async fn a_call_finds_only_what_exists_for_its_caller_when_it_runs() {
    fn low_ones(principal: &Principal) -> Scope<Hero> {
        if principal.name() == "root" { Scope::All } else { Hero::COLUMNS.level.lt(5).into() }
    }
    let app = TestApp::with(heroes(), |builder| waiting(builder).scope(low_ones)).await;
    let id = hero(&app).await;
    let (gone, too_high) = (train(&app, "ann", &id).await, hero_named(&app, "d", 4).await);
    let leaves = train(&app, "ann", &too_high).await;
    app.user("root").patch(&format!("/hero/{id}"), json!({"level": 7})).await.ok();
    let app = working(app, |builder| builder.scope(low_ones)).await;
    let done = finished(&app, &gone).await;
    assert_eq!(
        (&done["status"], &done["errmsg"]),
        (&json!("failed"), &json!(format!("Resource '{id}' not found.")))
    );
    let done = finished(&app, &leaves).await;
    let said = done["errmsg"].as_str().expect("a reason");
    assert!(done["status"] == "failed" && said.contains("outside of what this user can see"), "{done}");
    assert_eq!((level(&app, &id).await, level(&app, &too_high).await), (json!(7), json!(4)));
}

async fn hero_named(app: &TestApp, name: &str, level: u32) -> String {
    let made = app.user("root").post("/hero", json!({"name": name, "level": level})).await.ok();
    made["resource_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn what_a_call_expects_is_asked_at_once_and_again_when_it_runs() {
    let app = TestApp::with(heroes(), waiting).await;
    let (ann, id) = (app.user("ann"), hero(&app).await);
    let path = format!("/hero/{id}/train?by=2");
    ann.ask("POST", &path).if_match("\"other\"").await.is(412);
    ann.ask("POST", &format!("{path}&expected_revision_id={id}:2")).await.is(412);
    assert_eq!(ann.get("/train-job").await.ok(), json!([]));
    let tag = ann.tag(&format!("/hero/{id}")).await;
    let by_tag = ann.ask("POST", &path).if_match(&tag).await.is(202).json();
    let by_id = ann.ask("POST", &format!("{path}&expected_revision_id={id}:1")).await.is(202).json();
    ann.patch(&format!("/hero/{id}"), json!({"level": 20})).await.ok();
    let app = working(app, |builder| builder).await;
    for call in [by_tag, by_id] {
        let done = finished(&app, &call).await;
        assert_eq!((&done["status"], &done["retries"]), (&json!("failed"), &json!(0)), "{done}");
    }
    assert_eq!(level(&app, &id).await, 20);
    let tag = app.user("ann").tag(&format!("/hero/{id}")).await;
    let call = app.user("ann").ask("POST", &path).if_match(&tag).await.is(202).json();
    assert_eq!(
        (&finished(&app, &call).await["status"], level(&app, &id).await),
        (&json!("completed"), json!(22))
    );
}

/// A user of the tenant `t1`, who is an editor.
fn editors(builder: SpecStarBuilder) -> SpecStarBuilder {
    builder
        .principal(principal_fn(|request| {
            let name = request.headers.get("x-user").and_then(|value| value.to_str().ok());
            let name = name.unwrap_or("nobody").to_owned();
            let claims = Map::from_iter([("tenant".to_owned(), json!("tenant-secret"))]);
            let roles = vec!["editor".to_owned()];
            Ok(Principal::User(Box::new(User { name, roles, claims, expires: None })))
        }))
        .access(access_fn(|request| {
            let who = request.principal;
            let known = who.roles() == ["editor"] && who.claim("tenant") == Some(&json!("tenant-secret"));
            let changes = Action::CREATE | Action::UPDATE;
            if known || !changes.contains(request.action) { Decision::Allow } else { Decision::Deny }
        }))
}

#[tokio::test]
async fn roles_and_claims_are_those_of_the_request_and_no_route_shows_them() {
    let app = TestApp::with(heroes(), |builder| editors(builder).workers(quick())).await;
    let id = hero(&app).await;
    let call = train(&app, "ann", &id).await;
    let done = finished(&app, &call).await;
    assert_eq!((&done["status"], level(&app, &id).await), (&json!("completed"), json!(3)));
    let ann = app.user("ann");
    let path = call["redirect_url"].as_str().expect("a path");
    for route in ["", "/data", "/full", "/meta", "/revision-list", "/progress", "/changes", "/logs"] {
        let answer = ann.get(&format!("{path}{route}")).await;
        assert!(!answer.text().contains("tenant-secret"), "{answer}");
    }
    for route in ["/train-job/export", "/_backup/export", "/_jobs/health", "/_jobs/queues", "/_changes"] {
        let answer = ann.get(route).await;
        assert!(!answer.text().contains("tenant-secret"), "{answer}");
    }
}

#[tokio::test]
async fn a_call_of_which_nobody_knows_who_asked_is_not_made() {
    let app = TestApp::with(heroes(), waiting).await;
    let id = hero(&app).await;
    let call = train(&app, "ann", &id).await;
    crate::common::database::execute(app.folder().path(), "DELETE FROM ss_job_asked");
    let app = working(app, |builder| builder).await;
    let done = finished(&app, &call).await;
    assert_eq!(
        (&done["status"], &done["errmsg"]),
        (&json!("failed"), &json!("it is not known who asked for the call"))
    );
    assert_eq!(level(&app, &id).await, 1);
}

#[tokio::test]
async fn a_call_that_is_made_again_is_a_call_of_whoever_asks_for_it() {
    let app = ruled_by_level().await;
    let id = hero(&app).await;
    let call = train(&app, "root", &id).await;
    assert_eq!(finished(&app, &call).await["status"], "completed");
    let rerun = format!("{}/rerun", call["redirect_url"].as_str().expect("a path"));
    app.user("ann").ask("POST", &rerun).await.ok();
    let done = finished(&app, &call).await;
    let said = done["errmsg"].as_str().expect("a reason");
    assert!(done["status"] == "failed" && said.contains("Permission denied for user 'ann'"), "{done}");
    assert_eq!(level(&app, &id).await, 3);
    app.user("root").ask("POST", &rerun).await.ok();
    assert_eq!(finished(&app, &call).await["status"], "completed");
    assert_eq!(level(&app, &id).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_equal_calls_at_once_one_is_made() {
    let app = TestApp::with(heroes(), waiting).await;
    let (ann, id) = (app.user("ann"), hero(&app).await);
    let all = |path: String| {
        let ask = |_| ann.ask("POST", &path).header("idempotency-key", &path).into_future();
        join_all((0..8).map(ask))
    };
    let first =
        |answers: &[Answer]| answers.iter().filter(|one| one.header("idempotent-replayed").is_none()).count();
    let calls = all(format!("/hero/{id}/train?by=2")).await;
    let texts: Vec<_> =
        calls.iter().map(|answer| (answer.is(202).text(), answer.header("location"))).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_eq!((first(&calls), ann.get("/train-job/count").await.ok()), (1, json!(1)));
    let job = calls[0].json()["redirect_url"].as_str().expect("a path").to_owned();
    ann.ask("POST", &format!("{job}/cancel")).await.is(202);
    let reruns = all(format!("{job}/rerun")).await;
    assert!(reruns.iter().all(|answer| answer.ok() == reruns[0].ok()));
    assert_eq!(first(&reruns), 1);
    let rests = all(format!("/hero/{id}/rest")).await;
    assert!(rests.iter().all(|answer| answer.status() == 202));
    eventually("it has run", || async { level(&app, &id).await == 101 }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(level(&app, &id).await, 101);
}
