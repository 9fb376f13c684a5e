//! References: what writes require, and what deletes, restores and permanent deletes take along.

use serde_json::{Value, json};
use specstar::prelude::*;
use specstar::registry::Registry;

use crate::common::talk::Answer;
use crate::common::{TestApp, User};

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Owner {
    #[serde(default)]
    name: String,
}

/// Goes with its owner; may have a parent, with which it goes too.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Pet {
    #[reference(on_delete = "cascade")]
    owner: Ref<Owner>,
    #[serde(default)]
    #[reference(on_delete = "cascade")]
    parent: Option<Ref<Pet>>,
    #[unique]
    #[serde(default)]
    chip: Option<String>,
}

/// Goes when one of its pets does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Pack {
    #[reference(on_delete = "cascade")]
    pets: Vec<Ref<Pet>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_loan)]
struct Loan {
    #[serde(default)]
    #[reference(on_delete = "set_null")]
    owner: Option<Ref<Owner>>,
    #[serde(default)]
    #[reference(on_delete = "set_null")]
    witnesses: Vec<Ref<Owner>>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    needs_owner: bool,
}

fn check_loan(loan: &Loan) -> Result<(), specstar::resource::ValidationErrors> {
    if loan.needs_owner && loan.owner.is_none() { Err("a loan needs an owner".into()) } else { Ok(()) }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Badge {
    #[serde(default)]
    #[reference(on_delete = "restrict")]
    owner: Option<Ref<Owner>>,
    #[serde(default)]
    #[reference(on_delete = "restrict")]
    holders: Vec<Ref<Owner>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Letter {
    #[reference]
    to: Ref<Owner>,
    #[serde(default)]
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Snapshot {
    #[reference(Owner, revision)]
    owner: String,
}

fn kennel() -> Registry {
    resources![Owner, Pet, Pack, Loan, Badge, Letter, Snapshot]
}

const MODELS: [&str; 7] = ["owner", "pet", "pack", "loan", "badge", "letter", "snapshot"];

/// Creates a resource and gives its id.
async fn made(user: &User, model: &str, body: Value) -> String {
    user.created(model, body).await.split_once(&format!("/{model}/")).expect("a path").1.to_owned()
}

async fn meta(user: &User, path: &str) -> Value {
    user.get(&format!("{path}?returns=meta&include_deleted=true")).await.ok()["meta"].clone()
}

fn gone(answer: &Answer) {
    answer.is(404);
}

#[tokio::test]
async fn a_cascade_takes_everything_along_in_the_name_of_who_deletes() {
    let app = TestApp::new(kennel()).await;
    let (ann, bob) = (app.user("ann"), app.user("bob").at("2024-05-01T00:00:09Z"));
    let owner = made(&ann, "owner", json!({})).await;
    let other = made(&ann, "owner", json!({})).await;
    let pet = made(&ann, "pet", json!({"owner": owner})).await;
    let child = made(&ann, "pet", json!({"owner": other, "parent": pet})).await;
    let stranger = made(&ann, "pet", json!({"owner": other})).await;
    let pack = made(&ann, "pack", json!({"pets": [stranger, child]})).await;
    bob.delete(&format!("/owner/{owner}")).await.ok();
    for path in [format!("/pet/{pet}"), format!("/pet/{child}"), format!("/pack/{pack}")] {
        gone(&ann.get(&path).await);
        let meta = meta(&ann, &path).await;
        assert_eq!(
            (&meta["updated_by"], &meta["updated_time"]),
            (&json!("bob"), &json!("2024-05-01T00:00:09Z"))
        );
    }
    ann.get(&format!("/pet/{stranger}")).await.ok();
    ann.get(&format!("/owner/{other}")).await.ok();
}

#[tokio::test]
async fn a_restore_brings_back_what_the_delete_took_along_and_nothing_else() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let [pet, earlier] =
        [made(&ann, "pet", json!({"owner": owner})).await, made(&ann, "pet", json!({"owner": owner})).await];
    let child = made(&ann, "pet", json!({"owner": owner, "parent": pet})).await;
    ann.delete(&format!("/pet/{earlier}")).await.ok();
    ann.delete(&format!("/owner/{owner}")).await.ok();
    // Alone it would refer to what is deleted.
    let refused = ann.ask("POST", &format!("/pet/{child}/restore")).await;
    assert!(refused.is(409).detail().as_str().is_some_and(|text| text.contains(&owner)), "{refused}");
    ann.ask("POST", &format!("/owner/{owner}/restore")).await.ok();
    for id in [&pet, &child] {
        ann.get(&format!("/pet/{id}")).await.ok();
    }
    gone(&ann.get(&format!("/pet/{earlier}")).await);
    // A second delete remembers its own cascade.
    ann.delete(&format!("/owner/{owner}")).await.ok();
    ann.ask("POST", &format!("/owner/{owner}/restore?cascade=false")).await.ok();
    gone(&ann.get(&format!("/pet/{pet}")).await);
    ann.ask("POST", &format!("/pet/{pet}/restore")).await.ok();
}

#[tokio::test]
async fn a_restore_leaves_alone_what_has_the_id_of_something_it_took_along() {
    let app = TestApp::new(kennel()).await;
    let (ann, eve) = (app.user("ann"), app.user("eve"));
    let owner = made(&ann, "owner", json!({})).await;
    let other = made(&ann, "owner", json!({})).await;
    ann.put("/pet/p", json!({"owner": owner})).if_none_match("*").await.ok();
    ann.delete(&format!("/owner/{owner}")).await.ok();
    ann.delete("/pet/p/permanently").await.ok();
    eve.put("/pet/p", json!({"owner": other})).if_none_match("*").await.ok();
    eve.delete("/pet/p").await.ok();
    ann.ask("POST", &format!("/owner/{owner}/restore")).await.ok();
    gone(&eve.get("/pet/p").await);
}

#[tokio::test]
async fn a_restore_that_cannot_bring_all_back_changes_nothing() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    made(&ann, "pet", json!({"owner": owner, "chip": "1"})).await;
    ann.delete(&format!("/owner/{owner}")).await.ok();
    let other = made(&ann, "owner", json!({})).await;
    made(&ann, "pet", json!({"owner": other, "chip": "1"})).await;
    let before = app.picture(&MODELS).await;
    ann.ask("POST", &format!("/owner/{owner}/restore")).await.is(409);
    ann.ask("POST", "/owner/restore").await.is(409);
    assert_eq!(app.picture(&MODELS).await, before);
    ann.ask("POST", "/owner/restore?cascade=false").await.ok();
    ann.get(&format!("/owner/{owner}")).await.ok();
}

#[tokio::test]
async fn set_null_takes_the_reference_away_as_a_new_revision() {
    let app = TestApp::new(kennel()).await;
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let [owner, other] = [made(&ann, "owner", json!({})).await, made(&ann, "owner", json!({})).await];
    let body = json!({"owner": owner, "witnesses": [other, owner, other], "title": "t"});
    let loan = made(&ann, "loan", body).await;
    bob.delete(&format!("/owner/{owner}")).await.ok();
    let read = ann.get(&format!("/loan/{loan}")).await.ok();
    assert_eq!(
        read["data"],
        json!({"owner": null, "witnesses": [other, other], "title": "t", "needs_owner": false})
    );
    assert_eq!(read["revision_info"]["revision_id"], format!("{loan}:2"));
    assert_eq!(read["revision_info"]["created_by"], "bob");
    assert_eq!(ann.get(&format!("/owner/{other}/referrers")).await.ok()[0]["resource_ids"], json!([loan]));
}

#[tokio::test]
async fn a_referrer_that_would_not_be_valid_without_keeps_the_target() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    made(&ann, "loan", json!({"owner": owner, "needs_owner": true})).await;
    made(&ann, "pet", json!({"owner": owner})).await;
    let before = app.picture(&MODELS).await;
    ann.delete(&format!("/owner/{owner}")).await.refused(409, "a loan needs an owner");
    assert_eq!(app.picture(&MODELS).await, before);
}

