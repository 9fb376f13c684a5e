//! Actions that run as jobs, or in the background.

use serde_json::{Value, json};
use specstar::access::{Decision, access_fn};
use specstar::prelude::*;
use specstar::registry::Registry;

use crate::common::{TestApp, eventually};
use crate::models::quick;

/// What actions are on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Hero {
    #[unique]
    name: String,
    #[indexed]
    pub(crate) level: u32,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Wish {
    name: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
pub(crate) struct By {
    by: u32,
}

/// Makes a hero.
#[create_action(Hero, mode = "job")]
async fn summon_hero(cx: ActionContext, body: Json<Wish>) -> specstar::Result<Hero> {
    Ok(Hero { name: format!("{} of {}", body.0.name, cx.principal().name()), level: 1 })
}

#[update_action(Hero, mode = "job")]
async fn train(existing: Existing<Hero>, query: Query<By>) -> specstar::Result<Hero> {
    Ok(Hero { level: existing.data.level + query.0.by, ..existing.data })
}

#[update_action(Hero, mode = "background")]
async fn rest(existing: Existing<Hero>) -> specstar::Result<Hero> {
    Ok(Hero { level: existing.data.level + 100, ..existing.data })
}

pub(crate) fn heroes() -> Registry {
    resources![Hero; actions(summon_hero, train, rest); jobs]
}

pub(crate) async fn finished(app: &TestApp, redirect: &Value) -> Value {
    let path = redirect["redirect_url"].as_str().expect("a path").to_owned();
    let root = app.user("root");
    eventually("the job is over", || async {
        let status = root.get(&format!("{path}/data")).await.ok()["status"].clone();
        status == "completed" || status == "failed"
    })
    .await;
    root.get(&format!("{path}/data")).await.ok()
}

#[tokio::test]
async fn an_action_of_mode_job_is_answered_with_the_job_that_runs_it() {
    let app = TestApp::with(heroes(), |builder| builder.workers(quick())).await;
    let ann = app.user("ann");
    let accepted = ann.post("/hero/summon-hero", json!({"name": "bo"})).await;
    let redirect = accepted.is(202).json();
    assert_eq!(redirect["job_resource_name"], "summon-hero-job");
    assert_eq!(accepted.header("location").as_deref(), redirect["redirect_url"].as_str());
    let done = finished(&app, &redirect).await;
    assert_eq!((&done["status"], &done["payload"]["user"]), (&json!("completed"), &json!("ann")));
    let id = done["artifact"]["resource_id"].as_str().expect("an id").to_owned();
    let hero = ann.get(&format!("/hero/{id}")).await.ok();
    assert_eq!((&hero["data"]["name"], &hero["meta"]["created_by"]), (&json!("bo of ann"), &json!("ann")));
    // What cannot work is not tried again.
    let again = ann.post("/hero/summon-hero", json!({"name": "bo"})).await.is(202).json();
    let failed = finished(&app, &again).await;
    assert_eq!((&failed["status"], &failed["retries"]), (&json!("failed"), &json!(0)));
    let trained = ann.ask("POST", &format!("/hero/{id}/train?by=2")).await.is(202).json();
    assert_eq!(finished(&app, &trained).await["artifact"]["revision_id"], format!("{id}:2"));
    assert_eq!(ann.get(&format!("/hero/{id}/data")).await.ok()["level"], 3);
}

#[tokio::test]
async fn what_is_refused_is_refused_before_there_is_a_job() {
    let app = TestApp::with(heroes(), |builder| {
        builder.without_workers().access(access_fn(|request| {
            if request.principal.name() == "bob" { Decision::Deny } else { Decision::Allow }
        }))
    })
    .await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    ann.post("/hero/summon-hero", json!({"nobody": 1})).await.is(422);
    ann.ask("POST", "/hero/none/train?by=2").await.is(404);
    ann.ask("POST", "/hero/none/train?by=x").await.is(422);
    bob.post("/hero/summon-hero", json!({"name": "a"})).await.is(403);
    assert_eq!(ann.get("/summon-hero-job").await.ok(), json!([]));
    assert_eq!(ann.get("/train-job").await.ok(), json!([]));
}

#[tokio::test]
async fn an_action_of_mode_background_runs_behind_its_answer() {
    let app = TestApp::with(heroes(), specstar::app::SpecStarBuilder::without_workers).await;
    let ann = app.user("ann");
    let made = ann.post("/hero", json!({"name": "a", "level": 1})).await.ok();
    let path = format!("/hero/{}", made["resource_id"].as_str().expect("an id"));
    let accepted = ann.ask("POST", &format!("{path}/rest")).await;
    assert_eq!(accepted.is(202).json(), json!({"message": "Task accepted"}));
    eventually("it has run", || async { ann.get(&format!("{path}/data")).await.ok()["level"] == 101 }).await;
}

#[tokio::test]
async fn the_document_says_how_an_action_runs() {
    let app = TestApp::with(heroes(), specstar::app::SpecStarBuilder::without_workers).await;
    let document: Value = serde_json::from_slice(app.app().openapi()).expect("JSON");
    let listed = &document["x-specstar-custom-create-actions"]["hero"][0];
    assert_eq!(
        (&listed["asyncMode"], &listed["jobResourceName"]),
        (&json!("job"), &json!("summon-hero-job"))
    );
    assert_eq!(document["x-specstar-async-create-jobs"], json!({"summon-hero-job": "hero"}));
    assert_eq!(document["x-specstar-async-update-jobs"], json!({"train-job": "hero"}));
    let rest = &document["paths"]["/hero/{resource_id}/rest"]["post"]["responses"];
    assert!(rest["202"].is_object() && rest.get("200").is_none(), "{rest}");
}
