//! What a delete or a restore says, and does, about resources that do not exist for the caller.

use serde_json::{Value, json};
use specstar::access::{Principal, Scope};
use specstar::error::Result;
use specstar::hook::{Cause, HookContext, Hooks};
use specstar::prelude::*;
use specstar::registry::Registry;

use crate::common::TestApp;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Paper {
    #[indexed]
    owner: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_copy)]
struct Copy {
    #[serde(default)]
    #[reference(on_delete = "cascade")]
    paper: Option<Ref<Paper>>,
    #[indexed]
    owner: String,
    #[serde(default)]
    #[reference]
    source: Option<Ref<Paper>>,
    #[serde(default)]
    #[reference(on_delete = "set_null")]
    cover: Option<Ref<Paper>>,
    #[serde(default)]
    #[reference(on_delete = "restrict")]
    held: Option<Ref<Paper>>,
    #[unique]
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    needs_cover: bool,
}

fn check_copy(copy: &Copy) -> std::result::Result<(), specstar::resource::ValidationErrors> {
    if copy.needs_cover && copy.cover.is_none() {
        return Err(format!("{} wants a cover", copy.owner).into());
    }
    Ok(())
}

fn papers() -> Registry {
    resources![Paper, Copy]
}

/// Each sees their own, root sees all.
async fn archive() -> TestApp {
    TestApp::with(papers(), |builder| {
        builder
            .scope(|principal: &Principal| match principal.name() {
                "root" => Scope::All,
                name => Paper::COLUMNS.owner.eq(name).into(),
            })
            .scope(|principal: &Principal| match principal.name() {
                "root" => Scope::All,
                name => Copy::COLUMNS.owner.eq(name).into(),
            })
    })
    .await
}

async fn put(app: &TestApp, path: &str, body: Value) {
    app.user("root").put(path, body).if_none_match("*").await.ok();
}

#[tokio::test]
async fn a_restore_brings_back_what_the_caller_cannot_see() {
    let app = archive().await;
    put(&app, "/paper/anns", json!({"owner": "ann"})).await;
    put(&app, "/paper/bobs", json!({"owner": "bob"})).await;
    put(&app, "/copy/hidden", json!({"owner": "bob", "paper": "anns", "source": "bobs"})).await;
    put(&app, "/copy/own", json!({"owner": "ann", "source": "bobs"})).await;
    let ann = app.user("ann");
    for path in ["/paper/anns", "/copy/own"] {
        ann.delete(path).await.ok();
        ann.ask("POST", &format!("{path}/restore")).await.ok();
    }
    app.user("bob").get("/copy/hidden").await.ok();
}

#[tokio::test]
async fn refusals_tell_nothing_of_what_the_caller_cannot_see() {
    let app = archive().await;
    for id in ["one", "two", "three", "four"] {
        put(&app, &format!("/paper/{id}"), json!({"owner": "ann"})).await;
    }
    put(&app, "/paper/bobs", json!({"owner": "bob"})).await;
    let (ann, root) = (app.user("ann"), app.user("root"));
    put(&app, "/copy/h1", json!({"owner": "bob", "cover": "one", "needs_cover": true})).await;
    let nulled = ann.delete("/paper/one").await;
    assert_eq!(
        nulled.is(409).detail(),
        json!("Cannot delete 'one': another resource would not be valid without it.")
    );

    for at in 0..7 {
        put(&app, &format!("/copy/r{at}"), json!({"owner": "bob", "held": "two"})).await;
    }
    let held = ann.delete("/paper/two").await;
    assert_eq!(held.is(409).detail(), json!("Cannot delete 'two': still referenced by other resources."));
    put(&app, "/copy/own", json!({"owner": "ann", "held": "two"})).await;
    let named = "Cannot delete 'two': still referenced by copy.held=<-own (on_delete=RESTRICT).";
    assert_eq!(ann.delete("/paper/two").await.is(409).detail(), json!(named));

    put(&app, "/copy/u1", json!({"owner": "bob", "paper": "three", "code": "SECRET"})).await;
    ann.delete("/paper/three").await.ok();
    put(&app, "/copy/u2", json!({"owner": "bob", "code": "SECRET"})).await;
    let unique = ann.ask("POST", "/paper/three/restore").await;
    assert!(!unique.is(409).text().contains("SECRET"), "{unique}");

    put(&app, "/copy/t1", json!({"owner": "bob", "paper": "four", "source": "bobs"})).await;
    ann.delete("/paper/four").await.ok();
    root.delete("/paper/bobs").await.ok();
    let gone = ann.ask("POST", "/paper/four/restore").await;
    let text = gone.is(409).text();
    assert!(!text.contains("bobs") && !text.contains("source="), "{gone}");
    let seen = root.ask("POST", "/paper/four/restore").await;
    let text = "Resource 't1' refers to what is missing or deleted: source='bobs'";
    assert_eq!(seen.is(409).detail(), json!(text));
}

