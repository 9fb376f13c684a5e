//! Custom actions: functions of the program behind routes of their own.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use futures_util::future::join_all;
use serde_json::{Value, json};
use specstar::access::{Action, Decision, Principal, Scope, access_fn, allow, deny_input_if};
use specstar::action::Path;
use specstar::hook::{HookContext, Hooks};
use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::repository::Repository;
use specstar::{Error, Result, ValidationErrors};
use tokio::sync::Barrier;
use utoipa::IntoParams;

use crate::common::TestApp;

/// Where heroes live.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Zone {
    #[unique]
    pub(crate) name: String,
}

fn check(hero: &Hero) -> Result<(), ValidationErrors> {
    if hero.level > 100 { Err("a level is 100 at most".into()) } else { Ok(()) }
}

/// Somebody with a level.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check)]
pub(crate) struct Hero {
    #[unique]
    pub(crate) name: String,
    #[indexed]
    pub(crate) level: u32,
    #[serde(default)]
    pub(crate) skills: Vec<String>,
    #[serde(default)]
    #[readonly]
    pub(crate) score: u32,
}

/// Where a hero comes from.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Import {
    /// The address of the page.
    url: String,
    #[serde(default)]
    level: u32,
}

/// Imports a hero from a page.
#[create_action(Hero, path = "import-url", label = "Import from URL")]
async fn import_url(cx: ActionContext, body: Json<Import>) -> Result<Hero> {
    let Json(Import { url, level }) = body;
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Error::BadRequest("the page has no name".into()));
    }
    let zones: Repository<Zone> = cx.repository()?;
    zones.create(&Zone { name: format!("{} of {name}", cx.principal().name()) }).await?;
    Ok(Hero { name, level, skills: Vec::new(), score: 7 })
}

/// Nothing to read, and perhaps nothing to make.
#[create_action(Hero)]
fn recruit() -> Result<Option<Hero>> {
    Ok(None)
}

#[derive(Debug, Deserialize, IntoParams)]
struct By {
    /// How many levels.
    by: u32,
    #[serde(default)]
    tags: Vec<String>,
}

/// Who has waited for the others.
static WAITED: Mutex<BTreeSet<(u32, usize)>> = Mutex::new(BTreeSet::new());
static RIVALS: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(8));

#[derive(Debug, Deserialize, IntoParams)]
struct Rival {
    round: u32,
    rival: usize,
}

/// Goes on when all rivals have read the same, and is called again when another one was faster.
#[update_action(Hero)]
async fn compete(existing: Existing<Hero>, Query(of): Query<Rival>) -> Result<Hero> {
    let first = WAITED.lock().expect("not poisoned").insert((of.round, of.rival));
    if first {
        assert_eq!(existing.data.level, of.round * 8, "everybody starts from there");
        RIVALS.wait().await;
    }
    let mut hero = existing.data;
    hero.level += 1;
    Ok(hero)
}

#[update_action(Hero)]
fn level_up(existing: Existing<Hero>, Query(query): Query<By>) -> Result<Hero> {
    let mut hero = existing.data;
    hero.level += query.by;
    hero.score += 1;
    hero.skills.extend(query.tags);
    Ok(hero)
}

#[update_action(Hero, mode = "modify", path = "grant/{skill}", label = "Grant a skill")]
fn grant(existing: Existing<Hero>, Path(skill): Path<String>) -> Result<Option<Hero>> {
    assert_eq!(existing.head.resource_id, existing.resource_id());
    let mut hero = existing.data;
    if hero.skills.contains(&skill) {
        return Ok(None);
    }
    hero.skills.push(skill);
    Ok(Some(hero))
}

#[derive(Debug, Deserialize, IntoParams)]
struct Expected {
    #[allow(dead_code)]
    expected_revision_id: Option<String>,
}

#[update_action(Hero)]
fn own_precondition(existing: Existing<Hero>, _: Query<Expected>) -> Result<Hero> {
    Ok(existing.data)
}

#[create_action(Hero)]
fn own_precondition_of_create(_: Query<Expected>) -> Result<Option<Hero>> {
    Ok(None)
}

#[derive(Debug, Deserialize, IntoParams)]
struct Factor {
    by: f64,
}

