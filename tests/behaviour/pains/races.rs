//! One value, one revision, one winner: also when several servers have the database open.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use specstar::error::Result;
use specstar::hook::{HookContext, Hooks};
use tokio::sync::Notify;

use crate::common::talk::Answer;
use crate::common::{TestApp, rounds};
use crate::models::Note;
use crate::resources;

const RIVALS: usize = 8;

/// As many servers on one file, each with its own writer and its own connections, as processes have them.
async fn servers(count: usize) -> Vec<TestApp> {
    let folder = Arc::new(tempfile::TempDir::new().expect("a temporary folder"));
    let mut apps = Vec::new();
    for _ in 0..count {
        apps.push(TestApp::on(Arc::clone(&folder), resources(), |builder| builder).await);
    }
    apps
}

fn winners(answers: &[Answer], losing: u16) -> usize {
    for answer in answers {
        assert!([200, losing].contains(&answer.status()), "{answer}");
    }
    answers.iter().filter(|answer| answer.status() == 200).count()
}

async fn volley(
    apps: &[TestApp],
    ask: impl Fn(crate::common::User, usize) -> crate::common::talk::Ask,
) -> Vec<Answer> {
    let asks = (0..RIVALS).map(|rival| ask(apps[rival % apps.len()].user(&format!("rival {rival}")), rival));
    let asks: Vec<_> = asks.collect();
    join_all(asks.into_iter().map(IntoFuture::into_future)).await
}

async fn race(count: usize) {
    let apps = servers(count).await;
    for round in 0..rounds("SPECSTAR_RACE_ROUNDS", 6) {
        let email = format!("r{round}@example.test");
        let answers = volley(&apps, |user, _| user.post("/account", json!({"email": email}))).await;
        assert_eq!(winners(&answers, 409), 1, "{count} servers, round {round}");
        let query = [("qb", format!("QB['email'].eq('{email}')"))];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for app in &apps {
            let live = app.user("root").get("/account/count").query(&query).await;
            assert_eq!(live.ok(), 1);
        }

        let root = apps[0].user("root");
        let path = root.created("note", json!({"title": "0"})).await;
        let revision = format!("\"{}:1\"", path.trim_start_matches("/note/"));
        let answers = volley(&apps, |user, rival| {
            user.put(&path, json!({"title": format!("rival {rival}")})).if_match(&revision)
        })
        .await;
        assert_eq!(winners(&answers, 412), 1, "{count} servers, round {round}");
        let stored = root.get(&path).await.ok();
        assert_eq!(stored["meta"]["total_revision_count"], 2);
        let winner = answers.iter().position(|answer| answer.status() == 200).expect("one of them");
        assert_eq!(stored["data"]["title"], format!("rival {winner}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_has_one_winner() {
    race(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_have_one_winner() {
    race(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_servers_have_one_winner() {
    race(4).await;
}

/// Lets a change wait between its read and its commit.
struct Waiting {
    read: Arc<Notify>,
    go: Arc<Notify>,
}

impl Hooks<Note> for Waiting {
    async fn before_update(&self, _: &mut HookContext<'_>, _: &Note, _: &mut Note) -> Result<()> {
        self.read.notify_one();
        self.go.notified().await;
        Ok(())
    }
}

/// A row number is given once, so that a late write cannot meet another resource under it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_write_finds_its_resource_gone_and_not_another_one() {
    let (read, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let hooks = Waiting { read: Arc::clone(&read), go: Arc::clone(&go) };
    let one = TestApp::with(resources(), |builder| builder.hooks(hooks)).await;
    let two = TestApp::on(one.folder(), resources(), |builder| builder).await;
    let ann = one.user("ann");
    let path = ann.created("note", json!({"title": "ann's"})).await;
    let late = tokio::spawn({
        let (ann, path) = (ann.clone(), path.clone());
        async move { ann.put(&path, json!({"title": "late"})).await }
    });
    read.notified().await;
    two.user("ann").delete(&format!("{path}/permanently")).await.ok();
    let other = two.user("eve").created("note", json!({"title": "eve's"})).await;
    go.notify_one();
    late.await.expect("it ends").is(404);
    assert_eq!(two.user("eve").get(&other).await.ok()["data"]["title"], "eve's");
    // Not after a restart either.
    two.user("eve").delete(&format!("{other}/permanently")).await.ok();
    two.stop().await;
    let three = TestApp::on(one.folder(), resources(), |builder| builder).await;
    let last = three.app().repository::<Note>();
    let id = three.user("eve").created("note", json!({"title": "new"})).await;
    let head = last.get(id.trim_start_matches("/note/")).await.expect("it is there").head;
    assert_eq!(head.pk, 3);
}

/// No acknowledged write is lost, whoever writes without a precondition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_is_a_revision() {
    let apps = servers(2).await;
    let root = apps[0].user("root");
    let path = root.created("note", json!({"title": "0"})).await;
    let mut acknowledged = 1;
    for round in 0..3 {
        let answers =
            volley(&apps, |user, rival| user.put(&path, json!({"title": format!("{round} {rival}")}))).await;
        for answer in answers {
            answer.is(200);
            acknowledged += 1;
        }
    }
    let revisions = root.get(&format!("{path}/revision-list?limit=1000")).await.ok();
    assert_eq!(revisions["total"], acknowledged);
}
