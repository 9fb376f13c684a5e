//! Rules and roles as resources, and rules of the program, as clients meet them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use specstar::access::{
    Action, Principal, allow, allow_fields, allow_if, authenticated, deny, deny_if, deny_meta_if, owner,
    principal_fn,
};
use specstar::acl::{Acl, AclRule, Combining};
use specstar::app::SpecStarBuilder;
use tempfile::TempDir;

use crate::common::{TestApp, eventually};
use crate::models::Note;
use crate::resources;
use crate::watched::watched;

async fn strict() -> TestApp {
    with(Acl::strict()).await
}

/// One note, and rules of a kind.
async fn with(acl: Acl) -> TestApp {
    let app = TestApp::with(resources(), |builder| builder.acl(acl.root("root"))).await;
    let root = app.user("root");
    root.put("/note/one", json!({"title": "one"})).if_none_match("*").await.ok();
    app
}

/// Adds a rule and gives its path.
async fn rule(app: &TestApp, subject: &str, object: &str, actions: Value, effect: &str) -> String {
    let rule = json!({"subject": subject, "object": object, "actions": actions, "effect": effect});
    app.user("root").created("_acl", rule).await
}

#[tokio::test]
async fn without_a_rule_a_strict_list_denies_every_route() {
    let app = strict().await;
    let ann = app.user("ann");
    for path in [
        "/note",
        "/note/count",
        "/note/meta",
        "/note/one",
        "/note/one/data",
        "/note/one/meta",
        "/note/one/revision-info",
        "/note/one/revision-info?revision_id=one:1",
        "/note/one/revision-list",
        "/note/none",
        "/_acl",
        "/_role",
    ] {
        ann.get(path).await.refused(403, "Permission denied");
    }
    ann.delete("/note/one").await.is(403);
    ann.post("/note", json!({"title": "x"})).await.is(403);
    app.user("root").get("/note/count").await.ok();
}

#[tokio::test]
async fn a_rule_that_denies_denies_whatever_the_default() {
    for acl in [Acl::strict(), Acl::permissive()] {
        let app = with(acl).await;
        rule(&app, "user:ann", "note", json!(["full"]), "deny").await;
        let ann = app.user("ann");
        ann.get("/note/one").await.is(403);
        ann.get("/note/count").await.is(403);
        ann.put("/note/one", json!({"title": "x"})).await.is(403);
    }
    let app = with(Acl::permissive()).await;
    app.user("ann").get("/note/one").await.ok();
}

/// Every way to read one note.
const READS: [&str; 6] = ["", "/data", "/meta", "/revision-info", "/revision-list", "/changes"];

#[tokio::test]
async fn a_row_that_denies_get_denies_every_part_of_a_read() {
    for acl in [Acl::strict(), Acl::new(Combining::deny_overrides()), Acl::new(Combining::first_decides())] {
        let app = with(acl).await;
        rule(&app, "*", "note", json!(["full"]), "allow").await;
        rule(&app, "user:eve", "note", json!(["get"]), "deny").await;
        for part in READS {
            let path = format!("/note/one{part}");
            app.user("ann").get(&path).await.ok();
            app.user("eve").get(&path).await.is(403);
        }
        app.user("eve").get("/note/count").await.ok();
        app.user("eve").patch("/note/one", json!({"text": "b"})).await.ok();
    }
}

#[tokio::test]
async fn rows_that_allow_and_deny_get_are_combined_like_any_others() {
    let app = with(Acl::new(Combining::allow_overrides())).await;
    rule(&app, "*", "note", json!(["get"]), "deny").await;
    rule(&app, "user:ann", "note", json!(["get"]), "allow").await;
    // One for a part alone is no word against the whole of somebody else.
    rule(&app, "user:bob", "note", json!(["get_meta"]), "allow").await;
    app.user("bob").get("/note/one/meta").await.ok();
    app.user("bob").get("/note/one/data").await.is(403);
    for part in READS {
        app.user("ann").get(&format!("/note/one{part}")).await.ok();
        app.user("eve").get(&format!("/note/one{part}")).await.is(403);
    }
}

#[tokio::test]
async fn a_rule_that_denies_get_denies_every_part_of_a_read() {
    let rules = [
        deny(Action::GET).to_users(["eve"]),
        deny_if::<Note>(Action::GET, |request, _| request.principal.name() == "eve"),
        deny_meta_if(Action::GET, |request, _| request.principal.name() == "eve"),
    ];
    for rule in rules {
        let app =
            TestApp::with(resources(), |builder| builder.access(allow(Action::FULL)).access(rule)).await;
        let path = app.user("ann").created("note", json!({"title": "a"})).await;
        for part in READS {
            app.user("ann").get(&format!("{path}{part}")).await.ok();
            app.user("eve").get(&format!("{path}{part}")).await.is(403);
        }
        app.user("eve").get("/note/count").await.ok();
        app.user("eve").patch(&path, json!({"title": "b"})).await.ok();
    }
}

