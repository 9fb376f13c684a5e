//! Texts that the engine orders, cuts or refuses in its own way.

use std::sync::Arc;

use serde_json::{Value, json};
use specstar::access::{Principal, principal_fn};
use specstar::sea_orm::{ConnectionTrait, Database};

use crate::common::postgres::{Cluster, blocking, run};
use crate::common::{TestApp, User, client, database};
use crate::resources;

async fn emails(user: &User, qb: &str) -> Vec<String> {
    let list = user.get("/account").query(&[("qb", qb), ("limit", "1000")]).await.ok();
    let email = |account: &Value| account["data"]["email"].as_str().expect("text").to_owned();
    list.as_array().expect("a list").iter().map(email).collect()
}

#[tokio::test]
async fn texts_that_are_longer_than_an_entry_of_an_index_are_found_all_the_same() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    // No compression makes these fit.
    let noise: String =
        (0..1_100_u32).map(|at| char::from_u32(0x4e00 + at * 7 % 20_000).expect("a character")).collect();
    let (long, longer) = (format!("a{noise}"), format!("a{noise}z"));
    for (email, tag) in [("a", "x"), (&*long, &*noise), (&*longer, &*longer), ("b", "y")] {
        ann.post("/account", json!({"email": email, "tags": [tag]})).await.ok();
    }
    ann.post("/account", json!({ "email": long })).await.refused(409, "email");
    let all = emails(&ann, "QB.all().sort(QB['email'].asc())").await;
    assert_eq!(all.first().map(String::as_str), Some("a"));
    assert_eq!(all.last().map(String::as_str), Some("b"));
    let (only_long, only_longer) = (vec![long.clone()], vec![longer.clone()]);
    let found = |qb: String| {
        let ann = ann.clone();
        async move { emails(&ann, &qb).await }
    };
    assert_eq!(found(format!("QB['email'] == '{long}'")).await, only_long);
    assert_eq!(found(format!("QB['tags'].contains('{longer}')")).await, only_longer);
    assert_eq!(found(format!("QB['email'] > '{long}'")).await.len(), 2, "the longer one, and b");
    assert_eq!(found(format!("QB['email'].starts_with('{long}')")).await.len(), 2);
    assert_eq!(found("QB['email'].ends_with('z')".into()).await, only_longer);
    assert_eq!(found(format!("QB['email'].length() == {}", long.chars().count())).await, only_long);
    let count = ann.get("/account/count").query(&[("qb", "QB['email'].length() > 1")]).await.ok();
    assert_eq!(count, 2);
    let id = format!("QB['email'] == '{longer}'");
    let list = ann.get("/account").query(&[("qb", &id)]).await.ok();
    let path = format!("/account/{}", list[0]["meta"]["resource_id"].as_str().expect("an id"));
    ann.put(&path, json!({"email": "c", "tags": []})).await.ok();
    assert!(found(format!("QB['tags'].contains('{longer}')")).await.is_empty());
}

#[tokio::test]
async fn values_that_are_too_long_together_are_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    // No compression makes these fit.
    let mut state = 1_u32;
    let mut noise = || -> String {
        let mut letter = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4e00 + (state >> 8) % 20_000).expect("a character")
        };
        (0..1_000).map(|_| letter()).collect()
    };
    let mut place =
        || json!({"land": noise(), "town": noise(), "street": noise(), "house": noise(), "door": noise()});
    ann.post("/place", place()).await.refused(422, "longer than the database can index");
    assert_eq!(ann.get("/place/count").await.ok(), 0);
    let mut short = place();
    short["door"] = "1".into();
    let path = ann.created("place", short.clone()).await;
    ann.post("/place", short).await.is(409);
    ann.put(&path, place()).await.is(422);
}

