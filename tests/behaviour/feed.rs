//! The feed of changes: pages, streams, and readers that come and go.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::common::{TestApp, client, rounds};
use crate::resources;

fn kinds(changes: &Value) -> Vec<&str> {
    changes.as_array().expect("a list").iter().map(|c| c["kind"].as_str().expect("a kind")).collect()
}

#[tokio::test]
async fn every_kind_of_change_is_in_the_feed_in_the_order_of_the_commits() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann").at("2024-05-01T00:00:01Z");
    ann.put("/note/n", json!({"title": "a"})).if_none_match("*").await.ok();
    ann.put("/note/n", json!({"title": "b"})).await.ok();
    ann.put("/note/n?mode=modify&change_status=draft", Value::Null).body("", "").await.ok();
    ann.ask("POST", "/note/n/switch/1").await.ok();
    ann.delete("/note/n").await.ok();
    ann.ask("POST", "/note/n/restore").await.ok();
    ann.put("/note/other", json!({"title": "c"})).if_none_match("*").await.ok();
    ann.delete("/note/n/permanently").await.ok();
    let all = ann.get("/note/changes").await;
    let expected = ["created", "updated", "modified", "switched", "deleted", "restored", "created", "purged"];
    assert_eq!(kinds(&all.ok()), expected);
    assert_eq!(all.header("x-has-more").as_deref(), Some("false"));
    let second = &all.ok()[1];
    assert_eq!(
        second,
        &json!({"position": second["position"], "kind": "updated", "resource": "note", "resource_id": "n",
                "revision_id": "n:2", "version": 2, "time": "2024-05-01T00:00:01Z", "by": "ann"})
    );
    assert_eq!(ann.get("/_changes").await.ok(), all.ok());
    assert_eq!(kinds(&ann.get("/note/other/changes").await.ok()), ["created"]);
    ann.get("/note/n/changes").await.is(404);
    assert_eq!(ann.get("/account/changes").await.ok(), json!([]));
}

#[tokio::test]
async fn pages_of_the_feed_follow_one_another() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for at in 0..7 {
        ann.post("/note", json!({"title": at.to_string()})).await.ok();
        ann.post("/plan", json!({"goal": "g"})).await.ok();
    }
    let (mut since, mut seen, mut pages) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let page = ann.get(&format!("/note/changes?limit=3&since={since}")).await;
        let positions =
            page.ok().as_array().expect("a list").iter().map(|c| c["position"].as_i64()).collect::<Vec<_>>();
        seen.extend(positions);
        since = page.header("x-next-since").expect("where to go on");
        pages += 1;
        if page.header("x-has-more").as_deref() == Some("false") {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (7, 3));
    assert!(seen.is_sorted());
    // The end of a quiet type moves on with the others.
    assert_eq!(ann.get(&format!("/note/changes?since={since}")).await.ok(), json!([]));
    ann.get("/note/changes?since=x").await.is(422);
    ann.get("/note/changes?since=-1").await.is(422);
    ann.get("/note/changes").header("last-event-id", "x").await.is(422);
    ann.get("/note/changes?since=-1").header("last-event-id", "0").await.is(422);
}

/// Reads a stream until `enough` says so, and gives the positions of its changes in the order they came, and the
/// last id.
async fn read_stream(
    app: &TestApp,
    path: &str,
    last: Option<i64>,
    mut enough: impl FnMut(&[i64]) -> bool,
) -> (Vec<i64>, Option<i64>) {
    let mut request = client().get(format!("http://{}{path}", app.address()));
    request = request.header("accept", "text/event-stream").header("x-user", "ann");
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let mut response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut text, mut changes, mut id) = (String::new(), Vec::new(), last);
    while !enough(&changes) {
        let Some(bytes) = response.chunk().await.expect("bytes") else { break };
        text.push_str(std::str::from_utf8(&bytes).expect("text"));
        while let Some((event, rest)) = text.split_once("\n\n") {
            if let Some(found) = event.lines().find_map(|line| line.strip_prefix("id: ")) {
                id = Some(found.parse().expect("a position"));
            }
            if event.lines().any(|line| line == "event: change") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
                let change: Value = serde_json::from_str(data).expect("JSON");
                assert_eq!(change["position"].as_i64(), id);
                changes.extend(change["position"].as_i64());
            }
            text = rest.to_owned();
        }
    }
    (changes, id)
}

