//! Scopes: what does not exist for somebody is neither found, nor read, nor changed, on any route.

use serde_json::{Value, json};
use specstar::access::{Action, Decision, Principal, Scope, access_fn};
use specstar::http::route::{Operation, ROUTES, RequestBody, Route};
use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::runtime::binary::Blob;

use crate::common::talk::{Answer, Ask};
use crate::common::{TestApp, User};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v1")]
struct Paper {
    #[indexed]
    owner: String,
    #[unique]
    #[serde(default)]
    code: Option<String>,
    #[indexed]
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    file: Option<Blob>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Copy {
    #[reference(on_delete = "cascade")]
    paper: Ref<Paper>,
    #[indexed]
    #[serde(default)]
    owner: String,
    #[serde(default)]
    #[reference(on_delete = "restrict")]
    kept: Option<Ref<Paper>>,
}

/// The file `hello`.
const HELLO: &str = "b3-ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";

fn papers() -> Registry {
    resources![Paper, Copy]
}

/// Each has their own, root has all, and nobody known has none.
async fn archive() -> TestApp {
    TestApp::with(papers(), |builder| {
        builder
            .scope(|principal: &Principal| match principal {
                Principal::Anonymous => Scope::None,
                Principal::User(user) if user.name == "root" => Scope::All,
                Principal::User(user) => Paper::COLUMNS.owner.eq(&*user.name).into(),
            })
            .scope(|principal: &Principal| match principal.name() {
                "root" => Scope::All,
                name => Copy::COLUMNS.owner.eq(name).into(),
            })
    })
    .await
}

/// Papers of ann and of bob, each with two revisions, and a deleted one of each.
async fn fill(app: &TestApp) {
    let root = app.user("root");
    for owner in ["ann", "bob"] {
        for id in [format!("of-{owner}"), format!("of-{owner}-gone")] {
            let path = format!("/paper/{id}");
            root.put(&path, json!({"owner": owner, "code": id, "file": {"data": "aGVsbG8="}}))
                .if_none_match("*")
                .await
                .ok();
            root.put(&path, json!({"owner": owner, "code": id, "tags": ["new"]})).await.ok();
        }
        root.delete(&format!("/paper/of-{owner}-gone")).await.ok();
    }
}

/// A plain request of a route, about the resource of that id where it is about one.
fn request(user: &User, route: &Route, id: &str) -> Ask {
    let revision = if route.operation == Operation::Undo { "2" } else { "1" };
    let path = route.path.replace("{resource_id}", id).replace("{revision_id}", revision);
    let path = path.replace("{file_id}", HELLO);
    let ask = user.ask(route.method.as_str(), &format!("/paper{path}"));
    match route.body {
        RequestBody::None => ask,
        _ => ask.json(&json!({"owner": "ann"})),
    }
}

fn is_about_one(route: &Route) -> bool {
    // Those of jobs have tests of their own.
    route.path.contains("{resource_id}") && !route.operation.is_job()
}

fn target(route: &Route, owner: &str) -> String {
    if route.operation == Operation::Restore { format!("of-{owner}-gone") } else { format!("of-{owner}") }
}

#[tokio::test]
async fn no_route_about_one_resource_finds_what_is_out_of_scope() {
    let app = archive().await;
    fill(&app).await;
    let before = app.picture(&["paper", "copy"]).await;
    for route in ROUTES.iter().filter(|route| is_about_one(route)) {
        for user in ["ann", ""] {
            for id in [target(route, "bob"), "of-bob-gone".to_owned()] {
                let answer = request(&app.user(user), route, &id).await;
                let detail = answer.is(404).detail().to_string();
                assert!(
                    detail.contains(&id) && detail.contains("not found"),
                    "{:?} {answer}",
                    route.operation
                );
            }
        }
    }
    assert_eq!(app.picture(&["paper", "copy"]).await, before);
}

#[tokio::test]
async fn every_route_about_one_resource_works_within_the_scope() {
    for route in ROUTES.iter().filter(|route| is_about_one(route)) {
        let app = archive().await;
        fill(&app).await;
        // There was no migration that could be taken back.
        let status = if route.operation == Operation::RollbackMigration { 409 } else { 200 };
        request(&app.user("ann"), route, &target(route, "ann")).await.is(status);
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    ["of-ann", "of-ann-gone", "of-bob", "of-bob-gone"]
        .into_iter()
        .filter(|id| text.contains(&format!("\"{id}\"")))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_route_about_many_is_narrowed() {
    // Archives are not text; what is in them is asked in a suite of its own.
    let others = [Operation::Create, Operation::Export, Operation::Import];
    let many = ROUTES.iter().filter(|route| !route.path.contains("{resource_id}"));
    for route in many.filter(|route| !others.contains(&route.operation)) {
        let app = archive().await;
        fill(&app).await;
        let own = match route.operation {
            Operation::BatchRestore => vec!["of-ann-gone"],
            Operation::Changes => vec!["of-ann", "of-ann-gone"],
            _ => vec!["of-ann"],
        };
        let answer = request(&app.user("ann"), route, "").await;
        answer.is(200);
        if route.operation == Operation::Count {
            assert_eq!(answer.ok(), 1);
        } else {
            assert_eq!(ids(&answer), own, "{:?} {answer}", route.operation);
        }
        let nobody = request(&app.user(""), route, "").await;
        assert!(ids(&nobody.is(200)).is_empty(), "{:?} {nobody}", route.operation);
        // What was changed is only what is in scope.
        let root = app.user("root");
        root.get("/paper/of-bob").await.is(200);
        root.get("/paper/of-bob-gone").await.is(404);
    }
}

#[tokio::test]
async fn a_filter_cannot_reach_around_the_scope() {
    let app = archive().await;
    fill(&app).await;
    let ann = app.user("ann");
    for query in [
        "?qb=QB['owner'].eq('bob')",
        "?qb=QB['owner'].eq('ann') | QB['owner'].eq('bob')",
        "?qb=~(QB['owner'].eq('ann'))",
        "?data_conditions=[{\"field_path\":\"owner\",\"operator\":\"ne\",\"value\":\"ann\"}]",
        "?qb=QB.is_deleted().eq(True)",
    ] {
        let found = ann.get(&format!("/paper{query}")).await;
        assert!(ids(&found.is(200)).iter().all(|id| id.starts_with("of-ann")), "{found}");
    }
    let total = ann.get("/paper?with_total=true").await;
    assert_eq!(total.header("x-total-count").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_write_cannot_leave_the_scope_it_is_made_in() {
    let app = archive().await;
    fill(&app).await;
    let (ann, root) = (app.user("ann"), app.user("root"));
    root.put("/paper/moved", json!({"owner": "bob"})).if_none_match("*").await.ok();
    root.put("/paper/moved", json!({"owner": "ann"})).await.ok();
    let before = app.picture(&["paper"]).await;
    ann.post("/paper", json!({"owner": "bob"})).await.is(403);
    ann.put("/paper/new", json!({"owner": "bob"})).if_none_match("*").await.is(403);
    ann.put("/paper/of-ann", json!({"owner": "bob"})).await.is(403);
    ann.patch("/paper/of-ann", json!({"owner": "bob"})).await.is(403);
    ann.ask("POST", "/paper/moved/switch/1").await.is(403);
    ann.ask("POST", "/paper/moved/undo/2").await.is(403);
    assert_eq!(app.picture(&["paper"]).await, before);
    ann.post("/paper", json!({"owner": "ann"})).await.ok();
}

#[tokio::test]
async fn a_conflict_does_not_name_what_is_out_of_scope() {
    let app = archive().await;
    fill(&app).await;
    let ann = app.user("ann");
    let hidden = ann.post("/paper", json!({"owner": "ann", "code": "of-bob"})).await;
    assert_eq!(hidden.is(409).detail()["conflicting_resource_id"], Value::Null);
    let own = ann.post("/paper", json!({"owner": "ann", "code": "of-ann"})).await;
    assert_eq!(own.is(409).detail()["conflicting_resource_id"], "of-ann");
}

#[tokio::test]
async fn references_tell_nothing_of_what_is_out_of_scope() {
    let app = archive().await;
    fill(&app).await;
    let (ann, root) = (app.user("ann"), app.user("root"));
    let hidden = ann.post("/copy", json!({"paper": "of-bob", "owner": "ann"})).await;
    let unknown = ann.post("/copy", json!({"paper": "none", "owner": "ann"})).await;
    assert_eq!(hidden.is(422).text().replace("of-bob", "none"), unknown.is(422).text());
    root.put("/copy/c", json!({"paper": "of-ann", "owner": "bob"})).if_none_match("*").await.ok();
    assert_eq!(ann.get("/paper/of-ann/referrers").await.ok(), json!([]));
    root.put("/copy/k", json!({"paper": "of-bob", "owner": "bob", "kept": "of-ann"}))
        .if_none_match("*")
        .await
        .ok();
    let kept = ann.delete("/paper/of-ann").await;
    assert!(!kept.is(409).text().contains("<-k"), "{kept}");
    // A cascade is part of the delete, whatever the scope of what it takes along.
    root.delete("/copy/k").await.ok();
    ann.delete("/paper/of-ann").await.ok();
    root.get("/copy/c").await.is(404);
}

#[tokio::test]
async fn out_of_scope_is_404_before_anything_is_403() {
    let app = TestApp::with(papers(), |builder| {
        builder.scope(|principal: &Principal| Paper::COLUMNS.owner.eq(principal.name()).into()).access(
            access_fn(|request| {
                let may = request.action != Action::DELETE || request.principal.name() == "root";
                if may { Decision::Allow } else { Decision::Deny }
            }),
        )
    })
    .await;
    app.user("ann").put("/paper/a", json!({"owner": "ann"})).if_none_match("*").await.ok();
    app.user("ann").delete("/paper/a").await.is(403);
    app.user("bob").delete("/paper/a").await.is(404);
    app.user("bob").delete("/paper/none").await.is(404);
}
