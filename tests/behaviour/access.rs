//! Which permission each route asks for, and that a refusal changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::json;
use specstar::access::{AccessControl, AccessRequest, Action, Decision, access_fn};
use specstar::http::route::{GLOBAL_ROUTES, Operation, ROUTES, RequestBody, Route};

use crate::common::TestApp;
use crate::common::talk::{Answer, Ask};
use crate::resources;

/// An archive of the reference without resources.
const EMPTY_ARCHIVE: &[u8] =
    b"\x00\x00\x00\x19\x82\xa1t\xacHeaderRecord\xa7version\x02\x00\x00\x00\x0d\x81\xa1t\xa9EofRecord";

/// What was asked, as `user action model id`.
type Questions = Arc<Mutex<Vec<String>>>;

/// Lets everybody do everything but what `may` forbids, and writes down what is asked.
async fn watched(may: impl Fn(&AccessRequest<'_>) -> bool + Send + Sync + 'static) -> (TestApp, Questions) {
    let questions = Questions::default();
    let asked = Arc::clone(&questions);
    let access = access_fn(move |request| {
        let id = request.resource_id.unwrap_or("-");
        let question =
            format!("{} {} {} {id}", request.principal.name(), request.action.name(), request.model.id.name);
        asked.lock().expect("not poisoned").push(question);
        if request.principal.name() == "root" || may(request) { Decision::Allow } else { Decision::Deny }
    });
    (TestApp::with(resources(), |builder| builder.access(access)).await, questions)
}

/// Those that every type has. Those of migrations and of jobs have tests of their own.
fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| !route.operation.is_migration() && !route.operation.is_job())
}

/// The actions of a plain request of this route, in the order they are asked.
fn expected(operation: Operation) -> &'static [Action] {
    match operation {
        Operation::List | Operation::ListData | Operation::ListFull => {
            &[Action::SEARCH_RESOURCES, Action::GET_RESOURCE_REVISION]
        }
        Operation::ListMeta
        | Operation::ListRevisionInfo
        | Operation::Count
        | Operation::Changes
        | Operation::AllChanges => &[Action::SEARCH_RESOURCES],
        Operation::Create => &[Action::CREATE],
        Operation::BatchDelete => &[Action::SEARCH_RESOURCES, Action::DELETE],
        Operation::BatchRestore => &[Action::SEARCH_RESOURCES, Action::RESTORE],
        Operation::Read | Operation::ReadData | Operation::ReadFull | Operation::Diff => {
            &[Action::GET_META, Action::GET_RESOURCE_REVISION]
        }
        // Whoever may search the resources that refer to it learns which do: see below.
        Operation::ReadMeta | Operation::ReadRevisionInfo | Operation::Referrers => &[Action::GET_META],
        Operation::RevisionList | Operation::ResourceChanges => &[Action::GET_META, Action::LIST_REVISIONS],
        Operation::Replace | Operation::Undo => &[Action::UPDATE],
        Operation::Patch => &[Action::PATCH],
        Operation::Delete => &[Action::DELETE],
        Operation::DeletePermanently => &[Action::PERMANENTLY_DELETE],
        Operation::Restore => &[Action::RESTORE],
        Operation::Switch => &[Action::SWITCH],
        Operation::Export | Operation::ExportAll => &[Action::DUMP],
        Operation::Import | Operation::ImportAll => &[Action::LOAD],
        // What the program declares is no secret.
        Operation::Relationships => &[],
        Operation::ReadResourceBlob | Operation::ReadBlob => &[Action::READ_BLOB],
        Operation::UploadBlob
        | Operation::BeginUpload
        | Operation::ReadUpload
        | Operation::PutUploadContent
        | Operation::FinalizeUpload
        | Operation::AbortUpload => &[Action::WRITE_BLOB],
        other => panic!("{other:?} is new: say which permission it asks for"),
    }
}

/// The answer to who may. Notes name no file.
fn passed(operation: Operation) -> u16 {
    if operation == Operation::ReadResourceBlob { 404 } else { 200 }
}

/// A request of a route that would change something if it may.
fn request(app: &TestApp, user: &str, route: &Route) -> Ask {
    let id = if route.operation == Operation::Restore { "gone" } else { "one" };
    let revision = if route.operation == Operation::Undo { "2" } else { "1" };
    let path = format!("/note{}", route.path.replace("{resource_id}", id).replace("{revision_id}", revision));
    let path = path.replace("{file_id}", "none");
    let ask = app.user(user).ask(route.method.as_str(), &path);
    match route.body {
        RequestBody::None => ask,
        RequestBody::Archive => ask.body("application/octet-stream", EMPTY_ARCHIVE),
        _ => ask.json(&json!({"title": "new"})),
    }
}