#[create_action(Hero)]
fn scale(Query(factor): Query<Factor>) -> Result<Option<Hero>> {
    assert!(factor.by.is_finite());
    Ok(None)
}

#[update_action(Hero)]
fn break_down(_existing: Existing<Hero>) -> Result<Hero> {
    panic!("a fault of the program")
}

pub(crate) fn heroes() -> Registry {
    resources![Zone, Hero; actions(import_url, recruit, level_up, grant, compete)]
}

async fn app() -> TestApp {
    TestApp::with(heroes(), SpecStarBuilder::action::<break_down>).await
}

#[tokio::test]
async fn a_create_action_makes_a_resource_in_the_name_of_its_caller() {
    let app = app().await;
    let ann = app.user("ann").at("2024-05-01T12:00:00Z");
    let answer = ann.post("/hero/import-url", json!({"url": "https://example.com/bo", "level": 3})).await;
    let info = answer.ok();
    assert_eq!((&info["created_by"], &info["created_time"]), (&json!("ann"), &json!("2024-05-01T12:00:00Z")));
    let path = format!("/hero/{}", info["resource_id"].as_str().expect("an id"));
    let read = ann.get(&path).await.ok();
    assert_eq!(read["data"], json!({"name": "bo", "level": 3, "skills": [], "score": 7}));
    assert_eq!(read["revision_info"], info);
    let zones = ann.get("/zone").await.ok();
    assert_eq!(zones[0]["data"]["name"], "ann of bo");
    assert_eq!(zones[0]["meta"]["created_by"], "ann");
    assert_eq!(zones[0]["meta"]["created_time"], "2024-05-01T12:00:00Z");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_as_everywhere() {
    let app = app().await;
    let ann = app.user("ann");
    let url = "/hero/import-url";
    ann.ask("POST", url).await.refused(422, "a JSON body is required");
    ann.ask("POST", url).body("text/plain", "x").await.is(415);
    ann.ask("POST", url).body("application/json", "{").await.refused(422, "JSON decode error");
    ann.post(url, json!({"level": 1})).await.refused(422, "missing field `url`");
    ann.post(url, json!({"url": "x/"})).await.refused(400, "the page has no name");
    ann.post(&format!("{url}?leve=1"), json!({"url": "a"})).await.refused(422, "leve");
    ann.post(url, json!({"url": "a/high", "level": 101})).await.refused(422, "a level is 100 at most");
    ann.post(url, json!({"url": "a/x"})).await.ok();
    ann.post(url, json!({"url": "b/x"})).await.refused(409, "x");
    ann.ask("POST", url).body("application/json", "x".repeat(3 << 20)).await.is(413);
    let answer = ann.get(url).await.is(405);
    assert_eq!(answer.header("allow").as_deref(), Some("POST, OPTIONS"));
    assert_eq!(ann.get("/hero/count").await.ok(), 1);
}

#[tokio::test]
async fn a_number_of_the_query_is_finite() {
    let app = TestApp::with(heroes(), SpecStarBuilder::action::<scale>).await;
    let ann = app.user("ann");
    ann.ask("POST", "/hero/scale?by=2.5").await.ok();
    for by in ["nan", "inf", "-inf", "1e999", "x"] {
        let refused = ann.ask("POST", &format!("/hero/scale?by={by}")).await;
        assert!(refused.refused(422, "expected a number").text().contains("by"), "{refused}");
    }
}

#[tokio::test]
async fn an_update_action_makes_a_revision() {
    let app = app().await;
    let ann = app.user("ann");
    let hero = ann.created("hero", json!({"name": "bo", "level": 1})).await;
    let up = format!("{hero}/level-up");
    let answer = ann.ask("POST", &format!("{up}?by=2&tags=a&tags=b")).await;
    let info = answer.ok();
    assert!(answer.header("etag").is_some());
    assert!(info["revision_id"].as_str().expect("an id").ends_with(":2"));
    let read = ann.get(&hero).await.ok();
    assert_eq!(read["data"], json!({"name": "bo", "level": 3, "skills": ["a", "b"], "score": 1}));

    ann.ask("POST", &up).await.refused(422, "it is required");
    ann.ask("POST", &format!("{up}?by=-1")).await.refused(422, "expected an integer from 0");
    ann.ask("POST", &format!("{up}?by=1&bi=2")).await.refused(422, "bi");
    ann.ask("POST", &format!("{up}?by=98")).await.refused(422, "a level is 100 at most");
    ann.ask("POST", "/hero/nobody/level-up?by=1").await.refused(404, "nobody");
    ann.delete(&hero).await.ok();
    ann.ask("POST", &format!("{up}?by=1")).await.refused(404, "is deleted");
}

#[tokio::test]
async fn a_modify_action_rewrites_a_draft_and_may_write_nothing() {
    let app = TestApp::with(heroes(), |b| b.default_status(specstar::meta::RevisionStatus::Draft)).await;
    let ann = app.user("ann");
    let hero = ann.created("hero", json!({"name": "bo", "level": 1})).await;
    let info = ann.ask("POST", &format!("{hero}/grant/fly%20high")).await.ok();
    assert!(info["revision_id"].as_str().expect("an id").ends_with(":1"));
    let answer = ann.ask("POST", &format!("{hero}/grant/fly%20high")).await;
    assert_eq!(answer.ok(), Value::Null);
    assert_eq!(answer.header("etag"), None);
    assert_eq!(ann.get(&hero).await.ok()["data"]["skills"], json!(["fly high"]));
    ann.ask("POST", &format!("{hero}/grant/%FF")).await.refused(422, "UTF-8");
    assert_eq!(ann.ask("POST", "/hero/recruit").await.ok(), Value::Null);
    assert_eq!(ann.get("/hero/count").await.ok(), 1);

    let app = self::app().await;
    let hero = app.user("ann").created("hero", json!({"name": "bo", "level": 1})).await;
    app.user("ann").ask("POST", &format!("{hero}/grant/fly")).await.refused(409, "cannot be modified");
}

#[tokio::test]
async fn a_precondition_is_compared_before_the_function_is_called() {
    let app = app().await;
    let ann = app.user("ann");
    let hero = ann.created("hero", json!({"name": "bo", "level": 1})).await;
    let up = format!("{hero}/level-up?by=1");
    let tag = ann.tag(&hero).await;
    ann.ask("POST", &up).if_match(&tag).await.ok();
    ann.ask("POST", &up).if_match(&tag).await.is(412);
    let id = hero.trim_start_matches("/hero/");
    ann.ask("POST", &up).query(&[("expected_revision_id", &format!("{id}:1"))]).await.is(412);
    ann.ask("POST", &up).query(&[("expected_revision_id", &format!("{id}:2"))]).await.ok();
    assert_eq!(ann.get(&hero).await.ok()["data"]["level"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_actions_at_once_none_is_lost() {
    let app = &app().await;
    let root = app.user("root");
    let hero = root.created("hero", json!({"name": "bo", "level": 0})).await;
    for round in 0..5 {
        let all = (0..8).map(|rival| {
            let path = format!("{hero}/compete?round={round}&rival={rival}");
            let user = app.user(&format!("rival {rival}"));
            async move { user.ask("POST", &path).await.ok()["revision_id"].to_string() }
        });
        let mut revisions = join_all(all).await;
        revisions.sort_unstable();
        revisions.dedup();
        assert_eq!(revisions.len(), 8, "each made a revision of its own");
        assert_eq!(root.get(&hero).await.ok()["data"]["level"], (round + 1) * 8);
    }
}

#[tokio::test]
async fn an_action_asks_for_the_permission_of_what_it_does() {
    let readers = access_fn(|request| {
        if request.principal.name() == "root" || Action::READ.contains(request.action) {
            Decision::Allow
        } else {
            Decision::Deny
        }
    });
    let app = TestApp::with(heroes(), |builder| builder.access(readers)).await;
    let hero = app.user("root").created("hero", json!({"name": "bo", "level": 0})).await;
    let ann = app.user("ann");
    ann.ask("POST", &format!("{hero}/level-up?by=1")).await.refused(403, "'update' on 'hero'");
    ann.ask("POST", &format!("{hero}/grant/x")).await.refused(403, "'modify' on 'hero'");
    ann.post("/hero/import-url", json!({"url": "a/b"})).await.refused(403, "'create' on 'hero'");
    assert_eq!(app.user("root").get("/zone/count").await.is(200).json(), 0, "the function was not called");
}

#[tokio::test]
async fn a_fault_of_an_action_is_one_answer_of_500() {
    let app = app().await;
    let ann = app.user("ann");
    let hero = ann.created("hero", json!({"name": "bo", "level": 0})).await;
    ann.ask("POST", &format!("{hero}/break-down")).await.refused(500, "Internal server error");
    ann.get(&hero).await.ok();
}

#[tokio::test]
async fn errors_are_structured_where_the_application_says_so_and_a_base_path_counts() {
    let app = TestApp::with(heroes(), |b| b.structured_errors(true).base_path("/v1")).await;
    let answer = app.user("ann").ask("POST", "/v1/hero/x/level-up?by=1").await.is(404);
    assert_eq!(answer.detail()["code"], "RESOURCE_NOT_FOUND");
    let document: Value = serde_json::from_slice(app.app().openapi()).expect("JSON");
    let operation = &document["paths"]["/v1/hero/{resource_id}/level-up"]["post"];
    assert_eq!(operation["operationId"], "level_up_v1_hero__resource_id__level_up_post");
    let listed = &document["x-specstar-custom-update-actions"]["hero"][0];
    assert_eq!(listed["path"], "/hero/{resource_id}/level-up");
}

#[tokio::test]
async fn unknown_parameters_are_ignored_where_the_application_says_so() {
    let app = TestApp::compat(heroes()).await;
    let hero = app.user("ann").created("hero", json!({"name": "bo", "level": 0})).await;
    app.user("ann").ask("POST", &format!("{hero}/level-up?by=1&x=2")).await.ok();
}

#[tokio::test]
async fn the_document_says_what_actions_there_are() {
    let app = app().await;
    let document: Value = serde_json::from_slice(app.app().openapi()).expect("JSON");
    let import = &document["paths"]["/hero/import-url"]["post"];
    assert_eq!(import["operationId"], "import_url_hero_import_url_post");
    assert_eq!(import["summary"], "Import from URL");
    assert_eq!(import["tags"], json!(["hero"]));
    assert!(import["description"].as_str().expect("text").starts_with("Imports a hero from a page."));
    assert_eq!(import["x-specstar-create-action"], json!({"resource": "hero", "label": "Import from URL"}));
    let body = &import["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body, &json!({"$ref": "#/components/schemas/Import"}));
    let schema = &document["components"]["schemas"]["Import"];
    assert_eq!(schema["properties"]["url"]["description"], "The address of the page.");
    assert_eq!(
        document["x-specstar-custom-create-actions"],
        json!({"hero": [
            {"path": "/hero/import-url", "label": "Import from URL", "operationId": "import_url", "bodySchema": "Import"},
            {"path": "/hero/recruit", "label": "Recruit", "operationId": "recruit"},
        ]})
    );
    let updates = &document["x-specstar-custom-update-actions"]["hero"];
    assert_eq!((&updates[0]["label"], &updates[0]["mode"]), (&json!("Level up"), &json!("update")));
    assert_eq!(updates[0]["queryParams"][0]["name"], "by");
    assert_eq!(updates[0]["queryParams"][0]["required"], true);
    assert_eq!(updates[0]["queryParams"][1]["schema"]["type"], "array");
    let skill = json!([{"name": "skill", "required": true, "schema": {"type": "string"}}]);
    assert_eq!((&updates[1]["mode"], &updates[1]["pathParams"]), (&json!("modify"), &skill));
    let grant = &document["paths"]["/hero/{resource_id}/grant/{skill}"]["post"];
    assert_eq!(grant["x-specstar-update-action"]["mode"], "modify");
    let names: Vec<_> = grant["parameters"].as_array().expect("a list").iter().map(|p| &p["name"]).collect();
    assert!(names.contains(&&json!("skill")), "{names:?}");
    for status in ["200", "400", "403", "404", "409", "412", "422", "500", "503"] {
        assert!(grant["responses"][status].is_object(), "{status}");
    }
    assert!(grant["responses"]["413"].is_null(), "it reads no body");
    assert!(grant["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"].is_array());
    let tag = &grant["responses"]["200"]["headers"]["ETag"];
    assert!(tag["schema"].is_object() && tag["required"].is_null(), "null has no tag: {tag}");
    let tag = &import["responses"]["200"]["headers"]["ETag"]["$ref"];
    assert_eq!(tag, "#/components/headers/ETag");
}

#[tokio::test]
async fn actions_that_do_not_fit_together_are_found_when_the_application_is_built() {
    let build = |builder: SpecStarBuilder| async move {
        builder.sqlite_temporary().open_access().build().await.expect_err("it cannot start").to_string()
    };
    let twice = build(SpecStar::builder().resources(heroes()).action::<level_up>()).await;
    assert!(twice.contains("duplicate action `level-up` on `hero`"), "{twice}");
    let alone = build(SpecStar::builder().resources(resources![Zone]).action::<level_up>()).await;
    assert!(alone.contains("action `level_up` belongs to `Hero`, which is not registered"), "{alone}");
    let taken = SpecStar::builder().resources(heroes()).action::<own_precondition>();
    let taken = build(taken.action::<own_precondition_of_create>()).await;
    assert!(taken.contains("action `own_precondition` on `hero` reads `expected_revision_id`"), "{taken}");
    assert!(!taken.contains("own_precondition_of_create"), "a create action has none: {taken}");
}

#[tokio::test]
async fn the_path_of_a_create_action_is_no_id() {
    let app = app().await;
    let heroes = app.app().repository::<Hero>();
    let path = app.user("ann").created("hero", json!({"name": "a", "level": 1})).await;
    let hero = heroes.get(path.trim_start_matches("/hero/")).await.expect("it is there").data;
    for id in ["import-url", "recruit"] {
        let refused = heroes.create_at(id, &hero).await.expect_err("it could not be reached");
        assert!(refused.to_string().contains("name of a route"), "{refused}");
        app.user("ann").put(&format!("/hero/{id}"), json!({})).if_none_match("*").await.is(405);
    }
}

/// Nobody has what others made.
fn own(principal: &Principal) -> Scope<Hero> {
    if principal.name() == "root" { Scope::All } else { Hero::META.created_by.eq(principal.name()).into() }
}

/// Says what a change was caused by.
struct Cause;

impl Hooks<Hero> for Cause {
    async fn before_update(&self, context: &mut HookContext<'_>, _: &Hero, _: &mut Hero) -> Result<()> {
        if context.cause == specstar::hook::Cause::Action {
            return Err(Error::Conflict("no action today".into()));
        }
        Ok(())
    }
}

#[tokio::test]
async fn actions_pass_the_scope_and_the_hooks_of_every_write() {
    let app = TestApp::with(heroes(), |builder| builder.scope(own)).await;
    let path = app.user("ann").created("hero", json!({"name": "a", "level": 1})).await;
    app.user("bob").ask("POST", &format!("{path}/level-up?by=1")).await.is(404);
    app.user("ann").ask("POST", &format!("{path}/level-up?by=1")).await.ok();

    let app = TestApp::with(heroes(), |builder| builder.hooks(Cause)).await;
    let path = app.user("ann").created("hero", json!({"name": "a", "level": 1})).await;
    app.user("ann").patch(&path, json!({"name": "b"})).await.ok();
    app.user("ann").ask("POST", &format!("{path}/level-up?by=1")).await.refused(409, "no action today");
}

#[tokio::test]
async fn no_function_runs_for_a_caller_who_is_refused() {
    let app = TestApp::with(heroes(), |builder| {
        builder
            .access(allow(Action::FULL).to_users(["root"]))
            .access_for::<Hero>(deny_input_if::<Hero>(Action::FULL, |_, hero| hero.level > 50))
    })
    .await;
    let root = app.user("root");
    let path = root.created("hero", json!({"name": "a", "level": 1})).await;
    for user in ["", "eve"] {
        let user = app.user(user);
        for action in ["level-up?by=1", "grant/sing"] {
            user.ask("POST", &format!("{path}/{action}")).await.is(403);
            user.ask("POST", &format!("{path}/{action}")).if_match("\"other\"").await.is(403);
        }
        user.ask("POST", "/hero/recruit").await.is(403);
    }
    root.ask("POST", &format!("{path}/level-up?by=60")).await.is(403);
    root.ask("POST", &format!("{path}/level-up?by=6")).await.ok();
}
