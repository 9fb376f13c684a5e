//! Content that nothing can be made of.

use serde_json::json;
use specstar::access::{Action, allow_input_if};
use specstar::descriptor::OnDecodeError;
use specstar::resources;

use super::models::{forgetful, v1, v2};
use super::{first, start, start_with};
use crate::common::{TestApp, database};

/// One robot that can be read, one whose step fails, one whose step panics.
async fn robots() -> TestApp {
    let app = first(resources![v1::Robot]).await;
    for (id, power) in [("good", "1"), ("bad", "much"), ("worse", "panic")] {
        let body = json!({"name": id, "power": power});
        app.user("ann").put(&format!("/robot/{id}"), body).if_none_match("*").await.ok();
    }
    app
}

async fn with(policy: OnDecodeError) -> TestApp {
    let folder = robots().await.stop().await;
    start_with(folder, resources![v2::Robot], |builder| builder.on_decode_error(policy)).await
}

#[tokio::test]
async fn a_list_marks_what_cannot_be_read_and_a_read_is_refused() {
    let app = start(robots().await.stop().await, resources![v2::Robot]).await;
    let ann = app.user("ann");
    ann.get("/robot/bad").await.refused(422, "'much' is no number");
    ann.get("/robot/worse/data").await.refused(422, "panicked");
    ann.get("/robot/good").await.ok();
    let list = ann.get("/robot?with_total=true").await;
    assert_eq!(list.header("x-total-count"), Some("3".to_owned()));
    let list = list.ok();
    assert_eq!(list.as_array().expect("a list").len(), 3);
    assert_eq!(list[0]["data"]["power"], 1);
    assert_eq!((&list[1]["error"]["code"], list[1].get("data")), (&json!("UNDECODABLE"), None));
    assert!(list[1]["error"]["message"].as_str().expect("text").contains("much"), "{list}");
    assert_eq!(list[1]["meta"]["resource_id"], "bad");
    let bare = ann.get("/robot?returns=only-data").await.ok();
    assert_eq!(bare[1]["error"]["code"], "UNDECODABLE");
    // What needs no content works: metadata, history, deletes, and a new content.
    ann.get("/robot/bad/meta").await.ok();
    assert_eq!(ann.get("/robot/meta").await.ok().as_array().expect("a list").len(), 3);
    ann.get("/robot/bad/revision-list").await.ok();
    ann.patch("/robot/bad", json!({"power": 3})).await.refused(422, "much");
    ann.delete("/robot/bad").await.ok();
    ann.ask("POST", "/robot/bad/restore").await.ok();
    ann.put("/robot/bad", json!({"name": "bad", "power": 2, "label": "b"})).await.ok();
    assert_eq!(ann.get("/robot/bad/data").await.ok()["power"], 2);
    ann.delete("/robot/worse/permanently").await.ok();
}

#[tokio::test]
async fn a_list_can_leave_it_out_fail_or_show_what_is_stored() {
    let app = with(OnDecodeError::Skip).await;
    let list = app.user("ann").get("/robot").await.ok();
    assert_eq!(list.as_array().expect("a list").len(), 1);
    assert_eq!(app.user("ann").get("/robot/count").await.ok(), 3);
    app.user("ann").get("/robot/bad").await.refused(422, "much");
    let app = with(OnDecodeError::Error).await;
    app.user("ann").get("/robot").await.refused(422, "much");
    app.user("ann").get("/robot/meta").await.ok();
    let app = with(OnDecodeError::Raw).await;
    let list = app.user("ann").get("/robot").await.ok();
    assert_eq!(list[1]["data"]["data"], json!({"name": "bad", "power": "much", "tags": []}));
    let read = app.user("ann").get("/robot/bad/data").await.ok();
    assert!(read["decode_error"].as_str().expect("text").contains("much"), "{read}");
}

#[tokio::test]
async fn a_version_without_a_way_is_a_problem_of_its_rows_only() {
    let folder = robots().await.stop().await;
    // As an import can leave it: the file does not say that there is anything later.
    database::execute(folder.path(), "UPDATE ss_model SET schema_version = NULL");
    let app = start(folder, resources![forgetful::Robot]).await;
    let ann = app.user("ann");
    ann.get("/robot/good").await.refused(422, "No migration path from version 'v1' to 'v9'");
    ann.post("/robot", json!({"name": "new"})).await.ok();
    let list = ann.get("/robot").await.ok();
    assert_eq!(list[3]["data"]["name"], "new");
    assert_eq!(list[0]["error"]["code"], "UNDECODABLE");
}

#[tokio::test]
async fn a_rule_on_content_is_not_asked_about_what_cannot_be_read() {
    let folder = robots().await.stop().await;
    let app = start_with(folder, resources![v2::Robot], |builder| {
        builder
            .access_for::<v2::Robot>(allow_input_if::<v2::Robot>(Action::MODIFY, |_, robot| robot.power < 5))
    })
    .await;
    let ann = app.user("ann");
    ann.ask("PUT", "/robot/bad?mode=modify&change_status=draft").await.refused(422, "much");
    ann.ask("PUT", "/robot/good?mode=modify&change_status=draft").await.ok();
}
