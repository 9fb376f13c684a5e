//! Streams of changes: they rest when nothing happens, outlive a busy database, and end with the rights of their
//! reader.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use specstar::access::{Action, Decision, Principal, Scope, access_fn, allow, owner, principal_fn};
use specstar::api_key::{ApiKeys, NewKey};
use specstar::clock::clock_fn;
use specstar::datetime::Timestamp;
use specstar::event::subscriber_fn;
use tempfile::TempDir;

use crate::common::database::is_postgres;
use crate::common::{TestApp, client, eventually};
use crate::models::Note;
use crate::resources;
use crate::watched::watched;

/// An open stream, and what came so far.
pub(crate) struct Stream {
    response: reqwest::Response,
    pub(crate) text: String,
}

impl Stream {
    pub(crate) async fn open(app: &TestApp, path: &str) -> Self {
        Self::of(client().get(format!("http://{}{path}", app.address())).header("x-user", "ann")).await
    }

    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.header("accept", "text/event-stream").send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// Reads until this came, or the end.
    pub(crate) async fn until(&mut self, what: &str) -> bool {
        self.until_all(what, |text| text.contains(what)).await
    }

    /// Reads until so many changes came, or the end.
    async fn until_changes(&mut self, count: usize) -> bool {
        self.until_all("change", |text| text.matches("event: change").count() >= count).await
    }

