//! Requests that read or plan in several steps, with a commit of somebody else in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use specstar::access::{Action, Principal, Scope, allow, owner};
use specstar::blob::BlobStorage;
use specstar::hook::{HookContext, Hooks};
use specstar::job::Enqueue;
use specstar::prelude::*;
use specstar::registry::Registry;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::common::talk::User;
use crate::common::{TestApp, eventually};
use crate::streams::Stream;
use crate::watched::{LogReads, watched};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Card {
    #[indexed]
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    picture: Option<Blob>,
}

/// Begins as a draft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(default_status = "draft")]
struct Sketch {
    title: String,
    #[serde(default)]
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job]
struct Print {
    of: String,
}

fn all() -> Registry {
    resources![Card, Sketch, Print]
}

/// Ann sees the cards whose title is "a", and everybody sees every print.
async fn scoped() -> (TestApp, Arc<LogReads>, User, User) {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let blobs = BlobStorage::folder(folder.path().join("blobs"));
    let app = TestApp::on(folder, all(), |builder| {
        builder.store(store).blobs(blobs).scope(|principal: &Principal| match principal.name() {
            "ann" => Card::COLUMNS.title.eq("a").into(),
            _ => Scope::All,
        })
    })
    .await;
    let (ann, root) = (app.user("ann"), app.user("root"));
    root.put("/card/one", json!({"title": "a", "text": "first"})).if_none_match("*").await.ok();
    (app, reads, ann, root)
}

#[tokio::test]
async fn a_revision_that_takes_a_resource_out_of_a_scope_is_not_read_by_its_number() {
    let (_app, reads, ann, root) = scoped().await;
    for (at, path) in ["?revision_id=3", "/data?revision_id=5", "/diff?from=1&to=7"].iter().enumerate()
    {
        root.put("/card/one", json!({"title": "a", "text": at.to_string()})).await.ok();
        let root = root.clone();
        reads.meanwhile.is(async move {
            root.put("/card/one", json!({"title": "b", "text": "secret"})).await.ok();
        });
        ann.get(&format!("/card/one{path}")).await.refused(404, "'one' not found");
        assert!(reads.meanwhile.is_over(), "{path}");
    }
}

#[tokio::test]
async fn an_older_revision_is_there_while_it_is_made_the_current_one() {
    let (_app, reads, ann, root) = scoped().await;
    for round in 0..2 {
        root.put("/card/one", json!({"title": "a", "text": round.to_string()})).await.ok();
        let root = root.clone();
        reads.meanwhile.is(async move {
            root.ask("POST", "/card/one/switch/1").await.ok();
        });
        let path = ["/card/one/data?revision_id=1", "/card/one/data?revision_id=one:1"][round];
        assert_eq!(ann.get(path).await.ok()["text"], "first");
        assert!(reads.meanwhile.is_over());
    }
}

#[tokio::test]
async fn a_file_of_a_resource_is_not_read_with_the_change_that_hides_the_resource() {
    let (_app, reads, ann, root) = scoped().await;
    let picture = json!({"data": "c2VjcmV0", "content_type": "text/plain"});
    root.put("/card/two", json!({"title": "x", "picture": picture})).if_none_match("*").await.ok();
    let file_id = root.get("/card/two/data").await.ok()["picture"]["file_id"].clone();
    let file_id = file_id.as_str().expect("an id").to_owned();
    let change = json!({"title": "b", "picture": {"file_id": file_id}});
    let other = root.clone();
    reads.meanwhile.is(async move {
        other.put("/card/one", change).await.ok();
    });
    let path = format!("/card/one/blobs/{file_id}");
    ann.get(&path).await.refused(404, "'one' not found");
    assert!(reads.meanwhile.is_over());
    assert_eq!(root.get(&path).await.is(200).text(), "secret");
}

#[tokio::test]
async fn the_progress_of_a_job_that_is_purged_is_not_found() {
    let (_app, reads, _, root) = scoped().await;
    for way in ["GET", "POST"] {
        let path = root.created("print", json!({"payload": {"of": "one"}})).await;
        let (purge, other) = (format!("{path}/permanently"), root.clone());
        reads.meanwhile.is(async move {
            other.delete(&purge).await.ok();
        });
        let asked = if way == "GET" { format!("{path}/progress") } else { format!("{path}/cancel") };
        root.ask(way, &asked).await.refused(404, "not found");
        assert!(reads.meanwhile.is_over());
    }
}

