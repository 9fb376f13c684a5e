//! Reads of older content: as the type is now, with nothing written.

use serde_json::{Value, json};
use specstar::access::{Action, allow_if};
use specstar::resources;

use super::models::{v1, v2, v3};
use super::{first, start, start_with};
use crate::common::{TestApp, assert_sound, database};

/// Ann's robot with two revisions, as the first program wrote it, in a program of the second version.
async fn second() -> TestApp {
    start(old().await.stop().await, resources![v2::Robot; actions(v2::boost)]).await
}

async fn old() -> TestApp {
    let app = first(resources![v1::Robot]).await;
    let ann = app.user("ann");
    let robot = |power: &str| json!({"name": "r2", "power": power, "tags": ["small"]});
    ann.put("/robot/one", robot("6")).if_none_match("*").await.ok();
    ann.put("/robot/one", robot("7")).await.ok();
    app
}

fn now() -> Value {
    json!({"name": "r2", "power": 7, "label": "of r2", "tags": ["small", "old"], "code": null})
}

fn stored(app: &TestApp) -> (String, String) {
    let row = database::row(app.folder().path(), "SELECT schema_version, data FROM h_robot");
    let [version, data] = row.try_into().expect("two columns");
    (version, data)
}

#[tokio::test]
async fn every_read_shows_the_new_shape_and_the_old_version_and_writes_nothing() {
    let app = second().await;
    let ann = app.user("ann");
    let read = ann.get("/robot/one").await.ok();
    assert_eq!(read["data"], now());
    assert_eq!(read["meta"]["schema_version"], "v1");
    assert_eq!(read["revision_info"]["schema_version"], "v1");
    assert_eq!(read["meta"]["indexed_data"]["tags"], json!(["small"]), "index values stay as they are");
    assert_eq!(ann.get("/robot/one/data").await.ok(), now());
    let older = ann.get("/robot/one?revision_id=one:1").await.ok();
    assert_eq!(older["data"]["power"], 6);
    assert_eq!(ann.get("/robot/one?partial=label").await.ok()["data"], json!({"label": "of r2"}));
    let list = ann.get("/robot").await.ok();
    assert_eq!(list[0]["data"], now());
    assert_eq!(ann.get("/robot/data?partial=power").await.ok(), json!([{"power": 7}]));
    let diff = ann.get("/robot/one/diff?from=1&to=2").await.ok();
    assert_eq!(diff, json!([{"op": "replace", "path": "/power", "value": 7}]));
    let robot = app.app().repository::<v2::Robot>().get("one").await.expect("it reads");
    assert_eq!((robot.data.power, robot.head.revision.schema_version.as_deref()), (7, Some("v1")));
    let (version, data) = stored(&app);
    assert_eq!(version, "v1");
    assert_eq!(data, r#"{"name":"r2","power":"7","tags":["small"]}"#);
}

#[tokio::test]
async fn a_chain_of_steps_leads_to_the_type() {
    let app = second().await;
    app.user("ann")
        .put("/robot/two", json!({"name": "b", "power": 1, "label": "x"}))
        .if_none_match("*")
        .await
        .ok();
    let app = start(app.stop().await, resources![v3::Robot]).await;
    let ann = app.user("ann");
    assert_eq!(
        ann.get("/robot/one/data").await.ok(),
        json!({"name": "r2", "power": 7, "grade": "from of r2"})
    );
    assert_eq!(ann.get("/robot/two/data").await.ok(), json!({"name": "b", "power": 1, "grade": "from x"}));
}

#[tokio::test]
async fn a_write_after_such_a_read_is_at_the_new_version_with_every_index() {
    let app = second().await;
    let ann = app.user("ann");
    let written = ann.patch("/robot/one", json!({"power": 8})).await.ok();
    assert_eq!((&written["schema_version"], &written["parent_schema_version"]), (&json!("v2"), &json!("v1")));
    let read = ann.get("/robot/one").await.ok();
    assert_eq!(read["data"]["label"], "of r2");
    // What the patch did not touch is in the index too, with the value it was read with.
    for (field, operator, value) in
        [("label", "eq", json!("of r2")), ("tags", "contains", json!("old")), ("power", "eq", json!(8))]
    {
        let conditions = json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
        let found = ann.get("/robot/count").query(&[("conditions", &conditions)]).await.ok();
        assert_eq!(found, 1, "{field}");
    }
    assert_eq!(ann.get("/robot/one?revision_id=one:2").await.ok()["data"]["power"], 7);
    ann.ask("POST", "/robot/one/switch/2").await.refused(409, "v1");
    assert_sound(&app.file());
}

#[tokio::test]
async fn actions_undo_and_status_changes_work_on_older_content() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("PUT", "/robot/one?mode=modify&change_status=draft").await.ok();
    let (version, data) = stored(&app);
    assert_eq!(version, "v1", "a status is no content");
    assert!(data.contains(r#""power":"7""#), "{data}");
    ann.ask("POST", "/robot/one/boost").await.ok();
    assert_eq!(ann.get("/robot/one/data").await.ok()["power"], 8);
    ann.ask("POST", "/robot/one/undo/3").await.ok();
    assert_eq!(ann.get("/robot/one/data").await.ok()["power"], 7);
    ann.delete("/robot/one").await.ok();
    ann.ask("POST", "/robot/one/restore").await.ok();
    ann.ask("POST", "/robot/one/switch/1").await.refused(409, "v1");
}

#[tokio::test]
async fn a_switch_between_revisions_of_one_older_version_keeps_what_is_stored() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/robot/one/switch/1").await.ok();
    let (version, data) = stored(&app);
    assert_eq!(version, "v1");
    assert!(data.contains(r#""power":"6""#), "{data}");
    assert_eq!(ann.get("/robot/one/data").await.ok()["power"], 6);
    ann.delete("/robot/one/permanently").await.ok();
    assert_sound(&app.file());
}

#[tokio::test]
async fn rules_see_the_new_shape() {
    let folder = old().await.stop().await;
    let app = start_with(folder, resources![v2::Robot], |builder| {
        let labelled = allow_if::<v2::Robot>(Action::READ, |_, robot| robot.label == "of r2");
        builder.deny_by_default(true).access_for::<v2::Robot>(labelled)
    })
    .await;
    assert_eq!(app.user("ann").get("/robot/one/data").await.ok(), now());
}

#[tokio::test]
async fn content_of_a_later_program_keeps_an_earlier_one_from_starting() {
    let folder = second().await.stop().await;
    let builder = specstar::app::SpecStar::builder().resources(resources![v1::Robot]).open_access();
    let built = database::on(builder, folder.path()).build();
    let problem = built.await.expect_err("it does not know v2").to_string();
    for said in ["robot", "\"v2\"", "\"v1\""] {
        assert!(problem.contains(said), "{said}: {problem}");
    }
}

#[tokio::test]
async fn an_answer_that_depends_on_the_program_is_never_not_modified() {
    let app = second().await;
    let ann = app.user("ann");
    let tag = ann.tag("/robot/one").await;
    ann.get("/robot/one").header("if-none-match", &tag).await.ok();
    let app = start(app.stop().await, resources![v3::Robot]).await;
    let read = app.user("ann").get("/robot/one").header("if-none-match", &tag).await.ok();
    assert_eq!(read["data"]["grade"], "from of r2");
}
