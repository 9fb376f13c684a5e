//! Requests that name themselves with an `Idempotency-Key`.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::talk::{Answer, Ask};
use crate::common::{TestApp, eventually, rounds};
use crate::resources;

trait Keyed {
    fn key(self, key: &str) -> Self;
}

impl Keyed for Ask {
    fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed").as_deref() == Some("true")
}

/// The second answer is the first, and says that it is.
#[track_caller]
fn same(first: &Answer, second: &Answer) {
    assert!(!replayed(first), "{first}");
    assert!(replayed(second), "{second}");
    assert_eq!((first.status(), first.text()), (second.status(), second.text()));
    for name in ["content-type", "etag", "x-unchanged", "location"] {
        assert_eq!(first.header(name), second.header(name), "{name} of {second}");
    }
}

#[tokio::test]
async fn a_create_that_comes_again_is_answered_and_not_done_again() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let first = ann.post("/note", json!({"title": "a"})).key("one").await;
    first.ok();
    same(&first, &ann.post("/note", json!({"title": "a"})).key("one").await);
    assert_eq!(ann.get("/note/count").await.ok(), 1);
    // Without a key, and with another, it is another request.
    ann.post("/note", json!({"title": "a"})).await.ok();
    assert!(!replayed(&ann.post("/note", json!({"title": "a"})).key("two").await));
    assert_eq!(ann.get("/note/count").await.ok(), 3);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused_and_changes_nothing() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "other"})).await;
    let tag = ann.tag(&note).await;
    ann.post("/note", json!({"title": "a"})).key("one").await.ok();
    ann.put(&note, json!({"title": "b"})).if_match(&tag).key("two").await.ok();
    let before = app.picture(&["note"]).await;
    let others = [
        ann.post("/note", json!({"title": "b"})).key("one"),
        ann.put(&note, json!({"title": "a"})).key("one"),
        ann.patch(&note, json!({"title": "a"})).key("one"),
        ann.ask("POST", "/note/restore").key("one"),
        ann.post("/note?x=1", json!({"title": "a"})).key("one"),
        ann.put(&note, json!({"title": "b"})).key("two"),
        ann.put(&note, json!({"title": "b"})).if_match("\"other\"").key("two"),
    ];
    for (at, other) in others.into_iter().enumerate() {
        let answer = other.await;
        // A parameter that the route does not have is refused before.
        let names = if at == 4 { "x" } else { "Idempotency-Key" };
        answer.refused(422, names);
    }
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn keys_of_different_users_have_nothing_to_do_with_each_other() {
    let app = TestApp::new(resources()).await;
    let first = app.user("ann").post("/note", json!({"title": "a"})).key("one").await;
    let second = app.user("bob").post("/note", json!({"title": "b"})).key("one").await;
    assert_ne!(first.ok()["resource_id"], second.ok()["resource_id"]);
    assert!(!replayed(&second));
}

#[tokio::test]
async fn every_change_of_one_resource_can_come_again() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let asks = |key: &'static str| -> Vec<Ask> {
        vec![
            ann.put(&note, json!({"title": "b"})).key(&format!("put {key}")),
            ann.patch(&note, json!({"rank": 2})).key(&format!("patch {key}")),
            ann.ask("POST", &format!("{note}/undo/3")).key(&format!("undo {key}")),
            ann.ask("POST", &format!("{note}/switch/1")).key(&format!("switch {key}")),
            ann.put("/note/mine", json!({"title": "b"})).if_none_match("*").key(&format!("create {key}")),
        ]
    };
    let mut first = Vec::new();
    for ask in asks("x") {
        let answer = ask.await;
        answer.ok();
        first.push(answer);
    }
    let before = app.picture(&["note"]).await;
    for (first, ask) in first.iter().zip(asks("x")) {
        same(first, &ask.await);
    }
    // The state that they were decided on is long gone, and they are answered all the same.
    assert_eq!(app.picture(&["note"]).await, before);
}

#[tokio::test]
async fn a_restore_that_comes_again_does_not_take_back_a_later_delete() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    for path in [format!("{note}/restore"), "/note/restore".to_owned()] {
        ann.delete(&note).await.ok();
        let first = ann.ask("POST", &path).key(&path).await;
        first.ok();
        ann.delete(&note).await.ok();
        same(&first, &ann.ask("POST", &path).key(&path).await);
        ann.get(&note).await.is(404);
        ann.ask("POST", &path).await.ok();
    }
}