#[tokio::test]
async fn restrict_names_the_first_five_and_changes_nothing() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    made(&ann, "pet", json!({"owner": owner})).await;
    let mut badges = Vec::new();
    for _ in 0..7 {
        badges.push(made(&ann, "badge", json!({"holders": [owner]})).await);
    }
    let before = app.picture(&MODELS).await;
    let answer = ann.delete(&format!("/owner/{owner}")).await;
    let named: Vec<String> =
        badges[..5].iter().map(|id| format!("badge.holders=<-{id} (on_delete=RESTRICT)")).collect();
    let text = format!("Cannot delete '{owner}': still referenced by {} (+2 more).", named.join(", "));
    assert_eq!(answer.is(409).detail(), json!(text));
    ann.delete(&format!("/owner/{owner}/permanently")).await.is(409);
    ann.delete("/owner").await.is(409);
    assert_eq!(app.picture(&MODELS).await, before);
    // Deleted ones keep nothing, and neither do those that let go.
    for id in &badges[..6] {
        ann.delete(&format!("/badge/{id}")).await.ok();
    }
    ann.put(&format!("/badge/{}", badges[6]), json!({})).await.ok();
    ann.delete(&format!("/owner/{owner}")).await.ok();
}

#[tokio::test]
async fn a_permanent_delete_follows_references() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let pet = made(&ann, "pet", json!({"owner": owner})).await;
    let deleted = made(&ann, "pet", json!({"owner": owner})).await;
    ann.delete(&format!("/pet/{deleted}")).await.ok();
    let loan = made(&ann, "loan", json!({"owner": owner})).await;
    let letter = made(&ann, "letter", json!({"to": owner})).await;
    ann.delete(&format!("/owner/{owner}/permanently")).await.ok();
    for id in [&pet, &deleted] {
        gone(&ann.get(&format!("/pet/{id}?include_deleted=true")).await);
    }
    assert_eq!(ann.get(&format!("/loan/{loan}")).await.ok()["data"]["owner"], Value::Null);
    assert_eq!(ann.get(&format!("/letter/{letter}")).await.ok()["data"]["to"], json!(owner));
}