    async fn until_all(&mut self, what: &str, is_there: impl Fn(&str) -> bool) -> bool {
        let limit = tokio::time::Instant::now() + Duration::from_mins(1);
        while !is_there(&self.text) || !self.text.ends_with("\n\n") {
            let chunk = tokio::time::timeout_at(limit, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {what:?} in {:?}", self.text));
            let Some(bytes) = chunk.expect("bytes") else { return false };
            self.text.push_str(std::str::from_utf8(&bytes).expect("text"));
        }
        true
    }

    /// Reads to the end, which must come, and gives everything.
    pub(crate) async fn rest(mut self) -> String {
        assert!(!self.until("there is no such text").await);
        self.text
    }
}

#[tokio::test]
async fn streams_and_subscribers_rest_after_an_older_file_took_the_place_of_the_database() {
    if is_postgres() {
        return;
    }
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| {
        builder.store(store).subscribe("idle", subscriber_fn(|_| async { Ok(()) }))
    })
    .await;
    let ann = app.user("ann");
    ann.created("note", json!({"title": "a"})).await;
    let copy = app.file().with_extension("copy");
    let connection = rusqlite::Connection::open(app.file()).expect("it opens");
    connection.execute("VACUUM INTO ?1", [copy.to_str().expect("a path")]).expect("copied");
    drop(connection);
    for _ in 0..5 {
        ann.created("note", json!({"title": "b"})).await;
    }
    std::fs::rename(&copy, app.file()).expect("it moves");
    eventually("the older file is read", || async { ann.get("/note/count").await.text() == "1" }).await;
    let mut stream = Stream::open(&app, "/note/changes").await;
    assert!(stream.until("created").await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = reads.count.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let read = reads.count.load(Ordering::Relaxed) - before;
    assert!(read < 5, "{read} reads of a log in which nothing happens");
    // What is written from now on wakes them all the same.
    ann.put("/note/new", json!({"title": "c"})).if_none_match("*").await.ok();
    assert!(stream.until("\"new\"").await);
}

#[tokio::test]
async fn a_place_beyond_the_end_of_the_log_is_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.created("note", json!({"title": "a"})).await;
    let path = ann.created("note", json!({"title": "b"})).await;
    let end = ann.get("/note/changes").await.ok()[1]["position"].as_i64().expect("a number");
    let told = format!("this log ends at {end}");
    let beyond = end + 1;
    for path in ["/note/changes", "/plan/changes", "/_changes", &format!("{path}/changes")] {
        ann.get(&format!("{path}?since={end}")).await.ok();
        for accept in ["application/json", "text/event-stream"] {
            let refused = ann.get(&format!("{path}?since={beyond}")).header("accept", accept).await;
            refused.refused(422, &told);
            assert!(refused.text().contains("since"), "{refused}");
            let last = (end + 5).to_string();
            let refused = ann.get(path).header("last-event-id", &last).header("accept", accept).await;
            assert!(refused.refused(422, &told).text().contains("Last-Event-ID"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_stream_outlives_a_database_that_is_away_for_a_while() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| builder.store(store)).await;
    let ann = app.user("ann");
    ann.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
    let mut stream = Stream::open(&app, "/note/changes").await;
    assert!(stream.until("\"one\"").await);
    reads.failures.store(3, Ordering::Relaxed);
    ann.put("/note/two", json!({"title": "b"})).if_none_match("*").await.ok();
    assert!(stream.until("\"two\"").await);
    // A read that had begun before may have told of it; then the failures are still to come.
    let mut more = 0;
    while reads.failures.load(Ordering::Relaxed) > 0 {
        more += 1;
        ann.put(&format!("/note/more{more}"), json!({"title": "c"})).if_none_match("*").await.ok();
        assert!(stream.until(&format!("\"more{more}\"")).await);
    }
    assert!(!stream.text.contains("event: error"), "{}", stream.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_streams_than_reads_can_wait_all_see_every_change_and_lists_go_on() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    // One that lets a stream last as long as it may: it takes a while until all of them are open.
    let client = reqwest::Client::builder().build().expect("a client");
    let mut streams = Vec::new();
    for _ in 0..1_400 / 50 {
        let request = || client.get(format!("http://{}/note/changes", app.address()));
        streams.extend(join_all((0..50).map(|_| Stream::of(request()))).await);
    }
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                stream.until_changes(3).await;
                stream.text
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        ann.created("note", json!({"title": "a"})).await;
        for _ in 0..5 {
            let begin = Instant::now();
            ann.get("/note").await.ok();
            slowest = slowest.max(begin.elapsed());
        }
    }
    for reader in readers {
        let text = reader.await.expect("a reader ends");
        assert_eq!(text.matches("event: change").count(), 3, "{text}");
    }
    println!("slowest list: {slowest:?}");
    assert!(slowest < Duration::from_secs(20), "a list took {slowest:?}");
}

#[tokio::test]
async fn a_revoked_key_ends_its_streams_before_they_show_another_change() {
    let keys = ApiKeys::new();
    let own = keys.clone();
    let app = TestApp::with(resources(), |builder| builder.api_keys(own.clone()).principal(own)).await;
    let issued = keys.issue(NewKey::new("reader", "ann")).await.expect("a key");
    let request = client().get(format!("http://{}/note/changes", app.address()));
    let mut stream = Stream::of(request.header("x-api-key", issued.secret())).await;
    let notes = app.app().repository::<Note>();
    let note = |title: &str| serde_json::from_value::<Note>(json!({ "title": title })).expect("a note");
    notes.create(&note("a")).await.expect("created");
    assert!(stream.until("event: change").await);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    notes.create(&note("b")).await.expect("created");
    assert!(stream.until_changes(2).await, "{}", stream.text);
    keys.revoke(issued.resource_id()).await.expect("revoked");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    notes.create(&note("c")).await.expect("created");
    let text = stream.rest().await;
    assert_eq!(text.matches("event: change").count(), 2, "{text}");
    assert!(text.contains("event: error") && text.contains("invalid token"), "{text}");
}

#[tokio::test]
async fn a_stream_ends_when_its_credentials_stand_for_somebody_else() {
    let name = Arc::new(Mutex::new("ann"));
    let shared = Arc::clone(&name);
    let principal = principal_fn(move |_| Ok(Principal::user(*shared.lock().expect("not poisoned"))));
    let app = TestApp::with(resources(), |builder| builder.principal(principal)).await;
    let mut stream = Stream::open(&app, "/note/changes").await;
    app.user("").created("note", json!({"title": "a"})).await;
    assert!(stream.until("event: change").await);
    *name.lock().expect("not poisoned") = "bob";
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    app.user("").created("note", json!({"title": "b"})).await;
    let text = stream.rest().await;
    assert_eq!(text.matches("event: change").count(), 1, "{text}");
    assert!(text.contains("event: error"), "{text}");
}

#[tokio::test]
async fn a_stream_goes_on_with_the_roles_its_reader_has_now() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let reader = Arc::new(Mutex::new(true));
    let role = Arc::clone(&reader);
    let principal = principal_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let roles = if *role.lock().expect("not poisoned") { vec!["reader"] } else { Vec::new() };
        Ok(Principal::user("ann").with_roles(roles))
    });
    let app = TestApp::with(resources(), |builder| {
        builder
            .principal(principal)
            .access(allow(Action::SEARCH_RESOURCES).to_roles(["reader"]))
            .access(allow(Action::CREATE))
    })
    .await;
    let begin = Instant::now();
    let mut stream = Stream::open(&app, "/note/changes").await;
    let ann = app.user("");
    for at in 1..=20 {
        ann.created("note", json!({"title": "a"})).await;
        assert!(stream.until_changes(at).await);
    }
    let asked = asked.load(Ordering::Relaxed) as u64;
    // A stream asks once a second, and one of them may just have begun.
    let most = 21 + begin.elapsed().as_secs() + 2;
    assert!(asked <= most, "asked {asked} times for 21 requests and a stream of {:?}", begin.elapsed());
    *reader.lock().expect("not poisoned") = false;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    ann.created("note", json!({"title": "b"})).await;
    let text = stream.rest().await;
    assert_eq!(text.matches("event: change").count(), 20, "{text}");
    assert!(text.contains("Permission denied"), "{text}");
}