#[tokio::test]
async fn a_rule_of_another_process_counts_although_the_log_could_not_be_read_at_first() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (store, reads) = watched(folder.path());
    let builds = |builder: SpecStarBuilder| builder.acl(Acl::strict().root("root"));
    let app = TestApp::on(Arc::clone(&folder), resources(), |builder| builds(builder).store(store)).await;
    app.user("root").put("/note/one", json!({"title": "one"})).if_none_match("*").await.ok();
    let ann = app.user("ann");
    ann.get("/note/one").await.is(403);
    // It is over with the rules it has written itself.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = TestApp::on(folder, resources(), builds).await;
    reads.failures.store(2, Ordering::Relaxed);
    rule(&other, "user:ann", "note", json!(["read"]), "allow").await;
    eventually("the rule counts", || async { ann.get("/note/one").await.status() == 200 }).await;
    assert_eq!(reads.failures.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_rule_for_one_resource_opens_that_one_only() {
    let app = strict().await;
    let root = app.user("root");
    let generated = root.created("note", json!({"title": "two"})).await;
    let id = generated.trim_start_matches("/note/");
    rule(&app, "user:ann", id, json!(["read"]), "allow").await;
    rule(&app, "user:bob", "note/one", json!(["get"]), "allow").await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    ann.get(&generated).await.ok();
    ann.get("/note/one").await.is(403);
    bob.get("/note/one").await.ok();
    bob.get(&generated).await.is(403);
    ann.get("/note").await.is(403);
    ann.put(&generated, json!({"title": "x"})).await.is(403);
}

#[tokio::test]
async fn a_change_of_a_rule_counts_from_the_next_request_on() {
    let app = strict().await;
    let (root, ann) = (app.user("root"), app.user("ann"));
    let path = rule(&app, "user:ann", "note", json!(["read"]), "allow").await;
    ann.get("/note/one").await.ok();
    root.patch(&path, json!({"effect": "deny"})).await.ok();
    ann.get("/note/one").await.is(403);
    root.patch(&path, json!({"effect": "allow"})).await.ok();
    ann.get("/note/one").await.ok();
    root.delete(&path).await.ok();
    ann.get("/note/one").await.is(403);
    root.ask("POST", &format!("{path}/restore")).await.ok();
    ann.get("/note/one").await.ok();
    app.app().repository::<AclRule>().delete(path.trim_start_matches("/_acl/")).await.expect("deleted");
    ann.get("/note/one").await.is(403);
}

#[tokio::test]
async fn roles_inherit_in_circles_too_and_a_member_that_leaves_has_left() {
    let app = strict().await;
    let (root, ann) = (app.user("root"), app.user("ann"));
    rule(&app, "role:q", "note", json!(["read", "update"]), "allow").await;
    for (subject, role) in [("role:p", "q"), ("role:q", "p")] {
        root.created("_role", json!({"subject": subject, "role": role})).await;
    }
    ann.get("/note/one").await.is(403);
    let member = root.created("_role", json!({"subject": "user:ann", "role": "p"})).await;
    ann.get("/note/one").await.ok();
    ann.put("/note/one", json!({"title": "two"})).await.ok();
    ann.delete("/note/one").await.is(403);
    root.post("/_role", json!({"subject": "user:ann", "role": "p"})).await.is(409);
    root.delete(&member).await.ok();
    ann.get("/note/one").await.is(403);
}

#[tokio::test]
async fn a_deny_for_everybody_stops_all_but_root() {
    let app = with(Acl::new(Combining::deny_overrides().default_allow())).await;
    rule(&app, "*", "*", json!(["lifecycle"]), "deny").await;
    app.user("").delete("/note/one").await.is(403);
    app.user("ann").delete("/note/one").await.is(403);
    app.user("root").delete("/note/one").await.ok();
}

#[tokio::test]
async fn rules_are_resources_that_only_root_and_whoever_a_rule_names_may_write() {
    let app = with(Acl::permissive()).await;
    let (root, ann) = (app.user("root"), app.user("ann"));
    let own = json!({"subject": "user:ann", "object": "*", "actions": ["full"]});
    ann.post("/_acl", own.clone()).await.is(403);
    ann.get("/_acl").await.is(403);
    rule(&app, "user:ann", "*", json!(["full"]), "allow").await;
    ann.post("/_acl", own.clone()).await.is(403);
    let path = rule(&app, "user:ann", "_acl", json!(["full"]), "allow").await;
    ann.post("/_acl", own).await.ok();
    ann.post("/_role", json!({"subject": "user:ann", "role": "admin"})).await.is(403);
    root.patch(&path, json!({"actions": ["read", "read_list"]})).await.ok();
    let stored = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!(stored["actions"], (Action::READ | Action::READ_LIST).bits());
    let history = ann.get(&format!("{path}/revision-list")).await.ok();
    assert_eq!(history["total"], 2, "{history}");
    let found = ann.get("/_acl/data").query(&[("qb", r#"QB["subject"] == "user:ann""#)]).await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(3), "{found}");
}

#[tokio::test]
async fn a_denied_resource_is_in_no_list() {
    for acl in [Acl::strict(), Acl::new(Combining::deny_overrides()), Acl::new(Combining::first_decides())] {
        let app = with(acl).await;
        let root = app.user("root");
        root.put("/note/two", json!({"title": "two"})).if_none_match("*").await.ok();
        rule(&app, "*", "note", json!(["full"]), "allow").await;
        for (who, actions) in
            [("user:ann", "full"), ("role:guest", "get_resource_revision"), ("user:bob", "get")]
        {
            rule(&app, who, "note/one", json!([actions]), "deny").await;
        }
        rule(&app, "user:carl", "note/one", json!(["update", "delete"]), "deny").await;
        root.post("/_role", json!({"subject": "user:eve", "role": "guest"})).await.ok();
        for (name, count) in [("ann", 1), ("bob", 1), ("eve", 1), ("carl", 2), ("root", 2), ("", 2)] {
            let user = app.user(name);
            for list in ["/note/data", "/note?returns=data", "/note/changes"] {
                let text = user.get(list).await.ok().to_string();
                assert_eq!(text.contains("one"), count == 2, "{name} {list} {text}");
                assert!(text.contains("two"), "{name} {list} {text}");
            }
            assert_eq!(user.get("/note/count").await.ok(), count, "{name}");
            user.get("/note/one").await.is(if count == 1 { 404 } else { 200 });
            user.get("/note/two").await.ok();
        }
        app.user("ann").put("/note/one", json!({"title": "x"})).await.is(404);
        app.user("carl").put("/note/one", json!({"title": "x"})).await.is(403);
    }
}

#[tokio::test]
async fn a_deny_of_one_resource_that_is_overridden_hides_nothing() {
    let app = with(Acl::permissive()).await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    rule(&app, "*", "note/one", json!(["full"]), "deny").await;
    rule(&app, "user:ann", "note", json!(["full"]), "allow").await;
    assert_eq!(ann.get("/note/count").await.ok(), 1);
    ann.get("/note/one").await.ok();
    assert_eq!(bob.get("/note/count").await.ok(), 0);
    bob.get("/note/one").await.is(404);

    let app = with(Acl::new(Combining::first_decides())).await;
    rule(&app, "*", "note", json!(["full"]), "allow").await;
    let later =
        json!({"subject": "*", "object": "note/one", "actions": ["full"], "effect": "deny", "order": 1});
    app.user("root").post("/_acl", later).await.ok();
    assert_eq!(app.user("ann").get("/note/count").await.ok(), 1);
}

#[tokio::test]
async fn a_rule_that_means_nothing_is_refused() {
    let app = strict().await;
    let root = app.user("root");
    let good = json!({"subject": "user:ann", "object": "note", "actions": 2});
    root.post("/_acl", good.clone()).await.ok();
    for (field, wrong) in [
        ("subject", json!("ann")),
        ("subject", json!("user:")),
        ("subject", json!("")),
        ("subject", json!("user:anonymous")),
        ("object", json!("")),
        ("object", json!("note/")),
        ("actions", json!(0)),
        ("actions", json!(1 << 24)),
        ("actions", json!(-1)),
        ("actions", json!(["fly"])),
        ("effect", json!("maybe")),
    ] {
        let mut rule = good.clone();
        rule[field] = wrong;
        root.post("/_acl", rule).await.is(422);
    }
    for (subject, role) in
        [("ann", "a"), ("*", "a"), ("user:anonymous", "a"), ("user:ann", ""), ("user:ann", "role:a")]
    {
        root.post("/_role", json!({"subject": subject, "role": role})).await.is(422);
    }
}

#[tokio::test]
async fn rules_for_everything_and_for_one_type_both_hold() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::FULL).to_users(["root"]))
            .access(allow(Action::READ | Action::CREATE).to_authenticated())
            .access_for::<Note>(deny(Action::CREATE).to_users(["eve"]))
            .access_for::<Note>(allow(Action::UPDATE).to_users(["ann"]))
    })
    .await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let path = ann.created("note", json!({"title": "a"})).await;
    ann.put(&path, json!({"title": "b"})).await.ok();
    eve.get(&path).await.ok();
    eve.put(&path, json!({"title": "c"})).await.is(403);
    eve.post("/note", json!({"title": "c"})).await.is(403);
    eve.post("/plan", json!({"goal": "c"})).await.ok();
    let plan = ann.created("plan", json!({"goal": "d"})).await;
    ann.put(&plan, json!({"goal": "e"})).await.is(403);
    app.user("").get(&path).await.is(403);
}

