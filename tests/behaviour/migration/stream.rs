//! Migrations of many resources, line by line.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use specstar::access::{Action, Decision, Principal, Scope, access_fn};
use specstar::app::SpecStarBuilder;
use specstar::http::route::ROUTES;
use specstar::resources;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::models::{v1, v2};
use super::{first, start, start_with};
use crate::common::talk::Answer;
use crate::common::{TestApp, database};
use crate::watched::watched;

/// Robots with these names and powers, as the first program wrote them.
async fn robots(all: &[(&str, &str)]) -> TestApp {
    let app = first(resources![v1::Robot]).await;
    for (at, (name, power)) in all.iter().enumerate() {
        let body = json!({"name": name, "power": power});
        app.user("ann").put(&format!("/robot/{at}"), body).if_none_match("*").await.ok();
    }
    start(app.stop().await, resources![v2::Robot]).await
}

fn lines(answer: &Answer) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).expect("a line is JSON");
    answer.is(200).text().lines().map(read).collect()
}

fn statuses(lines: &[Value]) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = lines[..lines.len() - 1]
        .iter()
        .map(|line| (text(line, "resource_id"), text(line, "status")))
        .collect();
    all.sort_unstable();
    all
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, status)| ((*id).to_owned(), (*status).to_owned())).collect()
}

const MIXED: [(&str, &str); 5] = [("a", "1"), ("b", "much"), ("c", "panic"), ("a", "2"), ("e", "5")];

#[tokio::test]
async fn each_resource_is_a_line_and_the_failing_ones_fall_alone() {
    let app = robots(&MIXED).await;
    let ann = app.user("ann");
    let answer = ann.ask("POST", "/robot/migrate/execute").await;
    assert_eq!(answer.header("content-type").as_deref(), Some("application/jsonl+json"));
    let told = lines(&answer);
    let expected =
        of(&[("0", "success"), ("1", "failed"), ("2", "failed"), ("3", "failed"), ("4", "success")]);
    assert_eq!(statuses(&told), expected);
    let end = told.last().expect("a summary");
    let numbers = |key: &str| end[key].as_u64().expect("a number");
    assert_eq!((numbers("total"), numbers("success"), numbers("failed"), numbers("skipped")), (5, 2, 3, 0));
    assert_eq!(end["errors"].as_array().map(Vec::len), Some(3));
    assert!(told.iter().all(|line| line["timestamp"].is_string()));
    let unique = told.iter().find(|line| line["resource_id"] == "3").expect("a line");
    assert!(unique["error"].as_str().expect("text").contains("of a"), "{unique}");
    assert_eq!(ann.get("/robot/3/meta").await.ok()["schema_version"], "v1");
    assert_eq!(ann.get("/robot/3/data").await.ok()["power"], 2, "it can still be read");
    // What is done is skipped by the next one, which goes on with what is left.
    ann.put("/robot/1", json!({"name": "b", "label": "b"})).await.ok();
    let again = lines(&ann.ask("POST", "/robot/migrate/execute").await);
    let expected =
        of(&[("0", "skipped"), ("1", "skipped"), ("2", "failed"), ("3", "failed"), ("4", "skipped")]);
    assert_eq!(statuses(&again), expected);
}

#[tokio::test]
async fn a_test_finds_what_would_fail_and_writes_nothing() {
    let app = robots(&MIXED).await;
    let before = app.picture(&["robot"]).await;
    let told = lines(&app.user("ann").ask("POST", "/robot/migrate/test").await);
    let expected =
        of(&[("0", "success"), ("1", "failed"), ("2", "failed"), ("3", "failed"), ("4", "success")]);
    assert_eq!(statuses(&told), expected);
    assert_eq!(app.picture(&["robot"]).await, before);
}