#[tokio::test]
async fn a_stream_ends_with_the_hour_its_reader_may_read_until() {
    let hour = Arc::new(AtomicI64::new(1));
    let (told, end) = (Arc::clone(&hour), Timestamp(10));
    let app = TestApp::with(resources(), |builder| {
        builder.clock(clock_fn(move |_| Ok(Timestamp(told.load(Ordering::SeqCst))))).access(access_fn(
            move |request| {
                let may = request.now < end || request.principal.name() == "root";
                if may { Decision::Allow } else { Decision::Deny }
            },
        ))
    })
    .await;
    let mut stream = Stream::open(&app, "/note/changes").await;
    let root = app.user("root");
    root.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
    assert!(stream.until("\"one\"").await);
    hour.store(20, Ordering::SeqCst);
    root.put("/note/two", json!({"title": "b"})).if_none_match("*").await.ok();
    let text = stream.rest().await;
    assert_eq!(text.matches("event: change").count(), 1, "{text}");
    assert!(text.contains("Permission denied"), "{text}");
}

#[tokio::test]
async fn the_stream_of_a_resource_ends_with_its_purge() {
    let open = TestApp::new(resources()).await;
    let owned = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::CREATE)).access(owner(Action::OWNER))
    })
    .await;
    let scoped = TestApp::with(resources(), |builder| {
        builder.scope(|_: &Principal| Scope::from(Note::COLUMNS.title.eq("a")))
    })
    .await;
    for app in [open, owned, scoped] {
        let ann = app.user("ann");
        let path = ann.created("note", json!({"title": "a"})).await;
        let mut stream = Stream::open(&app, &format!("{path}/changes")).await;
        assert!(stream.until("created").await);
        ann.delete(&format!("{path}/permanently")).await.ok();
        let text = stream.rest().await;
        assert!(text.contains("\"kind\":\"purged\"") && !text.contains("event: error"), "{text}");
        assert_eq!(text.matches("event: change").count(), 2, "{text}");
    }
}

#[tokio::test]
async fn a_stream_of_a_resource_that_left_its_scope_ends_without_a_word_of_what_follows() {
    let app = TestApp::with(resources(), |builder| {
        builder.scope(|principal: &Principal| match principal.name() {
            "ann" => Note::COLUMNS.title.eq("a").into(),
            _ => Scope::All,
        })
    })
    .await;
    let root = app.user("root");
    let path = root.created("note", json!({"title": "a"})).await;
    let mut stream = Stream::open(&app, &format!("{path}/changes")).await;
    assert!(stream.until("created").await);
    root.patch(&path, json!({"title": "b"})).await.ok();
    let text = stream.rest().await;
    assert!(text.contains("event: error") && text.contains("not found"), "{text}");
    assert_eq!(text.matches("event: change").count(), 1, "{text}");
}

#[tokio::test]
async fn a_purge_between_a_look_at_a_resource_and_the_read_of_its_log_is_told() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| builder.store(store)).await;
    let ann = app.user("ann");
    for again in [false, true] {
        ann.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
        let purge = || {
            let ann = ann.clone();
            let meanwhile = async move {
                ann.delete("/note/one/permanently").await.ok();
                if again {
                    ann.put("/note/one", json!({"title": "b"})).if_none_match("*").await.ok();
                }
            };
            reads.meanwhile.is(meanwhile);
        };
        let mut stream = Stream::open(&app, "/note/one/changes").await;
        assert!(stream.until("created").await);
        purge();
        ann.created("note", json!({"title": "it is read now"})).await;
        let text = stream.rest().await;
        assert!(text.contains("\"kind\":\"purged\"") && !text.contains("event: error"), "{text}");
        assert_eq!(text.matches("event: change").count(), 2, "{text}");

        // A page says that there is no such resource, and not that nothing happens to it any more.
        if !again {
            ann.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
        }
        let changes = ann.get("/note/one/changes").await.ok();
        let last = changes.as_array().and_then(|changes| changes.last()).expect("a change")["position"].clone();
        purge();
        ann.get(&format!("/note/one/changes?since={last}")).await.refused(404, "not found");
        ann.delete("/note/one/permanently").await;
    }
}

#[tokio::test]
async fn the_stream_of_a_resource_does_not_go_on_with_another_one_of_its_id() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| builder.store(store)).await;
    let ann = app.user("ann");
    ann.put("/note/one", json!({"title": "a"})).if_none_match("*").await.ok();
    let mut stream = Stream::open(&app, "/note/one/changes").await;
    assert!(stream.until("created").await);
    // The pauses of a reader whose database is away leave the time.
    reads.failures.store(3, Ordering::Relaxed);
    ann.created("note", json!({"title": "it is read now"})).await;
    eventually("a read fails", || async { reads.failures.load(Ordering::Relaxed) < 3 }).await;
    ann.delete("/note/one/permanently").await.ok();
    ann.put("/note/one", json!({"title": "b"})).if_none_match("*").await.ok();
    let text = stream.rest().await;
    assert!(text.contains("\"kind\":\"purged\"") && !text.contains("event: error"), "{text}");
    assert_eq!(text.matches("event: change").count(), 2, "{text}");
}