#[tokio::test]
async fn the_rows_and_the_rules_of_the_program_both_hold() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access_for::<Note>(deny(Action::DELETE))
            .acl(Acl::new(Combining::deny_overrides()).root("root"))
            .access(allow(Action::CREATE))
    })
    .await;
    let root = app.user("root");
    let path = root.created("note", json!({"title": "a"})).await;
    root.delete(&path).await.is(403);
    rule(&app, "*", "note", json!(["read"]), "allow").await;
    let ann = app.user("ann");
    ann.get(&path).await.ok();
    ann.post("/note", json!({"title": "b"})).await.ok();
    ann.put(&path, json!({"title": "b"})).await.is(403);
}

#[tokio::test]
async fn a_change_may_touch_allowed_fields_only() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::FULL).to_users(["root"])).access(authenticated()).access_for::<Note>(
            allow_fields::<Note>(Action::UPDATE | Action::PATCH | Action::MODIFY, ["tags"]).to_users(["ann"]),
        )
    })
    .await;
    let ann = app.user("ann");
    let path = ann.created("note", json!({"title": "a", "text": "t"})).await;
    ann.put(&path, json!({"title": "a", "text": "t", "tags": ["x"]})).await.ok();
    ann.patch(&path, json!({"tags": ["y"]})).await.ok();
    ann.put(&path, json!({"title": "b", "text": "t", "tags": ["y"]})).await.is(403);
    ann.patch(&path, json!({"title": "b"})).await.is(403);
    ann.patch(&path, json!([{"op": "replace", "path": "/text", "value": "u"}])).await.is(403);
    ann.patch(&format!("{path}?mode=modify&change_status=draft"), json!({"title": "b"})).await.is(403);
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["title"], "a");
    app.user("bob").put(&path, json!({"title": "b"})).await.ok();
}

