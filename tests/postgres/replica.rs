//! A copy of the database that only reads, and may be late.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use specstar::store::PostgresOptions;
use tokio::runtime::Handle;

use crate::common::postgres::Cluster;
use crate::common::{TestApp, postgres};
use crate::resources;

/// An application whose copy has what the other one has: as late as a copy can be.
async fn beside(copy: &TestApp) -> TestApp {
    let folder = Arc::new(tempfile::TempDir::new().expect("a folder"));
    let options = PostgresOptions {
        replica_url: Some(postgres::url(copy.folder().path())),
        ..PostgresOptions::new(postgres::url(folder.path()))
    };
    TestApp::on(folder, resources(), |builder| builder.postgres_with(options)).await
}

fn length(list: &Value) -> usize {
    list.as_array().expect("a list").len()
}

#[tokio::test]
async fn lists_and_counts_are_read_from_the_copy_and_nothing_is_decided_by_it() {
    let copy = TestApp::new(resources()).await;
    let app = beside(&copy).await;
    let (ann, late) = (app.user("ann"), copy.user("ann"));
    late.created("counter", json!({"value": 1})).await;
    for value in [2, 3] {
        ann.created("counter", json!({ "value": value })).await;
    }
    let list = ann.get("/counter?with_total=true").await;
    assert_eq!(list.ok()[0]["data"]["value"], 1);
    assert_eq!(list.header("x-total-count").as_deref(), Some("1"));
    assert_eq!(ann.get("/counter/count").await.ok(), 1);
    // A batch changes what is there.
    assert_eq!(length(&ann.delete("/counter").await.ok()), 2);
    assert_eq!(length(&ann.ask("POST", "/counter/restore").await.ok()), 2);
    // Whether something may be deleted depends on who refers to it now.
    let owner = ann.created("owner", json!({"name": "bo"})).await;
    let pet = json!({"owner": owner.trim_start_matches("/owner/")});
    ann.post("/pet", pet).await.ok();
    ann.delete(&owner).await.is(409);
    assert_eq!(length(&ann.get(&format!("{owner}/referrers")).await.ok()[0]["resource_ids"]), 1);
    // An archive has everything.
    let archive = ann.get("/counter/export").await;
    assert_eq!(archive.status(), 200);
    let other = TestApp::new(resources()).await;
    let import = other
        .user("ann")
        .ask("POST", "/counter/import")
        .body("application/x-ndjson", archive.bytes().to_vec());
    import.await.ok();
    assert_eq!(other.user("ann").get("/counter/count").await.ok(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_copy_is_away_the_database_itself_is_read() {
    let cluster = Cluster::start();
    let folder = Arc::new(tempfile::TempDir::new().expect("a folder"));
    let url = cluster.url("postgres");
    std::fs::write(folder.path().join("postgres.url"), &url).expect("a note");
    let copy = TestApp::on(folder, resources(), |builder| builder.postgres(url.as_str())).await;
    copy.user("ann").created("counter", json!({"value": 1})).await;
    let app = beside(&copy).await;
    let ann = app.user("ann");
    for value in [2, 3] {
        ann.created("counter", json!({ "value": value })).await;
    }
    ann.created("owner", json!({"name": "bo"})).await;
    assert_eq!(length(&ann.get("/counter").await.ok()), 1);
    let limit = Instant::now() + Duration::from_secs(30);
    cluster.restart("-QUIT", || {
        let asked = async {
            // Of many at once nobody is told.
            let lists = (0..20).map(|_| ann.get("/counter").into_future());
            for list in futures_util::future::join_all(lists).await {
                assert_eq!(length(&list.ok()), 2);
            }
            assert_eq!(ann.get("/counter/count").await.ok(), 2);
            // What the engine does not decide alone.
            let filter = r#"[{"field_path": "name", "operator": "regex", "value": "^b"}]"#;
            let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            assert_eq!(length(&ann.get(&format!("/owner?data_conditions={filter}")).await.ok()), 1);
        };
        tokio::task::block_in_place(|| Handle::current().block_on(asked));
    });
    // It is asked again when it is back.
    while ann.get("/counter/count").await.ok() != 1 {
        assert!(Instant::now() < limit, "nobody asks the copy again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