/// A live resource with two revisions, and a deleted one.
async fn prepare(app: &TestApp) {
    let root = app.user("root");
    for id in ["one", "gone"] {
        let made = root.put(&format!("/note/{id}"), json!({"title": id})).if_none_match("*").await;
        assert!([200, 412].contains(&made.status()), "{made}");
    }
    root.put("/note/one", json!({"title": "two"})).await.ok();
    root.delete("/note/gone?").await;
}

fn of_user(questions: &Questions, user: &str) -> Vec<String> {
    let mut all = questions.lock().expect("not poisoned");
    let of = std::mem::take(&mut *all);
    of.into_iter()
        .filter_map(|question| question.strip_prefix(&format!("{user} ")).map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn every_route_asks_for_its_actions_and_no_others() {
    for route in routes() {
        let (app, questions) = watched(|_| true).await;
        prepare(&app).await;
        request(&app, "ann", route).await.is(passed(route.operation));
        let id = match route.operation {
            Operation::Restore => "gone",
            _ if route.path.contains("{resource_id}") => "one",
            _ => "-",
        };
        let mut expected: Vec<String> =
            expected(route.operation).iter().map(|action| format!("{} note {id}", action.name())).collect();
        // A batch asks about each resource that it would change.
        match route.operation {
            Operation::BatchDelete => "delete note one".clone_into(&mut expected[1]),
            Operation::BatchRestore => "restore note gone".clone_into(&mut expected[1]),
            _ => {}
        }
        if route.operation == Operation::Referrers {
            expected.push("search_resources remark -".to_owned());
        }
        assert_eq!(of_user(&questions, "ann"), expected, "{:?}", route.operation);
    }
}

#[tokio::test]
async fn routes_of_no_resource_ask_about_every_type_or_about_nothing() {
    let others = GLOBAL_ROUTES.iter().filter(|route| !route.operation.is_job());
    for route in others.filter(|route| route.path.starts_with("/_")) {
        let (app, questions) = watched(|_| true).await;
        let ask = app.user("ann").ask(route.method.as_str(), route.path);
        let ask = match route.body {
            RequestBody::Archive => ask.body("application/octet-stream", EMPTY_ARCHIVE),
            _ => ask,
        };
        ask.await.is(200);
        let names = resources().entries().iter().map(|entry| entry.descriptor.id.name);
        let asked = |action: &Action| {
            let names = names.clone();
            let action = action.name();
            names.map(move |name| format!("{action} {name} -"))
        };
        let mut expected: Vec<String> = expected(route.operation).iter().flat_map(asked).collect();
        if route.operation == Operation::ImportAll {
            // Of an archive without a type nothing is asked but whether anything could be imported.
            expected.truncate(1);
        }
        assert_eq!(of_user(&questions, "ann"), expected, "{:?}", route.operation);
    }
}

/// A request of a route of files that belong to no resource.
fn of_files(app: &TestApp, user: &str, route: &Route, upload_id: &str) -> Ask {
    let path = route.path.replace("{file_id}", "none").replace("{upload_id}", upload_id);
    let part = if route.operation == Operation::PutUploadContent { "?part_number=1" } else { "" };
    let ask = app.user(user).ask(route.method.as_str(), &format!("{path}{part}"));
    match route.body {
        RequestBody::Announcement => ask.json(&json!({})),
        RequestBody::File => ask.body("text/plain", "text"),
        _ => ask,
    }
}

#[tokio::test]
async fn uploads_ask_about_files_and_nothing_else() {
    for route in GLOBAL_ROUTES.iter().filter(|route| route.path.starts_with("/blobs/")) {
        let (app, questions) = watched(|_| true).await;
        let upload = app.user("ann").post("/blobs/upload-sessions", json!({})).await.ok();
        let upload_id = upload["upload_id"].as_str().expect("an id");
        of_user(&questions, "ann");
        let answer = of_files(&app, "ann", route, upload_id).await;
        if route.operation == Operation::ReadBlob {
            // Nothing is known of the file, so that it is asked whether the user may read any.
            answer.is(404);
            assert_eq!(of_user(&questions, "ann"), ["read_blob note -"]);
            continue;
        }
        let expected = match route.operation {
            Operation::FinalizeUpload => 409,
            Operation::AbortUpload => 204,
            _ => 200,
        };
        assert_eq!(answer.status(), expected, "{answer}");
        assert_eq!(of_user(&questions, "ann"), ["write_blob blobs -"], "{:?}", route.operation);
    }
}

#[tokio::test]
async fn nobody_reaches_files_without_the_action() {
    for route in GLOBAL_ROUTES.iter().filter(|route| route.path.starts_with("/blobs/")) {
        let wanted = expected(route.operation)[0];
        let (app, _) = watched(move |request| {
            let (user, asked) = (request.principal.name(), request.action == wanted);
            if user == "exactly" { asked } else { user == "others" && !asked }
        })
        .await;
        for user in ["others", "nobody", ""] {
            let answer = of_files(&app, user, route, "none").await;
            assert!(answer.is(403).text().contains("'blobs'"), "{:?} as `{user}`: {answer}", route.operation);
        }
        let answer = of_files(&app, "exactly", route, "none").await;
        assert!([200, 404].contains(&answer.status()), "{:?}: {answer}", route.operation);
    }
}

#[tokio::test]
async fn the_feed_of_all_resources_shows_the_types_that_may_be_searched() {
    let (app, _) = watched(|request| request.model.id.name == "note").await;
    let root = app.user("root");
    let note = root.created("note", json!({"title": "a"})).await;
    root.created("plan", json!({"goal": "b"})).await;
    let all = root.get("/_changes").await.ok();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let seen = app.user("eve").get("/_changes").await.ok();
    assert_eq!(seen.as_array().map(Vec::len), Some(1));
    assert_eq!(format!("/note/{}", seen[0]["resource_id"].as_str().expect("an id")), note);
    let (app, _) = watched(|_| false).await;
    app.user("eve").get("/_changes").await.is(403);
}

#[tokio::test]
async fn referrers_need_the_search_of_their_type() {
    let (app, _) = watched(|request| request.model.id.name != "remark").await;
    let note = app.user("root").created("note", json!({"title": "a"})).await;
    app.user("root").get(&format!("{note}/referrers")).await.is(200);
    app.user("eve").get(&format!("{note}/referrers")).await.is(403);
}

fn refused(answer: &Answer, action: Action) {
    let text = format!("Permission denied for user 'eve' to perform '{}' on 'note'", action.name());
    assert_eq!(answer.is(403).detail(), text.as_str());
}

#[tokio::test]
async fn a_user_without_one_of_the_actions_is_refused_and_nothing_changes() {
    let actions: BTreeSet<u32> = routes().flat_map(|r| expected(r.operation)).map(Action::bits).collect();
    for missing in actions {
        let missing = Action::from_bits(missing).expect("an action");
        let (app, _) = watched(move |request| request.action != missing).await;
        prepare(&app).await;
        let before = app.picture(&["note"]).await;
        for route in routes().filter(|route| expected(route.operation).contains(&missing)) {
            refused(&request(&app, "eve", route).await, missing);
        }
        assert_eq!(app.picture(&["note"]).await, before, "without {}", missing.name());
    }
}

/// Root and a user with exactly what a route asks for are let through; with everything else but that, with nothing
/// and without a name, nobody is. Who is out of scope is another suite's question.
#[tokio::test]
async fn every_route_lets_each_class_of_users_through_or_not() {
    for route in routes() {
        let wanted = expected(route.operation);
        let (app, _) = watched(move |request| {
            let asked = wanted.contains(&request.action) || request.model.id.name == "remark";
            match request.principal.name() {
                "exactly" => asked,
                "others" => !asked,
                _ => false,
            }
        })
        .await;
        for (user, status) in
            [("others", 403), ("nobody", 403), ("", 403), ("exactly", passed(route.operation))]
        {
            prepare(&app).await;
            let answer = request(&app, user, route).await;
            assert_eq!(answer.status(), status, "{:?} as `{user}`: {answer}", route.operation);
        }
        let (app, _) = watched(|_| false).await;
        prepare(&app).await;
        request(&app, "root", route).await.is(passed(route.operation));
    }
}

#[tokio::test]
async fn a_user_without_any_action_learns_nothing() {
    let (app, _) = watched(|_| false).await;
    prepare(&app).await;
    let before = app.picture(&["note"]).await;
    let eve = app.user("eve");
    for route in routes() {
        refused(&request(&app, "eve", route).await, expected(route.operation)[0]);
    }
    for id in ["one", "gone", "none"] {
        refused(&eve.get(&format!("/note/{id}")).await, Action::GET_META);
        refused(&eve.delete(&format!("/note/{id}")).await, Action::DELETE);
        refused(
            &eve.put(&format!("/note/{id}"), json!({"title": "b"})).if_match("\"x\"").await,
            Action::UPDATE,
        );
        refused(&eve.patch(&format!("/note/{id}"), json!({"title": "b"})).await, Action::PATCH);
        refused(
            &eve.put(&format!("/note/{id}"), json!({"title": "b"})).if_none_match("*").await,
            Action::CREATE,
        );
    }
    eve.post("/note", json!({"title": 1})).await.is(422);
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn the_way_a_route_is_used_decides_about_its_action() {
    let (app, questions) = watched(|_| true).await;
    prepare(&app).await;
    let ann = app.user("ann");
    let modify = "/note/one?mode=modify&change_status=draft";
    for (ask, actions) in [
        (ann.ask("PUT", modify), vec!["modify note one"]),
        (ann.put("/note/one?mode=modify", json!({"title": "x"})), vec!["modify note one"]),
        (ann.patch("/note/one?mode=modify", json!({"title": "y"})), vec!["modify note one"]),
        (ann.put("/note/new", json!({"title": "x"})).if_none_match("*"), vec!["create note new"]),
        (ann.get("/note/one?returns=meta,revision_info"), vec!["get_meta note one"]),
        (ann.get("/note/one?returns=only-data"), vec!["get_meta note one", "get_resource_revision note one"]),
        (ann.get("/note/one/revision-info?revision_id=one:1"), vec!["get_meta note one"]),
        (ann.get("/note?returns=meta"), vec!["search_resources note -"]),
        (
            ann.get("/note?returns=meta&with_total=1"),
            vec!["search_resources note -", "search_resources note -"],
        ),
        (ann.ask("HEAD", "/note/one"), vec!["get_meta note one", "get_resource_revision note one"]),
        (ann.delete("/note?created_bys=nobody"), vec!["search_resources note -"]),
        (ann.ask("OPTIONS", "/note"), vec![]),
    ] {
        let answer = ask.await;
        assert!(answer.status() < 300, "{answer}");
        assert_eq!(of_user(&questions, "ann"), actions, "{answer}");
    }
}

#[tokio::test]
async fn a_rule_sees_which_resource_is_meant() {
    let (app, _) = watched(|request| request.resource_id == Some("one")).await;
    prepare(&app).await;
    let eve = app.user("eve");
    eve.put("/note/one", json!({"title": "mine"})).await.ok();
    eve.get("/note/one").await.ok();
    eve.get("/note/gone").await.is(403);
    eve.get("/note").await.is(403);
}

#[tokio::test]
async fn who_may_get_may_get_every_part() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(access_fn(|request| match request.action {
            _ if request.principal.name() == "root" => Decision::Allow,
            Action::GET => Decision::Allow,
            _ => Decision::Abstain,
        }))
    })
    .await;
    prepare(&app).await;
    for path in ["", "/data", "/meta", "/full", "/revision-info", "/revision-list"] {
        app.user("ann").get(&format!("/note/one{path}")).await.ok();
    }
    app.user("ann").get("/note").await.is(403);
    app.user("ann").delete("/note/one").await.is(403);
}

