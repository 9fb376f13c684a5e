//! The typed repositories of a program.

use serde_json::json;
use specstar::Error;
use specstar::meta::RevisionStatus;
use specstar::repository::{Mode, PatchDocument, ReadOptions, ReplaceOptions};
use specstar::timeline::{Keep, Preconditions};

use crate::common::TestApp;
use crate::models::{Account, AccountRepository, Note, Plan, Product, Seat};
use crate::resources;

fn account(email: &str) -> Account {
    Account { email: email.into(), handle: None, visits: 0 }
}

fn plan(goal: &str) -> Plan {
    Plan { goal: goal.into() }
}

#[tokio::test]
async fn what_a_program_writes_clients_read() {
    let app = TestApp::new(resources()).await;
    let plans = app.app().repository::<Plan>().acting_as("night job");
    let written = plans.create(&plan("a")).await.expect("a create");
    let path = format!("/plan/{}", written.resource_id);
    let read = app.user("ann").get(&path).await.ok();
    assert_eq!((&read["data"]["goal"], &read["meta"]["created_by"]), (&json!("a"), &json!("night job")));
    let stored = plans.get(&written.resource_id).await.expect("it is there");
    assert_eq!((stored.data.goal.as_str(), stored.revision.seq), ("a", 1));
    assert_eq!(stored.revision_id(), format!("{}:1", stored.resource_id()));
    assert_eq!(stored.revision.status, RevisionStatus::Draft);
}

#[tokio::test]
async fn updates_upserts_and_status() {
    let app = TestApp::new(resources()).await;
    let plans = app.app().repository::<Plan>();
    assert_eq!(plans.upsert("mine", &plan("a")).await.expect("made").revision.seq, 1);
    assert_eq!(plans.upsert("mine", &plan("b")).await.expect("updated").revision.seq, 2);
    assert!(plans.upsert("mine", &plan("b")).await.expect("the same").unchanged);
    let made = plans.create_at("mine", &plan("c")).await;
    assert!(matches!(made, Err(Error::PreconditionFailed { .. })), "{made:?}");
    let stale =
        ReplaceOptions { preconditions: Preconditions::revision("mine:1"), ..ReplaceOptions::default() };
    let replaced = plans.replace("mine", &plan("c"), stale).await;
    assert!(matches!(replaced, Err(Error::PreconditionFailed { .. })), "{replaced:?}");
    let settled = plans.set_status("mine", RevisionStatus::Stable).await.expect("a status");
    assert_eq!((settled.revision.seq, settled.revision.status), (2, RevisionStatus::Stable));
    let modify = ReplaceOptions { mode: Mode::Modify, ..ReplaceOptions::default() };
    let refused = plans.replace("mine", &plan("c"), modify).await;
    assert!(matches!(refused, Err(Error::CannotModify { .. })), "{refused:?}");
    let patch = PatchDocument::from_merge(json!({"goal": "d"})).expect("a patch");
    assert_eq!(plans.patch("mine", &patch).await.expect("patched").revision.seq, 3);
    plans.delete("mine").await.expect("deleted");
    let gone = plans.upsert("mine", &plan("e")).await;
    assert!(matches!(gone, Err(Error::Deleted { .. })), "an upsert revives nothing: {gone:?}");
    assert!(matches!(plans.update("none", &plan("e")).await, Err(Error::NotFound { .. })));
    assert!(matches!(plans.upsert("a/b", &plan("e")).await, Err(Error::InvalidId { .. })));
}

#[tokio::test]
async fn unique_values_find_their_owner() {
    let app = TestApp::new(resources()).await;
    let accounts = app.app().repository::<Account>();
    let written = accounts.create(&account("Ann@x")).await.expect("a create");
    let found = AccountRepository::of(app.app()).find_by_email("aNN@X").await.expect("it looks");
    assert_eq!(found.expect("ann").resource_id(), written.resource_id);
    assert!(AccountRepository::of(app.app()).find_by_email("bob@x").await.expect("it looks").is_none());
    let taken = accounts.create(&account("ANN@x")).await;
    assert!(matches!(taken, Err(Error::UniqueConflict { .. })), "{taken:?}");
    accounts.delete(&written.resource_id).await.expect("deleted");
    assert!(AccountRepository::of(app.app()).find_by_email("ann@x").await.expect("it looks").is_none());
    accounts.restore(&written.resource_id).await.expect("restored");
    assert!(AccountRepository::of(app.app()).find_by_email("ann@x").await.expect("it looks").is_some());
    let seat = Seat { hall: "A".into(), number: Some(1), guest: String::new() };
    app.app().repository::<Seat>().create(&seat).await.expect("a create");
    assert!(matches!(app.app().repository::<Seat>().create(&seat).await, Err(Error::UniqueConflict { .. })));
}

#[tokio::test]
async fn pruning_removes_old_revisions_for_good() {
    let app = TestApp::new(resources()).await;
    let plans = app.app().repository::<Plan>();
    for goal in ["a", "b", "c", "d", "e"] {
        plans.upsert("mine", &plan(goal)).await.expect("written");
    }
    let mut removed = plans.prune("mine", Keep::Last(2)).await.expect("pruned");
    removed.sort_unstable();
    assert_eq!(removed, [1, 2, 3]);
    let ann = app.user("ann");
    assert_eq!(ann.get("/plan/mine/revision-list").await.ok()["total"], 2);
    assert_eq!(ann.get("/plan/mine/meta").await.ok()["total_revision_count"], 5);
    ann.get("/plan/mine?revision_id=mine:1").await.is(404);
    ann.ask("POST", "/plan/mine/switch/2").await.is(404);
    assert_eq!(plans.update("mine", &plan("f")).await.expect("written").revision.seq, 6);
    assert!(plans.prune("mine", Keep::Last(0)).await.is_err());
    plans.switch("mine", "4").await.expect("it is there");
    assert_eq!(plans.prune("mine", Keep::Last(1)).await.expect("pruned").len(), 2);
    assert_eq!(plans.get("mine").await.expect("there").data.goal, "d", "the current one stays");
    assert_eq!(plans.revisions("mine").await.expect("a history").len(), 1);
}

#[tokio::test]
async fn a_program_meets_validators_and_reads_what_is_deleted() {
    let app = TestApp::new(resources()).await;
    let products = app.app().repository::<Product>();
    let bad = products.create(&Product { name: "a".into(), price: -1.0 }).await;
    assert!(matches!(bad, Err(Error::Validation(_))), "{bad:?}");
    let not_a_number = products.create(&Product { name: "a".into(), price: f64::NAN }).await;
    assert!(not_a_number.is_err(), "JSON has no such number: {not_a_number:?}");
    let plans = app.app().repository::<Plan>();
    plans.upsert("mine", &plan("a")).await.expect("written");
    plans.update("mine", &plan("b")).await.expect("written");
    plans.delete("mine").await.expect("deleted");
    assert!(matches!(plans.get("mine").await, Err(Error::Deleted { .. })));
    let old = ReadOptions { revision_id: Some("mine:1"), include_deleted: true, ..ReadOptions::default() };
    assert_eq!(plans.get_with("mine", old).await.expect("it is there").data.goal, "a");
    plans.delete_permanently("mine").await.expect("removed");
    assert!(matches!(plans.get("mine").await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn columns_name_the_fields_of_queries() {
    assert_eq!((Note::COLUMNS.title.key(), Note::COLUMNS.rank.key()), ("title", "rank"));
}
