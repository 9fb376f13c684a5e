//! The log of changes beside the transactions of others.

use std::time::Duration;

use serde_json::json;
use specstar::sea_orm::{ConnectionTrait, Database, TransactionTrait};

use crate::common::{TestApp, database, eventually, postgres};
use crate::{Counter, resources};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_delays_the_feed_and_takes_nothing_from_it() {
    let folder = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let options = specstar::store::PostgresOptions {
        log_timeout: Duration::from_millis(100),
        replica_url: Some(postgres::url(folder.path())),
        ..specstar::store::PostgresOptions::new(postgres::url(folder.path()))
    };
    let app = TestApp::on(folder, resources(), |builder| builder.postgres_with(options)).await;
    let ann = app.user("ann");
    ann.created("counter", json!({"value": 1})).await;
    eventually("the first one is shown", || async {
        ann.get("/counter/changes").await.ok().as_array().expect("a list").len() == 1
    })
    .await;
    let url = postgres::url(app.folder().path());
    let other = Database::connect(url).await.expect("it connects");
    let long = other.begin().await.expect("it begins");
    long.execute_unprepared("CREATE TABLE other (x int)").await.expect("it writes");
    for value in 2..5 {
        ann.created("counter", json!({ "value": value })).await;
    }
    assert_eq!(ann.get("/counter/count").await.ok(), 4, "writes and reads go on");
    let seen = ann.get("/counter/changes").await.ok();
    assert_eq!(
        seen.as_array().expect("a list").len(),
        1,
        "what may still have something before it is not shown"
    );
    long.rollback().await.expect("it ends");
    eventually("the rest is there", || async {
        ann.get("/counter/changes").await.ok().as_array().expect("a list").len() == 4
    })
    .await;
    other.close().await.expect("it closes");
}

#[tokio::test]
async fn a_log_of_another_cluster_goes_on_behind_its_end() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let path = ann.created("counter", json!({"value": 1})).await;
    let before = ann.get("/counter/changes").await.ok();
    let end = before[0]["position"].as_i64().expect("a number");
    let folder = app.stop().await;
    // As if the transactions of this cluster had lower numbers than those that wrote the log.
    database::execute(folder.path(), "UPDATE ss_state SET base = base - 4294967296000");
    let app = TestApp::on(folder, resources(), |builder| builder).await;
    let ann = app.user("ann");
    ann.put(&path, json!({"value": 2})).await.ok();
    eventually("the log is whole", || async {
        ann.get("/counter/changes").await.ok().as_array().expect("a list").len() == 2
    })
    .await;
    let after = ann.get(&format!("/counter/changes?since={end}")).await.ok();
    assert_eq!(after.as_array().expect("a list").len(), 1);
    assert!(after[0]["position"].as_i64().expect("a number") > end, "{after}");
    let own = ann.get(&format!("{path}/changes")).await.ok();
    assert_eq!(own.as_array().expect("a list").len(), 2, "the chain of the resource is whole");
}

#[tokio::test]
async fn a_connection_of_the_program_serves_as_well() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let url = postgres::url(folder.path());
    let connection = Database::connect(&url).await.expect("it connects");
    let own = connection.clone();
    let app = TestApp::with(resources(), move |builder| builder.postgres_connection(own)).await;
    let ann = app.user("ann");
    for value in 0..5 {
        ann.created("counter", json!({ "value": value })).await;
    }
    let list = ann.get("/counter").query(&[("qb", "(QB['value'] > 1).sort(QB['value'].desc())")]).await.ok();
    assert_eq!(list.as_array().expect("a list").len(), 3);
    assert_eq!(ann.get("/counter/count").await.ok(), 5);
    app.stop().await;
    connection.ping().await.expect("it is still open");
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_503() {
    let folder = std::sync::Arc::new(tempfile::TempDir::new().expect("a folder"));
    let options = specstar::store::PostgresOptions {
        statement_timeout: Duration::from_secs(1),
        ..specstar::store::PostgresOptions::new(postgres::url(folder.path()))
    };
    // What is to work has the usual time.
    let usual = TestApp::on(std::sync::Arc::clone(&folder), resources(), |builder| builder).await;
    let path = usual.user("ann").created("counter", json!({"value": 1})).await;
    let app =
        TestApp::on(std::sync::Arc::clone(&folder), resources(), |builder| builder.postgres_with(options))
            .await;
    let ann = app.user("ann");
    let other = Database::connect(postgres::url(folder.path())).await.expect("it connects");
    let lock = other.begin().await.expect("it begins");
    lock.execute_unprepared("LOCK TABLE h_counter IN ACCESS EXCLUSIVE MODE").await.expect("it locks");
    ann.get("/counter").await.is(503);
    ann.get("/counter/count").await.is(503);
    ann.put(&path, json!({"value": 2})).await.is(503);
    lock.rollback().await.expect("it ends");
    usual.user("ann").get("/counter").await.ok();
    let stored =
        usual.app().repository::<Counter>().get(path.trim_start_matches("/counter/")).await.expect("stored");
    assert_eq!(stored.data.value, 1, "what was refused was not written");
    other.close().await.expect("it closes");
}