#[tokio::test]
async fn the_stream_of_a_resource_ends_with_its_purge_where_the_next_one_of_its_id_is_forbidden() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, all(), |builder| {
        builder.store(store).access(allow(Action::CREATE)).access(owner(Action::OWNER))
    })
    .await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    ann.put("/card/one", json!({"title": "a"})).if_none_match("*").await.ok();
    let mut stream = Stream::open(&app, "/card/one/changes").await;
    assert!(stream.until("created").await);
    let (purger, writer) = (ann.clone(), bob.clone());
    reads.meanwhile.is(async move {
        purger.delete("/card/one/permanently").await.ok();
        writer.put("/card/one", json!({"title": "b"})).if_none_match("*").await.ok();
    });
    bob.created("card", json!({"title": "it is read now"})).await;
    let text = stream.rest().await;
    assert!(text.contains("\"kind\":\"purged\"") && !text.contains("event: error"), "{text}");
    assert_eq!(text.matches("event: change").count(), 2, "{text}");
}

#[tokio::test]
async fn an_undo_looks_again_at_a_draft_that_was_changed() {
    let (_app, reads, _, root) = scoped().await;
    root.put("/sketch/one", json!({"title": "a"})).if_none_match("*").await.ok();
    root.put("/sketch/one", json!({"title": "b"})).await.ok();
    let other = root.clone();
    reads.before_commit.is(async move {
        // What the revision says is another thing then, and it is not the current one any more.
        other.put("/sketch/one?mode=modify", json!({"title": "c"})).await.ok();
        other.put("/sketch/one", json!({"title": "c", "text": "new"})).await.ok();
    });
    root.ask("POST", "/sketch/one/undo/2").await.ok();
    assert!(reads.before_commit.is_over());
    let data = root.get("/sketch/one/data").await.ok();
    assert_eq!((&data["title"], &data["text"]), (&json!("a"), &json!("new")));
}

/// Prints each card, once for each title.
struct Printer;

impl Hooks<Card> for Printer {
    async fn before_create(&self, context: &mut HookContext<'_>, new: &mut Card) -> specstar::Result<()> {
        context.enqueue(Enqueue::new(Print { of: new.title.clone() }).once(new.title.clone()))
    }
}

#[tokio::test]
async fn a_create_whose_job_somebody_else_has_just_made_goes_on_with_that_one() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, all(), |builder| builder.store(store).hooks(Printer)).await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    reads.before_commit.is(async move {
        bob.created("card", json!({"title": "a"})).await;
    });
    ann.post("/card", json!({"title": "a"})).await.ok();
    assert!(reads.before_commit.is_over());
    assert_eq!(ann.get("/card/count").await.ok(), 2);
    assert_eq!(ann.get("/print/count").await.ok(), 1);
}

/// Counts the cards that were made.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicU32>);

impl Hooks<Card> for Counter {
    async fn after(&self, _: &HookContext<'_>, _: Option<&Card>, _: Option<&Card>) -> specstar::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn after_hooks_run_for_a_client_who_has_not_heard_of_the_commit() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let counter = Counter::default();
    let app = TestApp::on(folder, all(), |builder| {
        builder.store(store).hooks(counter.clone()).request_timeout(Duration::from_secs(5))
    })
    .await;
    let ann = app.user("ann");
    let told = Arc::new(Notify::new());
    let word = Arc::clone(&told);
    reads.after_commit.is(async move { word.notified().await });
    ann.put("/card/one", json!({"title": "a"})).if_none_match("*").await.is(503);
    assert!(reads.after_commit.is_over(), "the time was up before the commit");
    assert_eq!(counter.0.load(Ordering::SeqCst), 0);
    told.notify_one();
    eventually("the hook runs", || async { counter.0.load(Ordering::SeqCst) == 1 }).await;
    assert_eq!(ann.get("/card/one/data").await.ok()["title"], "a");
}