#[tokio::test]
async fn an_id_that_is_used_again_does_not_open_the_past_of_another_resource() {
    let app = archive().await;
    put(&app, "/paper/again", json!({"owner": "bob"})).await;
    app.user("bob").delete("/paper/again/permanently").await.ok();
    let ann = app.user("ann");
    ann.put("/paper/again", json!({"owner": "ann"})).if_none_match("*").await.ok();
    let seen = ann.get("/paper/changes").await.ok();
    assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(seen[0]["by"], "ann");
}

/// Puts something else into what loses a reference.
struct Meddler;

impl Hooks<Copy> for Meddler {
    async fn before_update(&self, context: &mut HookContext<'_>, old: &Copy, new: &mut Copy) -> Result<()> {
        if context.cause == Cause::Reference {
            match &*old.owner {
                "keeper" => new.cover.clone_from(&old.cover),
                "dreamer" => new.source = Some(Ref::new("nowhere")),
                _ => new.needs_cover = false,
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_a_hook_makes_of_a_lost_reference_is_checked_like_every_write() {
    let app = TestApp::with(papers(), |builder| builder.hooks(Meddler)).await;
    for id in ["p", "q", "r"] {
        put(&app, &format!("/paper/{id}"), json!({"owner": "x"})).await;
    }
    put(&app, "/copy/c", json!({"owner": "dreamer", "cover": "p"})).await;
    put(&app, "/copy/d", json!({"owner": "keeper", "cover": "q"})).await;
    put(&app, "/copy/e", json!({"owner": "x", "cover": "r", "needs_cover": true})).await;
    let root = app.user("root");
    let before = app.picture(&["paper", "copy"]).await;
    root.delete("/paper/p").await.refused(422, "nowhere");
    root.delete("/paper/q").await.refused(409, "keeps the reference");
    assert_eq!(app.picture(&["paper", "copy"]).await, before);
    root.delete("/paper/r").await.ok();
    root.get("/copy/e").await.ok();
}

#[tokio::test]
async fn a_deleted_referrer_can_come_back_after_its_target_was_purged() {
    let app = TestApp::new(papers()).await;
    put(&app, "/paper/p", json!({"owner": "x"})).await;
    put(&app, "/copy/c", json!({"owner": "x", "cover": "p"})).await;
    let root = app.user("root");
    root.delete("/copy/c").await.ok();
    root.delete("/paper/p/permanently").await.ok();
    root.ask("POST", "/copy/c/restore").await.ok();
    assert_eq!(root.get("/copy/c").await.ok()["data"]["cover"], Value::Null);
}

#[tokio::test]
async fn a_restrict_is_lifted_by_what_goes_along_except_in_compatible_applications() {
    for (app, status) in [(TestApp::new(papers()).await, 200), (TestApp::compat(papers()).await, 409)] {
        put(&app, "/paper/p", json!({"owner": "x"})).await;
        put(&app, "/copy/c", json!({"owner": "x", "paper": "p", "held": "p"})).await;
        app.user("root").delete("/paper/p").await.is(status);
    }
}
