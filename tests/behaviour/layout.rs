//! The tables follow the types: what changes between two starts on one file.

use std::sync::Arc;

use serde_json::{Value, json};
use specstar::registry::Registry;
use specstar::store::ModelLayoutChange;
use tempfile::TempDir;

use crate::common::{TestApp, assert_sound};

mod first {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(super) struct Thing {
        #[indexed]
        pub(super) name: String,
        #[indexed]
        #[serde(default)]
        pub(super) size: i64,
        #[serde(default)]
        pub(super) tags: Vec<String>,
        #[serde(default)]
        pub(super) code: String,
    }
}

mod second {
    use specstar::prelude::*;

    /// `size` lost its index, `tags` and `code` got one, `colour` is new.
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(super) struct Thing {
        #[indexed]
        pub(super) name: String,
        #[serde(default)]
        pub(super) size: i64,
        #[indexed]
        #[serde(default)]
        pub(super) tags: Vec<String>,
        #[unique]
        #[serde(default)]
        pub(super) code: String,
        #[indexed]
        #[serde(default)]
        pub(super) colour: Option<String>,
    }
}

mod third {
    use specstar::prelude::*;

    /// Only `size` is indexed, as another type.
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(super) struct Thing {
        #[indexed]
        pub(super) size: f64,
        #[serde(default)]
        pub(super) name: String,
    }
}

async fn start(folder: Arc<TempDir>, resources: Registry) -> TestApp {
    TestApp::on(folder, resources, |builder| builder).await
}

fn change(app: &TestApp) -> Option<ModelLayoutChange> {
    app.app().layout().models.first().cloned()
}

async fn count(app: &TestApp, field: &str, operator: &str, value: Value) -> Value {
    let conditions = json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
    app.user("ann").get("/thing/count").query(&[("data_conditions", &conditions)]).await.ok()
}

#[tokio::test]
async fn indexes_come_and_go_and_queries_follow() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let app = start(folder, specstar::resources![first::Thing]).await;
    let made = change(&app).expect("the tables are new");
    assert_eq!((made.model.as_str(), made.created), ("thing", true));
    let ann = app.user("ann");
    for n in 0..5 {
        let body = json!({"name": format!("n{n}"), "size": n, "tags": ["all", format!("t{n}")], "code": format!("c{n}")});
        ann.put(&format!("/thing/{n}"), body).if_none_match("*").await.ok();
    }
    ann.delete("/thing/4").await.ok();
    assert_eq!(count(&app, "size", "gte", json!(2)).await, 2);

    let app = start(app.stop().await, specstar::resources![first::Thing]).await;
    assert_eq!(change(&app), None, "nothing changed");

    let app = start(app.stop().await, specstar::resources![second::Thing]).await;
    let changed = change(&app).expect("the indexes changed");
    assert!(!changed.created);
    let sorted = |mut keys: Vec<String>| {
        keys.sort_unstable();
        keys
    };
    assert_eq!(sorted(changed.indexes_added), ["code", "colour", "tags"]);
    assert_eq!((changed.indexes_removed, changed.rows_backfilled), (vec!["size".to_owned()], 5));
    assert_eq!(count(&app, "tags", "contains", json!("all")).await, 4);
    assert_eq!(count(&app, "code", "eq", json!("c3")).await, 1);
    assert_eq!(count(&app, "colour", "is_null", json!(true)).await, 4);
    let ann = app.user("ann");
    let conditions = json!([{"field_path": "size", "operator": "eq", "value": 1}]).to_string();
    ann.get("/thing").query(&[("conditions", &conditions)]).await.refused(400, "size");
    ann.post("/thing", json!({"name": "x", "code": "c1"})).await.refused(409, "code");
    ann.post("/thing", json!({"name": "x", "code": "c4"})).await.ok();
    ann.ask("POST", "/thing/4/restore").await.refused(409, "code");
    ann.ask("PUT", "/thing/0?mode=modify&change_status=draft").await.ok();
    ann.put("/thing/0", json!({"name": "n0", "code": "c0", "colour": "red"})).await.ok();
    assert_eq!(count(&app, "colour", "eq", json!("red")).await, 1);
    ann.ask("POST", "/thing/0/switch/1").await.ok();
    assert_eq!(count(&app, "colour", "eq", json!("red")).await, 0);

    let app = start(app.stop().await, specstar::resources![third::Thing]).await;
    let changed = change(&app).expect("the indexes changed again");
    assert_eq!(changed.indexes_added, ["size"]);
    assert_eq!(count(&app, "size", "gt", json!(0.5)).await, 3);
    assert_sound(&app.file());
}

#[tokio::test]
async fn a_unique_field_over_equal_values_is_a_reason_not_to_start() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let app = start(folder, specstar::resources![first::Thing]).await;
    for id in ["one", "two"] {
        app.user("ann")
            .put(&format!("/thing/{id}"), json!({"name": "n", "code": "same"}))
            .if_none_match("*")
            .await
            .ok();
    }
    let folder = app.stop().await;
    let builder = specstar::app::SpecStar::builder().resources(specstar::resources![second::Thing]);
    let built = crate::common::database::on(builder, folder.path()).build();
    let problem = built.await.expect_err("two have the same code").to_string();
    for said in ["thing", "code", "one", "two"] {
        assert!(problem.contains(said), "{said}: {problem}");
    }
    let app = start(folder, specstar::resources![first::Thing]).await;
    assert_eq!(change(&app), None, "the refused start changed nothing");
    assert_eq!(app.user("ann").get("/thing/count").await.ok(), 2);
}

#[tokio::test]
async fn a_type_that_is_not_registered_keeps_its_rows() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let app = start(folder, specstar::resources![first::Thing]).await;
    app.user("ann").put("/thing/one", json!({"name": "n"})).if_none_match("*").await.ok();
    let app = start(app.stop().await, crate::resources()).await;
    app.user("ann").get("/thing/one").await.refused(404, "Not Found");
    let app = start(app.stop().await, specstar::resources![first::Thing]).await;
    assert_eq!(app.user("ann").get("/thing/one/data").await.ok()["name"], "n");
}