#[tokio::test]
async fn a_zero_character_is_refused_or_found_nowhere() {
    let app = TestApp::with(resources(), |builder| {
        builder.principal(principal_fn(|request| {
            let name = request.headers.get("x-user").and_then(|name| name.to_str().ok()).unwrap_or("ann");
            Ok(Principal::user(name.replace("zero", "a\0b")))
        }))
    })
    .await;
    let ann = app.user("ann");
    ann.created("account", json!({"email": "a"})).await;
    ann.get("/account/a%00b").await.is(404);
    for (path, status) in [("/account/a%00b", 404), ("/account/a%00b/revision-list", 404)] {
        assert_eq!(ann.get(path).await.status(), status);
    }
    let put = ann.put("/account/a%00b", json!({"email": "b"})).if_none_match("*").await;
    assert!([400, 404, 422].contains(&put.status()), "{put}");
    ann.post("/account", json!({"email": "a\0b"})).await.is(422);
    ann.post("/pet", json!({"owner": "a\0b"})).await.refused(422, "");
    for (operator, value) in
        [("eq", "a\0b"), ("gt", "\0"), ("starts_with", "\0"), ("contains", "\0"), ("in", "\0")]
    {
        let value = if operator == "in" { json!([value]) } else { json!(value) };
        let conditions = json!([{"field_path": "email", "operator": operator, "value": value}]).to_string();
        let found = ann.get("/account").query(&[("data_conditions", &conditions)]).await.ok();
        let expected = usize::from(operator == "gt");
        assert_eq!(found.as_array().expect("a list").len(), expected, "{operator}");
    }
    let conditions = json!([{"field_path": "created_by", "operator": "eq", "value": "a\0b"}]).to_string();
    assert_eq!(ann.get("/account").query(&[("conditions", &conditions)]).await.ok(), json!([]));
    let zero = app.user("zero").post("/account", json!({"email": "c"})).await;
    assert!([400, 401, 422].contains(&zero.status()), "{zero}");
}

#[tokio::test]
async fn the_order_is_that_of_bytes_in_a_database_with_an_order_of_its_own() {
    let folder = Arc::new(tempfile::TempDir::new().expect("a folder"));
    let server = blocking(async { Cluster::start() });
    let made = run(
        server.url("postgres"),
        "CREATE DATABASE words TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'".into(),
    );
    if let Err(error) = made.await {
        // A server without ICU has no such order.
        assert!(error.to_lowercase().contains("icu") || error.contains("syntax"), "{error}");
        return;
    }
    let url = server.url("words");
    let connection = Database::connect(&url).await.expect("it connects");
    let sorted = connection
        .query_one_raw(specstar::sea_orm::Statement::from_string(
            specstar::sea_orm::DbBackend::Postgres,
            "SELECT 'a' < 'B' AS words",
        ))
        .await
        .expect("it runs")
        .expect("a row");
    assert!(sorted.try_get_by_index::<bool>(0).expect("a truth"), "it is the order of words");
    connection.close().await.expect("it closes");
    std::fs::write(folder.path().join("postgres.url"), &url).expect("a note");
    let app = TestApp::on(folder, resources(), |builder| builder).await;
    let ann = app.user("ann");
    for email in ["a", "B", "é", "Z", "z", "_", "ab"] {
        ann.post("/account", json!({ "email": email })).await.ok();
    }
    let bytes = ["B", "Z", "_", "a", "ab", "z", "é"];
    assert_eq!(emails(&ann, "QB.all().sort(QB['email'].asc())").await, bytes);
    assert_eq!(emails(&ann, "(QB['email'] > 'Z').sort(QB['email'].asc())").await, bytes[2..]);
    let prefix = emails(&ann, "QB['email'].starts_with('a').sort(QB['email'].asc())").await;
    assert_eq!(prefix, ["a", "ab"]);
    app.stop().await;
}

#[tokio::test]
async fn the_password_of_a_database_is_in_no_message() {
    let built = specstar::app::SpecStar::builder()
        .postgres_with(specstar::store::PostgresOptions {
            connect_timeout: std::time::Duration::from_millis(200),
            ..specstar::store::PostgresOptions::new("postgres://app:s3cr3t@127.0.0.1:9/app")
        })
        .open_access()
        .resources(resources())
        .build();
    let problem = built.await.expect_err("nobody listens there").to_string();
    assert!(problem.contains("database") && !problem.contains("s3cr3t"), "{problem}");
    let _ = (client(), database::is_postgres());
}