#[tokio::test]
async fn what_changes_nothing_is_answered_again_too() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let stored = ann.get(&note).await.ok()["data"].clone();
    let first = ann.put(&note, stored.clone()).key("same").await;
    assert_eq!(first.is(200).header("x-unchanged").as_deref(), Some("true"));
    ann.put(&note, json!({"title": "b"})).await.ok();
    same(&first, &ann.put(&note, stored).key("same").await);
    assert_eq!(ann.get(&note).await.ok()["data"]["title"], "b");
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let taken = ann.created("account", json!({"email": "a@x.org"})).await;
    ann.post("/account", json!({"email": "a@x.org"})).key("one").await.is(409);
    ann.delete(&format!("{taken}/permanently")).await.ok();
    let answer = ann.post("/account", json!({"email": "a@x.org"})).key("one").await;
    answer.ok();
    assert!(!replayed(&answer));
}

#[tokio::test]
async fn a_key_is_visible_ascii_of_at_most_255_bytes() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let long = "k".repeat(256);
    for key in ["", "ké", long.as_str()] {
        let answer = ann.post("/note", json!({"title": "a"})).key(key).await;
        answer.refused(422, "Idempotency-Key");
    }
    assert_eq!(ann.get("/note/count").await.ok(), 0);
    ann.post("/note", json!({"title": "a"})).key(&long[..255]).await.ok();
    // Reads do not have it.
    ann.get("/note").key(&long).await.ok();
}

#[tokio::test]
async fn an_action_can_come_again() {
    let app = TestApp::new(crate::actions::heroes()).await;
    let ann = app.user("ann");
    let body = json!({"url": "https://example.org/Ada", "level": 1});
    let first = ann.post("/hero/import-url", body.clone()).key("import").await;
    first.ok();
    same(&first, &ann.post("/hero/import-url", body).key("import").await);
    // One that makes nothing.
    let first = ann.ask("POST", "/hero/recruit").key("recruit").await;
    assert_eq!(first.ok(), Value::Null);
    same(&first, &ann.ask("POST", "/hero/recruit").key("recruit").await);
    assert_eq!(ann.get("/hero/count").await.ok(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_equal_requests_at_once_one_is_done_and_all_are_answered_with_it() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "0"})).await;
    for round in 0..rounds("SPECSTAR_RACE_ROUNDS", 20) {
        let create = || ann.post("/note", json!({"title": format!("{round}")})).key(&format!("create {round}"));
        let tag = ann.tag(&note).await;
        let put = || {
            let ask = ann.put(&note, json!({"title": format!("{round}"), "rank": round}));
            ask.if_match(&tag).key(&format!("put {round}"))
        };
        let creates = join_all((0..8).map(|_| create().into_future())).await;
        let puts = join_all((0..8).map(|_| put().into_future())).await;
        for answers in [creates, puts] {
            let first = answers[0].ok();
            assert!(answers.iter().all(|answer| answer.ok() == first));
            assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
        }
        assert_eq!(ann.get("/note/count").await.ok(), round + 2);
    }
}

#[tokio::test]
async fn an_answer_outlives_the_program() {
    let app = TestApp::new(resources()).await;
    let first = app.user("ann").post("/note", json!({"title": "a"})).key("one").await;
    let folder = app.stop().await;
    let app = TestApp::on(folder, resources(), |builder| builder).await;
    same(&first, &app.user("ann").post("/note", json!({"title": "a"})).key("one").await);
}

#[tokio::test]
async fn an_answer_is_forgotten_when_its_time_is_over() {
    let retention = Duration::from_secs(1);
    let app = TestApp::with(resources(), |builder| builder.idempotency_retention(retention)).await;
    let ann = app.user("ann");
    ann.post("/note", json!({"title": "a"})).key("one").await.ok();
    eventually("the key is free again", || async {
        ann.post("/note", json!({"title": "b"})).key("one").await.status() == 200
    })
    .await;
}

#[tokio::test]
async fn the_time_that_a_request_says_does_not_make_its_answer_older() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann").at("2020-01-01T00:00:00Z");
    ann.post("/note", json!({"title": "a"})).key("one").await.ok();
    let stored = crate::common::database::row(app.folder().path(), "SELECT at FROM ss_answer");
    let at: i64 = stored[0].parse().expect("a number");
    // Microseconds: not before 2024.
    assert!(at > 1_704_067_200_000_000, "{at}");
}