#[tokio::test]
async fn a_write_needs_its_targets_and_says_which_are_missing() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let [owner, deleted] = [made(&ann, "owner", json!({})).await, made(&ann, "owner", json!({})).await];
    ann.delete(&format!("/owner/{deleted}")).await.ok();
    let body = json!({"owner": "owner:none", "witnesses": [owner, deleted]});
    let refused = ann.post("/loan", body.clone()).await;
    let text = format!("Reference target(s) not found: owner='owner:none', witnesses='{deleted}'");
    assert_eq!(refused.is(422).detail(), json!(text));
    let loan = made(&ann, "loan", json!({"owner": owner})).await;
    ann.put(&format!("/loan/{loan}"), body).await.is(422);
    ann.patch(&format!("/loan/{loan}"), json!({"owner": deleted})).await.is(422);
    assert_eq!(ann.get(&format!("/loan/{loan}")).await.ok()["meta"]["total_revision_count"], 1);
    assert_eq!(ann.get("/loan/count").await.ok(), 1);
    // An id of another type is no target, and what a field refers to itself needs no target.
    ann.post("/loan", json!({"owner": loan})).await.is(422);
    ann.put("/pet/me", json!({"owner": owner, "parent": "me"})).if_none_match("*").await.ok();
    ann.delete("/pet/me").await.ok();
}

#[tokio::test]
async fn a_reference_that_went_nowhere_since_does_not_stand_in_the_way_of_other_changes() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let letter = made(&ann, "letter", json!({"to": owner})).await;
    ann.delete(&format!("/owner/{owner}")).await.ok();
    ann.patch(&format!("/letter/{letter}"), json!({"text": "late"})).await.ok();
    let other = made(&ann, "owner", json!({})).await;
    ann.patch(&format!("/letter/{letter}"), json!({"to": other})).await.ok();
    ann.ask("POST", &format!("/letter/{letter}/switch/1")).await.refused(409, &owner);
    ann.delete(&format!("/letter/{letter}")).await.ok();
    ann.ask("POST", &format!("/letter/{letter}/restore")).await.ok();
    ann.delete(&format!("/owner/{other}")).await.ok();
    ann.delete(&format!("/letter/{letter}")).await.ok();
    ann.ask("POST", &format!("/letter/{letter}/restore")).await.refused(409, &other);
}

#[tokio::test]
async fn a_batch_delete_counts_what_it_deletes_itself_as_gone() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let pet = made(&ann, "pet", json!({"owner": owner})).await;
    made(&ann, "pet", json!({"owner": owner, "parent": pet})).await;
    let metas = ann.delete("/pet").await.ok();
    assert_eq!(metas.as_array().map(Vec::len), Some(2));
    assert_eq!(ann.get("/pet/count").await.ok(), 0);
    ann.ask("POST", "/pet/restore").await.ok();
    assert_eq!(ann.get("/pet/count").await.ok(), 2);
}

#[tokio::test]
async fn a_cascade_over_the_limit_is_refused_whole() {
    let app = TestApp::with(kennel(), |builder| builder.max_changes(5)).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    for _ in 0..5 {
        made(&ann, "pet", json!({"owner": owner})).await;
    }
    let before = app.picture(&MODELS).await;
    ann.delete(&format!("/owner/{owner}")).await.refused(409, "at most 5");
    assert_eq!(app.picture(&MODELS).await, before);
}

