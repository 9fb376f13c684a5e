//! Differences between revisions, and undo.

use serde_json::json;

use crate::common::TestApp;
use crate::models::Ledger;
use crate::resources;

async fn three(app: &TestApp) -> String {
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a", "rank": 1, "tags": ["x"]})).await;
    ann.patch(&note, json!({"title": "b", "tags": ["x", "y"]})).await.ok();
    ann.patch(&note, json!({"rank": 2})).await.ok();
    note
}

#[tokio::test]
async fn a_difference_is_the_patch_that_makes_one_of_the_other() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = three(&app).await;
    let id = note.trim_start_matches("/note/");
    let patch = ann.get(&format!("{note}/diff?from=1&to={id}:3")).await.ok();
    ann.ask("POST", &format!("{note}/switch/1")).await.ok();
    ann.patch(&note, patch).await.ok();
    let again = ann.get(&note).await.ok();
    assert_eq!(again["data"]["title"], "b");
    assert_eq!((&again["data"]["rank"], &again["data"]["tags"]), (&json!(2), &json!(["x", "y"])));
    // Without `to` the current one, without `from` the one it was made from, or nothing at all.
    assert_eq!(ann.get(&format!("{note}/diff?from=4")).await.ok(), json!([]));
    let step = ann.get(&format!("{note}/diff?to=3")).await.ok();
    assert_eq!(step, json!([{"op": "replace", "path": "/rank", "value": 2}]));
    let first = ann.get(&format!("{note}/diff?to=1")).await.ok();
    assert!(first.as_array().is_some_and(|ops| ops.iter().all(|op| op["op"] == "add")), "{first}");
    ann.get(&format!("{note}/diff?from=9")).await.is(404);
    ann.get(&format!("{note}/diff?from=x")).await.is(400);
    ann.get("/note/none/diff").await.is(404);
    ann.delete(&note).await.ok();
    ann.get(&format!("{note}/diff")).await.is(404);
    ann.get(&format!("{note}/diff?include_deleted=true")).await.ok();
}

#[tokio::test]
async fn undo_takes_back_one_revision_and_keeps_the_later_ones() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = three(&app).await;
    let undone = app.user("bob").ask("POST", &format!("{note}/undo/2")).await;
    assert!(undone.ok()["revision_id"].as_str().is_some_and(|id| id.ends_with(":4")), "{undone}");
    let read = ann.get(&note).await.ok();
    assert_eq!((&read["data"]["title"], &read["data"]["rank"]), (&json!("a"), &json!(2)));
    assert_eq!(read["data"]["tags"], json!(["x"]));
    assert_eq!(read["revision_info"]["created_by"], "bob");
    // Undone already: there is nothing left to change.
    let again = ann.ask("POST", &format!("{note}/undo/2")).await;
    assert_eq!(again.is(200).header("x-unchanged").as_deref(), Some("true"));
    // The undo is a revision like every other.
    ann.ask("POST", &format!("{note}/undo/4")).await.ok();
    assert_eq!(ann.get(&note).await.ok()["data"]["title"], "b");
}

#[tokio::test]
async fn undo_leaves_read_only_fields_alone() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let path = ann.created("ledger", json!({"owner": "ann"})).await;
    let ledgers = app.app().repository::<Ledger>();
    let paid = Ledger { owner: "bob".to_owned(), total: 100 };
    ledgers.update(path.trim_start_matches("/ledger/"), &paid).await.expect("it is updated");
    ann.ask("POST", &format!("{path}/undo/2")).await.ok();
    assert_eq!(ann.get(&path).await.ok()["data"], json!({"owner": "ann", "total": 100}));
}

#[tokio::test]
async fn undo_does_nothing_where_it_cannot_do_all() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = three(&app).await;
    ann.patch(&note, json!({"title": "c"})).await.ok();
    let before = app.picture(&["note"]).await;
    ann.ask("POST", &format!("{note}/undo/2")).await.refused(409, "$.title was changed since");
    ann.ask("POST", &format!("{note}/undo/1")).await.refused(409, "first");
    ann.ask("POST", &format!("{note}/undo/9")).await.is(404);
    ann.ask("POST", &format!("{note}/undo/x")).await.is(400);
    ann.ask("POST", "/note/none/undo/1").await.is(404);
    ann.ask("POST", &format!("{note}/undo/3")).if_match("\"note:1\"").await.is(412);
    assert_eq!(app.picture(&["note"]).await, before);
}
