//! Hooks: before a change they may change or refuse it, after it they may do what they like.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::json;
use specstar::error::{Error, Result};
use specstar::hook::{Cause, Hook, HookContext, Hooks};
use specstar::prelude::*;
use specstar::registry::Registry;
use tokio::sync::Notify;

use crate::common::{TestApp, eventually};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_page)]
struct Page {
    title: String,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    edits: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Comment {
    #[reference(on_delete = "cascade")]
    page: Ref<Page>,
}

fn check_page(page: &Page) -> std::result::Result<(), specstar::resource::ValidationErrors> {
    if page.title.is_empty() { Err("a title is needed".into()) } else { Ok(()) }
}

fn pages() -> Registry {
    resources![Page, Comment]
}

struct House;

impl Hooks<Page> for House {
    async fn before_create(&self, _: &mut HookContext<'_>, new: &mut Page) -> Result<()> {
        new.title = new.title.trim().to_owned();
        Ok(())
    }

    async fn before_update(&self, _: &mut HookContext<'_>, old: &Page, new: &mut Page) -> Result<()> {
        if old.locked && new.locked {
            return Err(Error::Conflict("the page is locked".into()));
        }
        new.edits = old.edits + 1;
        Ok(())
    }

    async fn before_switch(&self, _: &mut HookContext<'_>, old: &Page, _: &Page) -> Result<()> {
        if old.locked { Err(Error::Conflict("the page is locked".into())) } else { Ok(()) }
    }

    async fn before_delete(&self, _: &mut HookContext<'_>, page: &Page) -> Result<()> {
        if page.locked { Err(Error::Conflict("the page is locked".into())) } else { Ok(()) }
    }

    async fn before_restore(&self, context: &mut HookContext<'_>, _: &Page) -> Result<()> {
        if context.principal.name() == "ann" { Ok(()) } else { Err(Error::Conflict("ask ann".into())) }
    }