#[tokio::test]
async fn filters_and_revisions_are_chosen() {
    let app = first(resources![v1::Robot]).await;
    for id in ["x", "y"] {
        for power in ["1", "2"] {
            let path = format!("/robot/{id}");
            let body = json!({"name": id, "power": power});
            if power == "1" {
                app.user("ann").put(&path, body).if_none_match("*").await.ok();
            } else {
                app.user("ann").put(&path, body).await.ok();
            }
        }
    }
    let app = start(app.stop().await, resources![v2::Robot]).await;
    let ann = app.user("ann");
    let one = lines(&ann.ask("POST", "/robot/migrate/execute?qb=QB['name'].eq('x')").await);
    assert_eq!(statuses(&one), of(&[("x", "success")]));
    let all = lines(&ann.ask("POST", "/robot/migrate/execute?revision_id=all").await);
    let expected = [("x", "skipped"), ("x", "success"), ("y", "success"), ("y", "success")];
    assert_eq!(statuses(&all), of(&expected));
    for id in ["x", "y"] {
        let list = ann.get(&format!("/robot/{id}/revision-list")).await.ok();
        let versions: Vec<&Value> =
            list["revisions"].as_array().expect("a list").iter().map(|r| &r["schema_version"]).collect();
        assert_eq!(versions, ["v2", "v2"]);
    }
    let one = lines(&ann.ask("POST", "/robot/migrate/test?revision_id=x:1&limit=1").await);
    assert_eq!(statuses(&one), of(&[("x", "skipped")]));
    ann.ask("POST", "/robot/migrate/execute?qb=QB[").await.refused(400, "QB");
    ann.ask("POST", "/robot/migrate/test?limit=0").await.is(422);
    ann.ask("GET", "/robot/migrate/test").await.is(405);
}

