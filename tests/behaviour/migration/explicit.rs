//! Migrations for good: of one resource, taking them back, and what they leave.

use serde_json::{Value, json};
use specstar::repository::MigrateOptions;
use specstar::resources;

use super::models::{v1, v2, v3};
use super::{first, start};
use crate::common::{TestApp, assert_sound, database};

/// Two revisions of one robot, and one without tags, as the first program wrote them.
async fn second() -> TestApp {
    start(old().await.stop().await, resources![v2::Robot]).await
}

async fn old() -> TestApp {
    let app = first(resources![v1::Robot]).await;
    let ann = app.user("ann").at("2024-01-01T00:00:00Z");
    ann.put("/robot/one", json!({"name": "r2", "power": "6"})).if_none_match("*").await.ok();
    ann.put("/robot/one", json!({"name": "r2", "power": "7", "tags": ["small"]})).await.ok();
    ann.put("/robot/two", json!({"name": "c3"})).if_none_match("*").await.ok();
    app
}

async fn count(app: &TestApp, field: &str, operator: &str, value: Value) -> Value {
    let conditions = json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
    app.user("ann").get("/robot/count").query(&[("conditions", &conditions)]).await.ok()
}

#[tokio::test]
async fn the_revision_stays_the_same_one_at_another_version() {
    let app = second().await;
    let ann = app.user("bob");
    let before = ann.get("/robot/one").await.ok();
    let tag = ann.tag("/robot/one").await;
    let told = ann.ask("POST", "/robot/migrate/single/one").await.ok();
    assert_eq!(
        (&told["resource_id"], &told["status"], &told["error"]),
        (&json!("one"), &json!("success"), &Value::Null)
    );
    let after = ann.get("/robot/one").await.ok();
    assert_eq!(after["data"], before["data"]);
    for key in ["uid", "revision_id", "created_time", "created_by", "updated_time", "updated_by", "status"] {
        assert_eq!(after["revision_info"][key], before["revision_info"][key], "{key}");
    }
    for key in ["updated_time", "updated_by", "total_revision_count", "current_revision_id"] {
        assert_eq!(after["meta"][key], before["meta"][key], "{key}");
    }
    assert_eq!(after["revision_info"]["schema_version"], "v2");
    assert_eq!(after["revision_info"]["parent_schema_version"], "v1");
    assert_ne!(after["revision_info"]["data_hash"], before["revision_info"]["data_hash"]);
    assert_eq!(after["meta"]["indexed_data"]["tags"], json!(["small", "old"]));
    assert_ne!(ann.tag("/robot/one").await, tag);
    assert_eq!(count(&app, "tags", "contains", json!("old")).await, 1);
    assert_eq!(count(&app, "label", "eq", json!("of r2")).await, 1);
    let changes = ann.get("/robot/one/changes").await.ok();
    let last = changes.as_array().and_then(|changes| changes.last()).expect("a change").clone();
    assert_eq!((&last["kind"], &last["by"]), (&json!("migrated"), &json!("bob")));
    assert_eq!(ann.ask("POST", "/robot/migrate/single/one").await.ok()["status"], "skipped");
    assert_sound(&app.file());
}

#[tokio::test]
async fn a_superseded_revision_is_migrated_alone_and_can_be_switched_to() {
    let app = second().await;
    let ann = app.user("ann");
    ann.patch("/robot/one", json!({"power": 8})).await.ok();
    ann.ask("POST", "/robot/one/switch/1").await.refused(409, "v1");
    let tag = ann.tag("/robot/one").await;
    let told = ann.ask("POST", "/robot/migrate/single/one?revision_id=one:1").await.ok();
    assert_eq!(told["status"], "success");
    assert_ne!(ann.tag("/robot/one").await, tag, "the resource counts as changed");
    assert_eq!(
        ann.ask("POST", "/robot/migrate/single/one?revision_id=one:1").await.ok()["status"],
        "skipped"
    );
    let info = ann.get("/robot/one/revision-info?revision_id=one:1").await.ok();
    assert_eq!((&info["schema_version"], &info["parent_schema_version"]), (&json!("v2"), &json!("v1")));
    ann.ask("POST", "/robot/one/switch/1").await.ok();
    assert_eq!(ann.get("/robot/one/data").await.ok()["power"], 6);
    assert_eq!(count(&app, "power", "eq", json!(6)).await, 1);
}