#[tokio::test]
async fn a_stream_shows_what_was_and_then_what_happens() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.post("/note", json!({"title": "a"})).await.ok();
    let writer = ann.clone();
    let write = async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        writer.post("/note", json!({"title": "b"})).await.ok();
        writer.post("/plan", json!({"goal": "b"})).await.ok();
        writer.post("/note", json!({"title": "c"})).await.ok();
    };
    let (read, ()) = tokio::join!(read_stream(&app, "/note/changes", None, |seen| seen.len() == 3), write);
    let all = ann.get("/note/changes").await.ok();
    let positions: Vec<i64> =
        all.as_array().expect("a list").iter().filter_map(|c| c["position"].as_i64()).collect();
    assert_eq!(read.0, positions);
    let (rest, _) = read_stream(&app, "/note/changes", Some(positions[0]), |seen| seen.len() == 2).await;
    assert_eq!(rest, positions[1..]);
}

#[tokio::test]
async fn a_stream_ends_when_the_application_does() {
    let app = TestApp::new(resources()).await;
    app.user("ann").post("/note", json!({"title": "a"})).await.ok();
    let (closer, seen) = (app.app().clone(), Notify::new());
    let close = async {
        seen.notified().await;
        closer.close().await.expect("it closes");
    };
    let never = |changes: &[i64]| {
        if changes.len() == 1 {
            seen.notify_one();
        }
        false
    };
    let (read, ()) = tokio::join!(read_stream(&app, "/_changes", None, never), close);
    assert_eq!(read.0.len(), 1);
}

/// Writers write and readers come and go: each reader sees every acknowledged change once, in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_disconnect_at_random_see_every_change_once_in_commit_order() {
    let app = TestApp::new(resources()).await;
    let seconds = rounds("SPECSTAR_FEED_SECONDS", 4) as u64;
    let end = Instant::now() + Duration::from_secs(seconds);
    let writers = (0..4).map(|writer| {
        let user = app.user("ann");
        tokio::spawn(async move {
            let mut acknowledged = 0_u64;
            let path = user.created("note", json!({"title": format!("w{writer}")})).await;
            acknowledged += 1;
            while Instant::now() < end {
                match fastrand::u8(0..10) {
                    0..5 => {
                        user.post("/note", json!({"title": "x", "rank": acknowledged})).await.ok();
                        acknowledged += 1;
                    }
                    5..8 => {
                        user.patch(&path, json!({"rank": acknowledged})).await.ok();
                        acknowledged += 1;
                    }
                    8 => {
                        user.delete(&path).await.ok();
                        user.ask("POST", &format!("{path}/restore")).await.ok();
                        acknowledged += 2;
                    }
                    _ => {
                        user.post("/plan", json!({"goal": "other"})).await.ok();
                    }
                }
            }
            acknowledged
        })
    });
    let writers: Vec<_> = writers.collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    let reader = |index: u64| {
        let (app, done) = (&app, &done);
        async move {
            let (mut seen, mut last, mut connections) = (Vec::new(), None, 0_u32);
            loop {
                let until = Instant::now() + Duration::from_millis(fastrand::u64(20..400) + index);
                let read = read_stream(app, "/note/changes", last, |_| Instant::now() >= until);
                let finished = done.load(std::sync::atomic::Ordering::Acquire);
                // A quiet stream sends nothing, so the wait for the next event is cut off as well.
                let all = app.user("ann").get("/note/changes?limit=1000");
                match tokio::time::timeout(Duration::from_millis(800), read).await {
                    Ok((changes, id)) => {
                        seen.extend(changes);
                        last = id;
                    }
                    Err(_) if finished => {
                        // What was lost with the cut stream is read again from where the last whole one ended.
                        drop(all);
                        let mut since = last.unwrap_or(0);
                        loop {
                            let page =
                                app.user("ann").get(&format!("/note/changes?limit=1000&since={since}")).await;
                            seen.extend(
                                page.ok()
                                    .as_array()
                                    .expect("a list")
                                    .iter()
                                    .filter_map(|c| c["position"].as_i64()),
                            );
                            since = page.header("x-next-since").expect("next").parse().expect("a number");
                            if page.header("x-has-more").as_deref() == Some("false") {
                                return (seen, connections);
                            }
                        }
                    }
                    Err(_) => {}
                }
                connections += 1;
            }
        }
    };
    let write = async {
        let mut acknowledged = 0;
        for writer in writers {
            acknowledged += writer.await.expect("a writer ends");
        }
        done.store(true, std::sync::atomic::Ordering::Release);
        acknowledged
    };
    let (acknowledged, a, b, c) = tokio::join!(write, reader(0), reader(1), reader(2));
    for (seen, connections) in [&a, &b, &c] {
        assert_eq!(seen.len() as u64, acknowledged, "each change once");
        assert!(seen.is_sorted(), "in the order of the commits");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
        assert!(*connections > 2, "it came back {connections} times");
    }
    println!("{acknowledged} changes, {} + {} + {} connections", a.1, b.1, c.1);
    assert_eq!(a.0, b.0);
    assert_eq!(b.0, c.0);
}