#[tokio::test]
async fn more_than_a_batch_is_migrated_in_several() {
    let app = first(resources![v1::Robot]).await;
    let robots = app.app().repository::<v1::Robot>();
    let create = |n: usize| {
        let name = format!("n{}", n % 550);
        let robot = v1::Robot { name, power: "1".into(), tags: vec![] };
        let robots = robots.clone();
        async move { robots.create(&robot).await.expect("it is stored") }
    };
    futures_util::stream::iter((0..650).map(create)).buffer_unordered(50).collect::<Vec<_>>().await;
    let app = start(app.stop().await, resources![v2::Robot]).await;
    let told = lines(&app.user("ann").ask("POST", "/robot/migrate/execute").await);
    let end = told.last().expect("a summary");
    assert_eq!((&end["total"], &end["success"], &end["failed"]), (&json!(650), &json!(550), &json!(100)));
    assert_eq!(end["errors"].as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn the_same_lines_come_over_a_socket() {
    let app = robots(&MIXED).await;
    let url = |path: &str| format!("ws://{}{path}", app.address());
    let (mut socket, _) =
        tokio_tungstenite::connect_async(url("/robot/migrate/test")).await.expect("it connects");
    socket.send(Message::text(r#"{"query": {"qb": "QB['name'].eq('e')"}}"#)).await.expect("it is sent");
    let mut told = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            told.push(serde_json::from_str::<Value>(&text).expect("JSON"));
        }
    }
    assert_eq!(statuses(&told), of(&[("4", "success")]));
    assert_eq!(told[1]["success"], 1);
    for (sent, said) in [(r#"{"query": {"limit": 0}}"#, "limit"), ("no", "expected")] {
        let (mut socket, _) =
            tokio_tungstenite::connect_async(url("/robot/migrate/execute")).await.expect("it connects");
        socket.send(Message::text(sent)).await.expect("it is sent");
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("no answer to {sent}") };
        assert!(text.contains("detail") && text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn a_migration_is_asked_of_the_rules_and_the_scope() {
    let folder = robots(&[("a", "1")]).await.stop().await;
    let app = start_with(folder, resources![v2::Robot], |builder| {
        builder.access(access_fn(|request| match request.principal.name() {
            "eve" if request.action == Action::MIGRATE => Decision::Deny,
            "dan" if request.action == Action::MIGRATE && request.current.is_some() => Decision::Deny,
            _ => Decision::Allow,
        }))
    })
    .await;
    for route in ROUTES.iter().filter(|route| route.operation.is_migration()) {
        let path = format!("/robot{}", route.path.replace("{resource_id}", "0"));
        app.user("eve").ask("POST", &path).await.refused(403, "migrate");
    }
    let told = lines(&app.user("dan").ask("POST", "/robot/migrate/execute").await);
    assert_eq!(statuses(&told), of(&[("0", "failed")]), "a rule that looks at the resource is asked too");
    assert_eq!(app.user("ann").get("/robot/0/meta").await.ok()["schema_version"], "v1");
}

#[tokio::test]
async fn the_routes_are_there_for_versioned_types_or_as_the_application_says() {
    let app = TestApp::with(crate::resources(), |builder| builder.resources(resources![v1::Robot])).await;
    app.user("ann").ask("POST", "/robot/migrate/test").await.is(200);
    app.user("ann").ask("POST", "/note/migrate/test").await.is(404);
    let with = |mounted| async move {
        let configure = |builder: specstar::app::SpecStarBuilder| {
            builder.resources(resources![v1::Robot]).migration_routes(mounted)
        };
        TestApp::with(crate::resources(), configure).await
    };
    let app = with(false).await;
    app.user("ann").ask("POST", "/robot/migrate/test").await.is(404);
    let app = with(true).await;
    app.user("ann").ask("POST", "/note/migrate/test").await.refused(400, "no schema version");
}

/// Each has the robots of their name.
async fn scoped(folder: Arc<TempDir>) -> TestApp {
    scoped_on(folder, |builder| builder).await
}

async fn scoped_on(folder: Arc<TempDir>, on: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder) -> TestApp {
    start_with(folder, resources![v2::Robot], |builder| {
        on(builder).scope(|principal: &Principal| match principal.name() {
            "root" => Scope::All,
            name => v2::Robot::COLUMNS.name.eq(name).into(),
        })
    })
    .await
}

#[tokio::test]
async fn what_fails_does_not_tell_who_is_hidden() {
    let app = scoped(robots(&[("ann", "1")]).await.stop().await).await;
    let other = json!({"name": "bob", "label": "of ann"});
    app.user("root").put("/robot/hidden", other).if_none_match("*").await.ok();
    for route in ["test", "execute", "single/0", "single/0?write_back=false"] {
        let path = format!("/robot/migrate/{route}");
        let told = app.user("ann").ask("POST", &path).await.is(200).text();
        assert!(told.contains("failed") && told.contains("of ann"), "{told}");
        assert!(!told.contains("hidden"), "{route}: {told}");
    }
}

#[tokio::test]
async fn a_migration_is_not_taken_back_out_of_the_scope() {
    let app = scoped(robots(&[("ann", "1")]).await.stop().await).await;
    let ann = app.user("ann");
    ann.ask("POST", "/robot/migrate/single/0").await.ok();
    let changed = r#"{"name":"bob","power":"1","tags":[]}"#;
    database::execute(app.folder().path(), &format!("UPDATE ss_original SET data = '{changed}'"));
    ann.ask("POST", "/robot/migrate/rollback/0").await.is(403);
    app.user("root").ask("POST", "/robot/migrate/rollback/0").await.ok();
}

#[tokio::test]
async fn a_socket_answers_pings_while_lines_are_sent() {
    let many: Vec<(String, String)> = (0..600).map(|at| (format!("r{at}"), "1".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, power)| (&**name, &**power)).collect();
    let app = robots(&many).await;
    let url = format!("ws://{}/robot/migrate/test", app.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("it connects");
    socket.feed(Message::text(r#"{"query": {}}"#)).await.expect("it is sent");
    socket.send(Message::Ping("there".into())).await.expect("it is sent");
    let mut answered = false;
    while let Some(Ok(message)) = socket.next().await {
        answered |= matches!(message, Message::Pong(_));
    }
    assert!(answered);
}

#[tokio::test]
async fn filters_in_the_address_of_a_socket_are_refused() {
    let app = robots(&MIXED).await;
    let url = format!("ws://{}/robot/migrate/execute?qb=QB%5B%27name%27%5D.eq(%27e%27)", app.address());
    match tokio_tungstenite::connect_async(url).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 400),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_robot_that_leaves_the_scope_before_the_commit_is_not_migrated() {
    for (at, way) in ["?revision_id=all", ""].into_iter().enumerate() {
        let folder = robots(&[("ann", "1"), ("ann", "2")]).await.stop().await;
        let (store, reads) = watched(folder.path());
        let app = scoped_on(folder, |builder| builder.store(store)).await;
        let root = app.user("root");
        reads.before_commit.is(async move {
            root.put("/robot/0", json!({"name": "bob", "label": "moved"})).await.ok();
        });
        let told = lines(&app.user("ann").ask("POST", &format!("/robot/migrate/execute{way}")).await);
        assert!(reads.before_commit.is_over());
        assert_eq!(statuses(&told), of(&[("1", "success")]), "round {at}");
        let first = app.user("root").get("/robot/0/revision-info?revision_id=1").await.ok();
        assert_eq!(first["schema_version"], "v1");
    }
}