#[tokio::test]
async fn a_migration_can_be_taken_back_until_it_is_purged() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/robot/migrate/rollback/one").await.refused(409, "was not migrated");
    ann.ask("POST", "/robot/migrate/single/one").await.ok();
    ann.ask("POST", "/robot/migrate/single/one?revision_id=1").await.ok();
    assert_eq!(ann.ask("POST", "/robot/migrate/rollback/one").await.ok()["status"], "success");
    let info = ann.get("/robot/one").await.ok();
    assert_eq!((&info["meta"]["schema_version"], &info["data"]["label"]), (&json!("v1"), &json!("of r2")));
    assert_eq!(count(&app, "tags", "contains", json!("old")).await, 0);
    assert_eq!(count(&app, "tags", "contains", json!("small")).await, 1);
    ann.ask("POST", "/robot/migrate/rollback/one").await.refused(409, "was not migrated");
    ann.ask("POST", "/robot/migrate/rollback/one?revision_id=1").await.ok();
    assert_eq!(ann.get("/robot/one/revision-info?revision_id=one:1").await.ok()["schema_version"], "v1");
    // Migrated twice, it goes back step by step.
    ann.ask("POST", "/robot/migrate/single/one").await.ok();
    let app = start(app.stop().await, resources![v3::Robot]).await;
    let ann = app.user("ann");
    ann.ask("POST", "/robot/migrate/single/one").await.ok();
    for version in ["v2", "v1"] {
        ann.ask("POST", "/robot/migrate/rollback/one").await.ok();
        assert_eq!(ann.get("/robot/one/meta").await.ok()["schema_version"], version);
    }
    ann.ask("POST", "/robot/migrate/single/one").await.ok();
    ann.ask("PUT", "/robot/one?mode=modify&change_status=draft").await.ok();
    let body = json!({"name": "x", "power": 1});
    ann.ask("PUT", "/robot/one?mode=modify").json(&body).await.ok();
    ann.ask("POST", "/robot/migrate/rollback/one").await.refused(409, "changed since");
    ann.delete("/robot/one/permanently").await.ok();
    let left = database::row(app.folder().path(), "SELECT count(*) FROM ss_original");
    assert_eq!(left, ["0"], "what is purged is not kept");
}

#[tokio::test]
async fn trying_writes_nothing() {
    let app = second().await;
    let before = app.picture(&["robot"]).await;
    let told = app.user("ann").ask("POST", "/robot/migrate/single/one?write_back=false").await.ok();
    assert_eq!(told["status"], "success");
    app.user("ann").ask("POST", "/robot/migrate/test").await.is(200);
    assert_eq!(app.picture(&["robot"]).await, before);
}

#[tokio::test]
async fn what_cannot_be_migrated_is_told_and_stays_as_it_was() {
    let app = first(resources![v1::Robot]).await;
    let ann = app.user("ann");
    for (id, power) in [("bad", "much"), ("worse", "panic"), ("strong", "2000"), ("good", "1")] {
        ann.put(&format!("/robot/{id}"), json!({"name": "same", "power": power}))
            .if_none_match("*")
            .await
            .ok();
    }
    let app = start(app.stop().await, resources![v2::Robot]).await;
    let ann = app.user("ann");
    for (id, reason) in
        [("bad", "'much' is no number"), ("worse", "panicked"), ("strong", "power must be <= 1000")]
    {
        for write_back in ["true", "false"] {
            let path = format!("/robot/migrate/single/{id}?write_back={write_back}");
            let told = ann.ask("POST", &path).await.ok();
            assert_eq!((&told["status"], &told["message"]), (&json!("failed"), &Value::Null));
            assert!(told["error"].as_str().expect("text").contains(reason), "{told}");
        }
        assert_eq!(ann.get(&format!("/robot/{id}/meta")).await.ok()["schema_version"], "v1");
    }
    ann.ask("POST", "/robot/migrate/single/good").await.ok();
    // The label of another one is taken now.
    ann.put("/robot/late", json!({"name": "late", "label": "of bad"})).if_none_match("*").await.ok();
    ann.ask("POST", "/robot/migrate/single/nope").await.refused(404, "nope");
    ann.ask("POST", "/robot/migrate/single/good?revision_id=good:7").await.refused(404, "good:7");
    ann.ask("POST", "/robot/migrate/single/good?revision_id=other:1").await.refused(404, "other:1");
}

#[tokio::test]
async fn a_version_without_a_way_is_a_bad_request() {
    let folder = old().await.stop().await;
    database::execute(folder.path(), "UPDATE ss_model SET schema_version = NULL");
    let app = start(folder, resources![super::models::forgetful::Robot]).await;
    app.user("ann").ask("POST", "/robot/migrate/single/one").await.refused(400, "No migration path");
}

#[tokio::test]
async fn a_program_migrates_and_counts_versions() {
    let app = second().await;
    let robots = app.app().repository::<v2::Robot>();
    let versions = |found: &[specstar::store::VersionCount]| -> Vec<(Option<String>, u64, u64)> {
        found.iter().map(|count| (count.version.clone(), count.current, count.superseded)).collect()
    };
    let v = |text: &str| Some(text.to_owned());
    let found = robots.versions().await.expect("it counts");
    assert_eq!(versions(&found), [(v("v1"), 2, 1)]);
    let options = MigrateOptions { batch: 1, ..MigrateOptions::default() };
    let migration = robots.migrate(options).await.expect("it begins");
    let summary = migration.finish().await.expect("it ends");
    assert_eq!((summary.total, summary.success, summary.failed), (2, 2, 0));
    let found = robots.versions().await.expect("it counts");
    assert_eq!(versions(&found), [(v("v1"), 0, 1), (v("v2"), 2, 0)]);
}