#[tokio::test]
async fn who_must_say_who_they_are_is_401() {
    use specstar::access::{Principal, principal_fn};
    let app = TestApp::with(resources(), |builder| {
        builder.principal(principal_fn(|parts| {
            let name = parts.headers.get("x-user").and_then(|value| value.to_str().ok());
            name.map(Principal::user).ok_or(specstar::Error::Unauthenticated)
        }))
    })
    .await;
    prepare(&app).await;
    let before = app.picture(&["note"]).await;
    for route in routes() {
        request(&app, "", route).await.refused(401, "authentication");
    }
    assert_eq!(app.picture(&["note"]).await, before);
}

/// Rules that cannot be read.
struct Broken;

impl AccessControl for Broken {
    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, specstar::Result<Decision>> {
        let answer = match request.principal.name() {
            "root" => Ok(Decision::Allow),
            _ => Err(specstar::Error::Unavailable { reason: "the rules are away".into(), retry_after: 7 }),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn rules_that_cannot_be_read_allow_nothing() {
    let app = TestApp::with(resources(), |builder| builder.access(Broken)).await;
    prepare(&app).await;
    let before = app.picture(&["note"]).await;
    for route in routes() {
        let answer = request(&app, "ann", route).await.refused(503, "unavailable");
        assert_eq!(answer.header("retry-after").as_deref(), Some("7"));
        assert!(!answer.text().contains("rules"), "{answer}");
    }
    assert_eq!(app.picture(&["note"]).await, before);
}
