//! Subscribers: told of every change and message, in order, at least once, whatever happens in between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use specstar::error::{Error, Result};
use specstar::event::{Event, What, subscriber_fn};
use specstar::hook::{HookContext, Hooks};
use tokio::sync::Notify;

use crate::common::{TestApp, eventually};
use crate::models::Note;
use crate::resources;

type Seen = Arc<Mutex<Vec<Event>>>;

fn lines(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().expect("not poisoned");
    let line = |event: &Event| match &event.what {
        What::Change { model, kind, resource_id, .. } => format!("{model} {resource_id} {}", kind.as_str()),
        What::Message { name, body } => format!("{name} {}", String::from_utf8_lossy(body)),
        _ => "unknown".to_owned(),
    };
    seen.iter().map(line).collect()
}

/// Fails `failures` times before it takes an entry.
fn recorder(seen: &Seen, failures: usize) -> impl specstar::event::Subscriber {
    let (seen, left) = (Arc::clone(seen), Arc::new(AtomicUsize::new(failures)));
    subscriber_fn(move |event| {
        let failed =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if !failed {
            seen.lock().expect("not poisoned").push(event.clone());
        }
        async move { if failed { Err(Error::Conflict("not now".into())) } else { Ok(()) } }
    })
}

struct Announce;

impl Hooks<Note> for Announce {
    async fn before_create(&self, context: &mut HookContext<'_>, new: &mut Note) -> Result<()> {
        context.emit("announced", &json!({"title": new.title}))
    }
}

#[tokio::test]
async fn a_subscriber_is_told_everything_in_order_across_restarts_and_failures() {
    let seen = Seen::default();
    let app = TestApp::with(resources(), |builder| builder.subscribe("book", recorder(&seen, 2))).await;
    let ann = app.user("ann");
    for at in 0..3 {
        ann.put(&format!("/note/{at}"), json!({"title": "a"})).if_none_match("*").await.ok();
    }
    eventually("three are told", || async { lines(&seen).len() == 3 }).await;
    assert_eq!(lines(&seen), ["note 0 created", "note 1 created", "note 2 created"]);
    let folder = app.stop().await;
    // While nobody listens, the log does.
    let app = TestApp::on(Arc::clone(&folder), resources(), |builder| builder).await;
    app.user("bob").delete("/note/1").await.ok();
    app.stop().await;
    let app = TestApp::on(folder, resources(), |builder| builder.subscribe("book", recorder(&seen, 0))).await;
    app.user("bob").delete("/note/2").await.ok();
    eventually("the others are told", || async { lines(&seen).len() == 5 }).await;
    assert_eq!(lines(&seen)[3..], ["note 1 deleted", "note 2 deleted"]);
    let positions: Vec<i64> = seen.lock().expect("not poisoned").iter().map(|event| event.position).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
}

#[tokio::test]
async fn a_new_subscriber_begins_with_what_happens_next() {
    let app = TestApp::new(resources()).await;
    app.user("ann").put("/note/old", json!({"title": "a"})).if_none_match("*").await.ok();
    let folder = app.stop().await;
    let seen = Seen::default();
    let app = TestApp::on(folder, resources(), |builder| builder.subscribe("late", recorder(&seen, 0))).await;
    app.user("ann").delete("/note/old").await.ok();
    eventually("it is told", || async { !lines(&seen).is_empty() }).await;
    assert_eq!(lines(&seen), ["note old deleted"]);
}

#[tokio::test]
async fn messages_of_hooks_commit_with_their_change_or_not_at_all() {
    let seen = Seen::default();
    let app =
        TestApp::with(resources(), |builder| builder.subscribe("book", recorder(&seen, 0)).hooks(Announce))
            .await;
    let ann = app.user("ann");
    ann.put("/note/a", json!({"title": "x"})).if_none_match("*").await.ok();
    ann.put("/note/a", json!({"title": "y"})).if_none_match("*").await.is(412);
    ann.put("/note/b", json!({"title": "z"})).if_none_match("*").await.ok();
    eventually("both are told", || async { lines(&seen).len() == 4 }).await;
    let expected =
        ["note a created", "announced {\"title\":\"x\"}", "note b created", "announced {\"title\":\"z\"}"];
    assert_eq!(lines(&seen), expected);
    // The feed of clients does not show them.
    assert_eq!(ann.get("/_changes").await.ok().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_subscriber_that_panics_before_it_waits_is_given_the_entry_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let moody = subscriber_fn(move |_| {
        assert!(counted.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
        async { Ok(()) }
    });
    let app = TestApp::with(resources(), |builder| builder.subscribe("moody", moody)).await;
    app.user("ann").created("note", json!({"title": "a"})).await;
    eventually("it is given again", || async { calls.load(Ordering::Relaxed) == 2 }).await;
}

#[tokio::test]
async fn a_subscriber_that_hangs_stops_no_application_and_is_given_the_entry_again() {
    let stuck = subscriber_fn(|_| std::future::pending());
    let app = TestApp::with(resources(), |builder| builder.subscribe("book", stuck)).await;
    app.user("ann").put("/note/a", json!({"title": "a"})).if_none_match("*").await.ok();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let folder = tokio::time::timeout(Duration::from_secs(15), app.stop()).await.expect("it closes");
    let seen = Seen::default();
    let _app =
        TestApp::on(folder, resources(), |builder| builder.subscribe("book", recorder(&seen, 0))).await;
    eventually("it is told", || async { !lines(&seen).is_empty() }).await;
    assert_eq!(lines(&seen), ["note a created"]);
}

#[tokio::test]
async fn a_subscriber_may_finish_its_entry_when_the_application_ends() {
    let seen = Seen::default();
    let (book, begun) = (Arc::clone(&seen), Arc::new(Notify::new()));
    let begins = Arc::clone(&begun);
    let slow = subscriber_fn(move |event| {
        let (book, begins, event) = (Arc::clone(&book), Arc::clone(&begins), event.clone());
        async move {
            begins.notify_one();
            tokio::time::sleep(Duration::from_millis(800)).await;
            book.lock().expect("not poisoned").push(event);
            Ok(())
        }
    });
    let app = TestApp::with(resources(), |builder| builder.subscribe("book", slow)).await;
    app.user("ann").put("/note/a", json!({"title": "a"})).if_none_match("*").await.ok();
    begun.notified().await;
    let folder = app.stop().await;
    assert_eq!(lines(&seen), ["note a created"]);
    let app = TestApp::on(folder, resources(), |builder| builder.subscribe("book", recorder(&seen, 0))).await;
    app.user("ann").put("/note/b", json!({"title": "b"})).if_none_match("*").await.ok();
    eventually("the next is told", || async { lines(&seen).len() == 2 }).await;
    assert_eq!(lines(&seen)[1], "note b created", "the first was noted");
}