#[tokio::test]
async fn referrers_come_in_pages_by_field() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let mut pets = Vec::new();
    for _ in 0..3 {
        pets.push(made(&ann, "pet", json!({"owner": owner})).await);
    }
    let loan = made(&ann, "loan", json!({"owner": owner, "witnesses": [owner]})).await;
    made(&ann, "snapshot", json!({"owner": owner})).await;
    let gone = made(&ann, "badge", json!({"owner": owner})).await;
    ann.delete(&format!("/badge/{gone}")).await.ok();
    let path = format!("/owner/{owner}/referrers");
    let entry = |source: &str, field: &str, action: &str, ids: &[String]| {
        json!({"source": source, "source_field": field, "ref_type": "resource_id", "on_delete": action,
               "resource_ids": ids})
    };
    let [owners, witnesses] =
        ["owner", "witnesses"].map(|field| entry("loan", field, "set_null", std::slice::from_ref(&loan)));
    let all = ann.get(&path).await;
    assert_eq!(all.ok(), json!([entry("pet", "owner", "cascade", &pets), owners, witnesses]));
    assert_eq!(all.header("x-has-more").as_deref(), Some("false"));
    let first = ann.get(&format!("{path}?limit=2")).await;
    assert_eq!(first.ok(), json!([entry("pet", "owner", "cascade", &pets[..2])]));
    assert_eq!(first.header("x-has-more").as_deref(), Some("true"));
    let second = ann.get(&format!("{path}?limit=2&offset=2")).await;
    assert_eq!(second.ok(), json!([entry("pet", "owner", "cascade", &pets[2..]), owners]));
    assert_eq!(second.header("x-has-more").as_deref(), Some("true"));
    let last = ann.get(&format!("{path}?limit=1&offset=4")).await;
    assert_eq!(last.ok(), json!([witnesses]));
    assert_eq!(last.header("x-has-more").as_deref(), Some("false"));
    ann.get("/owner/none/referrers").await.refused(404, "owner 'none' not found");
    ann.get(&format!("/letter/{loan}/referrers")).await.is(404);
}

#[tokio::test]
async fn compatible_applications_leave_references_alone_where_the_reference_does() {
    let app = TestApp::compat(kennel()).await;
    let ann = app.user("ann");
    let owner = made(&ann, "owner", json!({})).await;
    let pet = made(&ann, "pet", json!({"owner": owner})).await;
    made(&ann, "badge", json!({"owner": "owner:none"})).await;
    ann.delete(&format!("/owner/{owner}")).await.ok();
    ann.ask("POST", &format!("/owner/{owner}/restore")).await.ok();
    gone(&ann.get(&format!("/pet/{pet}")).await);
    ann.ask("POST", &format!("/pet/{pet}/restore")).await.ok();
    ann.delete(&format!("/owner/{owner}/permanently")).await.ok();
    ann.get(&format!("/pet/{pet}")).await.ok();
}

#[tokio::test]
async fn no_race_leaves_a_reference_to_what_is_gone() {
    let app = TestApp::new(kennel()).await;
    let ann = app.user("ann");
    for round in 0..crate::common::rounds("SPECSTAR_RACE_ROUNDS", 10) {
        let owner = made(&ann, "owner", json!({})).await;
        let path = format!("/owner/{owner}");
        let mut asks: Vec<tokio::task::JoinHandle<Answer>> = Vec::new();
        for at in 0..12 {
            let ann = ann.clone();
            let (owner, path) = (owner.clone(), path.clone());
            asks.push(tokio::spawn(async move {
                match at % 6 {
                    0 => ann.post("/pet", json!({"owner": owner})).await,
                    1 => ann.post("/loan", json!({"owner": owner, "witnesses": [owner]})).await,
                    2 => ann.post("/badge", json!({"holders": [owner]})).await,
                    3 => ann.post("/pet", json!({"owner": owner, "chip": null})).await,
                    4 => ann.post("/loan", json!({"witnesses": [owner]})).await,
                    _ => ann.delete(&path).await,
                }
            }));
        }
        for ask in asks {
            let answer = ask.await.expect("it ends");
            assert!([200, 404, 409, 422].contains(&answer.status()), "round {round}: {answer}");
        }
        let live = ann.get(&path).await.status() == 200;
        for query in [
            "/pet?qb=QB['owner'].eq('{}')",
            "/loan?qb=QB['owner'].eq('{}')",
            "/loan?qb=QB['witnesses'].contains('{}')",
            "/badge?qb=QB['holders'].contains('{}')",
        ] {
            let found = ann.get(&query.replace("{}", &owner)).await.ok();
            assert!(live || found == json!([]), "round {round}: {owner} is gone, and {found} refers to it");
        }
    }
}