#[tokio::test]
async fn a_rule_may_look_at_the_resource_and_at_who_made_it() {
    let app = TestApp::with(resources(), |builder| {
        builder.access(allow(Action::CREATE)).access(owner(Action::OWNER)).access_for::<Note>(
            allow_if::<Note>(Action::GET, |request, note| {
                note.tags.iter().any(|tag| tag == request.principal.name())
            }),
        )
    })
    .await;
    let (ann, bob, eve) = (app.user("ann"), app.user("bob"), app.user("eve"));
    let path = ann.created("note", json!({"title": "a", "tags": ["bob"]})).await;
    ann.get(&path).await.ok();
    ann.put(&path, json!({"title": "b", "tags": ["bob"]})).await.ok();
    bob.get(&path).await.ok();
    bob.put(&path, json!({"title": "c"})).await.is(403);
    eve.get(&path).await.is(403);
    ann.delete(&path).await.ok();
}

#[tokio::test]
async fn a_rule_that_panics_allows_nothing_and_the_server_goes_on() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .access(allow(Action::CREATE | Action::READ))
            .access_for::<Note>(allow_if::<Note>(Action::DELETE, |_, _| panic!("a rule with a bug")))
    })
    .await;
    let ann = app.user("ann");
    let path = ann.created("note", json!({"title": "a"})).await;
    ann.delete(&path).await.is(500);
    ann.get(&path).await.ok();
}

#[tokio::test]
async fn what_nobody_created_belongs_to_no_user_of_that_name() {
    // The header of these tests would be an extractor of the program that lets any name through.
    let nobody = principal_fn(|parts| {
        let name = parts.headers.get("x-user").and_then(|value| value.to_str().ok());
        Ok(name.map_or(Principal::Anonymous, Principal::user))
    });
    let app = TestApp::with(resources(), |builder| {
        builder.principal(nobody).access(allow(Action::CREATE)).access(owner(Action::OWNER))
    })
    .await;
    let path = app.user("").created("note", json!({"title": "a"})).await;
    app.user("").get(&path).await.is(403);
    app.user("anonymous").get(&path).await.is(403);
    let own = app.user("ann").created("note", json!({"title": "a"})).await;
    app.user("ann").get(&own).await.ok();
}