    async fn after(&self, _: &HookContext<'_>, _: Option<&Page>, new: Option<&Page>) -> Result<()> {
        match new.map(|page| &*page.title) {
            Some("boom") => panic!("an after-hook with a bug"),
            Some("fail") => Err(Error::Conflict("an after-hook that fails".into())),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn before_hooks_change_what_is_stored() {
    let app = TestApp::with(pages(), |builder| builder.hooks(House)).await;
    let ann = app.user("ann");
    let page = ann.created("page", json!({"title": "  a  "})).await;
    ann.put(&page, json!({"title": "b"})).await.ok();
    ann.patch(&page, json!({"title": "c", "edits": 70})).await.ok();
    let data = ann.get(&page).await.ok()["data"].clone();
    assert_eq!(data, json!({"title": "c", "locked": false, "edits": 2}));
    // The validator has the last word.
    ann.post("/page", json!({"title": "   "})).await.refused(422, "a title is needed");
}

#[tokio::test]
async fn before_hooks_refuse_every_kind_of_change_and_nothing_is_written() {
    let app = TestApp::with(pages(), |builder| builder.hooks(House)).await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let page = ann.created("page", json!({"title": "a"})).await;
    ann.put(&page, json!({"title": "a", "locked": true})).await.ok();
    let id = page.trim_start_matches("/page/");
    ann.created("comment", json!({"page": id})).await;
    let gone = ann.created("page", json!({"title": "gone"})).await;
    ann.delete(&gone).await.ok();
    let before = app.picture(&["page", "comment"]).await;
    for answer in [
        ann.put(&page, json!({"title": "b", "locked": true})).await,
        ann.patch(&page, json!({"title": "b"})).await,
        ann.ask("POST", &format!("{page}/switch/1")).await,
        ann.delete(&page).await,
        ann.delete(&format!("{page}/permanently")).await,
        ann.delete("/page").await,
    ] {
        answer.refused(409, "the page is locked");
    }
    bob.ask("POST", &format!("{gone}/restore")).await.refused(409, "ask ann");
    bob.ask("POST", "/page/restore").await.refused(409, "ask ann");
    assert_eq!(app.picture(&["page", "comment"]).await, before);
    ann.ask("POST", &format!("{gone}/restore")).await.ok();
}

#[tokio::test]
async fn a_failing_after_hook_neither_undoes_nor_hides_the_write() {
    let app = TestApp::with(pages(), |builder| builder.hooks(House)).await;
    let ann = app.user("ann");
    for title in ["boom", "fail"] {
        let page = ann.created("page", json!({"title": title})).await;
        ann.patch(&page, json!({"edits": 1})).await.ok();
        assert_eq!(ann.get(&page).await.ok()["meta"]["total_revision_count"], 2);
    }
}

/// Panics before it has anything to wait for.
struct Eager;

impl Hook for Eager {
    fn after<'a>(
        &'a self,
        _: &'a HookContext<'_>,
        _: Option<&'a [u8]>,
        _: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<()>> {
        panic!("an after-hook with a bug")
    }
}

/// Waits until it may go on.
#[derive(Clone, Default)]
struct Slow {
    may_go_on: Arc<Notify>,
    done: Arc<AtomicU32>,
}

impl Hooks<Page> for Slow {
    async fn after(&self, _: &HookContext<'_>, _: Option<&Page>, _: Option<&Page>) -> Result<()> {
        self.may_go_on.notified().await;
        self.done.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_slow_after_hook_goes_on_without_the_answer() {
    let slow = Slow::default();
    let app = TestApp::with(pages(), |builder| {
        builder.hook(Eager).hooks(slow.clone()).after_hook_wait(Duration::from_millis(100))
    })
    .await;
    let ann = app.user("ann");
    ann.created("page", json!({"title": "a"})).await;
    assert_eq!(ann.get("/page/count").await.ok(), 1);
    assert_eq!(slow.done.load(Ordering::SeqCst), 0, "the answer did not wait for the hook");
    slow.may_go_on.notify_one();
    eventually("the hook has run", || async { slow.done.load(Ordering::SeqCst) == 1 }).await;
}

#[tokio::test]
async fn an_answer_waits_for_after_hooks_for_no_more_than_half_the_time_of_a_request() {
    let app = TestApp::with(pages(), |builder| {
        let (wait, limit) = (Duration::from_mins(1), Duration::from_secs(8));
        builder.hooks(Slow::default()).after_hook_wait(wait).request_timeout(limit)
    })
    .await;
    let ann = app.user("ann");
    let asked = Instant::now();
    ann.created("page", json!({"title": "a"})).await;
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < Duration::from_secs(6), "{waited:?}");
    assert_eq!(ann.get("/page/count").await.ok(), 1);
}

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Hook for Diary {
    fn before<'a>(
        &'a self,
        context: &'a mut HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>>> {
        self.note("before", context, old.is_some(), new.is_some());
        Box::pin(std::future::ready(Ok(None)))
    }

    fn after<'a>(
        &'a self,
        context: &'a HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<()>> {
        self.note("after", context, old.is_some(), new.is_some());
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Diary {
    fn note(&self, when: &str, context: &HookContext<'_>, old: bool, new: bool) {
        let cause = if context.cause == Cause::Reference { " by reference" } else { "" };
        let (model, kind) = (context.model.id.name, context.kind.as_str());
        let line = format!("{when} {model} {kind}{cause} old={old} new={new} {}", context.principal.name());
        self.0.lock().expect("not poisoned").push(line);
    }

    fn read(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}

#[tokio::test]
async fn hooks_of_all_resources_see_each_change_once_those_of_a_cascade_too() {
    let diary = Diary::default();
    let app = TestApp::with(pages(), |builder| builder.hook(diary.clone())).await;
    let ann = app.user("ann");
    let page = ann.created("page", json!({"title": "a"})).await;
    let id = page.trim_start_matches("/page/");
    ann.created("comment", json!({"page": id})).await;
    diary.read();
    ann.delete(&page).await.ok();
    let both = |what: &str| [format!("before {what} ann"), format!("after {what} ann")];
    let deleted = both("page deleted old=true new=false");
    let cascaded = both("comment deleted by reference old=true new=false");
    assert_eq!(diary.read(), [&deleted[0], &cascaded[0], &deleted[1], &cascaded[1]].map(Clone::clone));
    ann.get(&format!("{page}?include_deleted=true")).await.ok();
    assert!(diary.read().is_empty(), "reads run no hooks");
    ann.ask("POST", &format!("{page}/restore")).await.ok();
    assert_eq!(diary.read().len(), 4);
    ann.patch(&page, json!({"title": "b"})).await.ok();
    assert_eq!(diary.read(), both("page updated old=true new=true"));
    ann.patch(&page, json!({"title": "b"})).await.ok();
    assert_eq!(diary.read(), ["before page updated old=true new=true ann"], "nothing was written");
}
