//! A change is done whole or not at all. Faults of the disk at every statement of a commit are injected where the
//! store is tested; here the fault is in the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use specstar::error::{Error, Result};
use specstar::hook::{HookContext, Hooks};
use specstar::prelude::*;

use crate::common::TestApp;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Parent {
    #[serde(default)]
    number: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Child {
    #[reference(on_delete = "cascade")]
    parent: Ref<Parent>,
}

/// Fails at the delete of that number, counted over all children.
#[derive(Clone)]
struct Failing(Arc<AtomicUsize>);

impl Hooks<Child> for Failing {
    async fn before_delete(&self, _: &mut HookContext<'_>, _: &Child) -> Result<()> {
        match self.0.fetch_sub(1, Ordering::Relaxed) {
            1 => Err(Error::internal("a fault")),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_cascade_that_fails_at_any_child_deletes_nothing() {
    let fuse = Failing(Arc::new(AtomicUsize::new(usize::MAX)));
    let app = TestApp::with(resources![Parent, Child], |builder| builder.hooks(fuse.clone())).await;
    let ann = app.user("ann");
    let parent = ann.created("parent", json!({})).await;
    let id = parent.trim_start_matches("/parent/");
    for _ in 0..4 {
        ann.created("child", json!({"parent": id})).await;
    }
    let before = app.picture(&["parent", "child"]).await;
    for child in 1..=4 {
        for ask in [ann.delete(&parent), ann.delete(&format!("{parent}/permanently")), ann.delete("/parent")]
        {
            fuse.0.store(child, Ordering::Relaxed);
            ask.await.is(500);
            assert_eq!(app.picture(&["parent", "child"]).await, before, "child {child}");
        }
    }
    fuse.0.store(usize::MAX, Ordering::Relaxed);
    ann.delete(&parent).await.ok();
    assert_eq!(ann.get("/child/count").await.ok(), 0);
}

/// A refused write leaves neither a revision nor a number behind.
#[tokio::test]
async fn a_refused_update_leaves_nothing_and_the_next_one_has_the_next_number() {
    let app = TestApp::new(crate::resources()).await;
    let ann = app.user("ann");
    ann.created("account", json!({"email": "taken@x"})).await;
    let account = ann.created("account", json!({"email": "own@x"})).await;
    let before = app.picture(&["account"]).await;
    ann.put(&account, json!({"email": "taken@x"})).await.is(409);
    ann.patch(&format!("{account}?mode=modify&change_status=draft"), json!({"email": "taken@x"}))
        .await
        .is(409);
    assert_eq!(app.picture(&["account"]).await, before);
    let next = ann.put(&account, json!({"email": "new@x"})).await.ok();
    assert!(next["revision_id"].as_str().is_some_and(|id| id.ends_with(":2")), "{next}");
}
