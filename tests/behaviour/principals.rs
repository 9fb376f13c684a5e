//! Who makes a request: API keys, several ways side by side, and what the document says about them.

use serde_json::{Value, json};
use specstar::access::{
    Action, Anonymous, Principal, PrincipalExtractor, allow, allow_overrides, authenticated, principal_fn,
};
use specstar::acl::Acl;
use specstar::api_key::{ApiKey, ApiKeys, NewKey};
use specstar::datetime::Timestamp;

use crate::common::TestApp;
use crate::common::talk::Ask;
use crate::resources;

/// Keys alone: nobody gets in without one.
async fn keys_only() -> TestApp {
    let keys = ApiKeys::new();
    TestApp::with(resources(), |builder| builder.api_keys(keys.clone()).principal(keys)).await
}

fn get(app: &TestApp, path: &str) -> Ask {
    app.user("").get(path)
}

async fn issue(app: &TestApp, key: NewKey) -> (String, String) {
    let issued = app.app().api_keys().issue(key).await.expect("a key");
    (issued.secret().to_owned(), issued.resource_id().to_owned())
}

#[tokio::test]
async fn a_key_stands_for_its_user_in_both_headers() {
    let app = keys_only().await;
    let (key, _) = issue(&app, NewKey::new("import", "ann")).await;
    let created = app.user("").post("/note", json!({"title": "a"})).header("x-api-key", &key).await.ok();
    let path = format!("/note/{}/meta", created["resource_id"].as_str().expect("an id"));
    let meta = get(&app, &path).header("authorization", &format!("bearer {key}")).await.ok();
    assert_eq!(meta["created_by"], "ann");
    let missing = get(&app, "/note").await.refused(401, "authentication");
    assert_eq!(missing.header("www-authenticate").as_deref(), Some("Bearer"));
}

#[tokio::test]
async fn what_is_no_key_is_401_and_nobody_learns_why() {
    let app = keys_only().await;
    let (key, _) = issue(&app, NewKey::new("import", "ann")).await;
    let (other, _) = issue(&app, NewKey::new("export", "bob")).await;
    let mixed = format!("{}{}", &key[..21], &other[21..]);
    let longer = format!("{key}x");
    for wrong in ["", "x", "spk_", &key[..key.len() - 1], &mixed, &longer, "spk_0000000000000000_"] {
        let answer = get(&app, "/note").header("x-api-key", wrong).await.refused(401, "invalid token");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge.as_deref(), Some(r#"Bearer error="invalid_token""#), "{answer}");
    }
    get(&app, "/note").header("authorization", "Basic YTpi").await.refused(401, "invalid token");
    get(&app, "/note").header("x-api-key", &key).header("x-api-key", &other).await.is(401);
}

#[tokio::test]
async fn a_key_ends_when_it_expires_and_when_it_is_revoked() {
    let app = keys_only().await;
    let noon = Timestamp::parse("2030-01-01T12:00:00Z").expect("a time");
    let (brief, _) = issue(&app, NewKey::new("brief", "ann").expires_at(noon)).await;
    let (key, id) = issue(&app, NewKey::new("import", "ann")).await;
    let early = app.user("").at("2030-01-01T11:59:59Z");
    let late = app.user("").at("2030-01-01T12:00:00Z");
    early.get("/note").header("x-api-key", &brief).await.ok();
    let answer = late.get("/note").header("x-api-key", &brief).await.refused(401, "token expired");
    assert!(answer.header("www-authenticate").is_some_and(|text| text.contains("token expired")), "{answer}");
    get(&app, "/note").header("x-api-key", &key).await.ok();
    app.app().api_keys().revoke(&id).await.expect("revoked");
    get(&app, "/note").header("x-api-key", &key).await.refused(401, "invalid token");
}

#[tokio::test]
async fn no_key_stands_for_a_user_with_the_name_of_nobody() {
    let app = TestApp::with(resources(), |builder| {
        builder
            .api_keys(ApiKeys::new().managed_by(allow(Action::FULL)))
            .principal(by_header())
            .access(authenticated())
    })
    .await;
    let refused = app.app().api_keys().issue(NewKey::new("import", "anonymous")).await;
    assert!(refused.is_err(), "{refused:?}");
    let root = app.user("root");
    root.post("/_api-key", json!({"name": "x", "user": "anonymous"})).await.refused(422, "nobody");
    let (_, id) = issue(&app, NewKey::new("import", "ann")).await;
    root.patch(&format!("/_api-key/{id}"), json!({"user": "anonymous"})).await.refused(422, "nobody");
}

#[tokio::test]
async fn the_secret_is_stored_nowhere() {
    let app = keys_only().await;
    let (key, id) = issue(&app, NewKey::new("import", "ann").role("editor")).await;
    let stored = app.app().repository::<ApiKey>().get(&id).await.expect("stored").data;
    assert_eq!(stored.roles, ["editor"]);
    assert!(key.contains(stored.prefix.as_deref().expect("a prefix")));
    let secret = key.rsplit_once(stored.prefix.as_deref().expect("a prefix")).expect("after the prefix").1;
    let hash = stored.hash.expect("a hash");
    let folder = app.stop().await;
    let files = crate::common::database::contents(folder.path());
    let holds = |text: &str| files.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds(&hash) && !holds(secret));
}

#[tokio::test]
async fn keys_are_closed_to_clients_until_a_rule_names_them() {
    let app = TestApp::with(resources(), |builder| {
        builder.api_keys(ApiKeys::new()).principal(by_header()).access(authenticated())
    })
    .await;
    let (_, id) = issue(&app, NewKey::new("import", "ann")).await;
    let ann = app.user("ann");
    ann.get("/_api-key").await.is(403);
    ann.patch(&format!("/_api-key/{id}"), json!({"user": "root"})).await.is(403);

    let managed =
        allow_overrides([allow(Action::FULL).to_users(["root"]), allow(Action::GET).to_users(["bob"])]);
    let managed = ApiKeys::new().managed_by(managed);
    let app = TestApp::with(resources(), |builder| {
        builder.api_keys(managed).principal(by_header()).access(authenticated())
    })
    .await;
    let (_, id) = issue(&app, NewKey::new("import", "ann")).await;
    app.user("ann").get("/_api-key").await.is(403);
    app.user("bob").get(&format!("/_api-key/{id}")).await.ok();
    app.user("bob").get("/_api-key").await.is(403);
    let root = app.user("root");
    root.patch(&format!("/_api-key/{id}"), json!({"roles": ["reader"]})).await.ok();
    for field in ["hash", "prefix"] {
        root.patch(&format!("/_api-key/{id}"), json!({field: "0"})).await.refused(422, "read-only");
        root.post("/_api-key", json!({"name": "x", "user": "x", field: "0"})).await.refused(422, "read-only");
    }
}

#[tokio::test]
async fn roles_of_a_key_count_for_the_rows() {
    let keys = ApiKeys::new();
    let app = TestApp::with(resources(), |builder| {
        builder.principal(keys.clone().or(by_header())).api_keys(keys).acl(Acl::strict().root("root"))
    })
    .await;
    let root = app.user("root");
    let rule = json!({"subject": "role:reader", "object": "note", "actions": ["read", "read_list"]});
    root.post("/_acl", rule).await.ok();
    let (reader, id) = issue(&app, NewKey::new("r", "ann").role("reader")).await;
    let (other, _) = issue(&app, NewKey::new("o", "ann")).await;
    get(&app, "/note").header("x-api-key", &reader).await.ok();
    get(&app, "/note").header("x-api-key", &other).await.is(403);
    root.patch(&format!("/_api-key/{id}"), json!({"roles": []})).await.ok();
    get(&app, "/note").header("x-api-key", &reader).await.is(403);
}

/// Who the header `X-User` names; without it nobody.
fn by_header() -> impl PrincipalExtractor {
    principal_fn(|parts| {
        let name = parts.headers.get("x-user").and_then(|value| value.to_str().ok());
        name.map(Principal::user).ok_or(specstar::Error::Unauthenticated)
    })
}

#[tokio::test]
async fn nobody_is_anonymous_unless_the_application_says_so() {
    let keys = ApiKeys::new();
    let alone = TestApp::with(resources(), |b| b.principal(keys.clone()).api_keys(keys)).await;
    get(&alone, "/note").await.is(401);
    let keys = ApiKeys::new();
    let allowed =
        TestApp::with(resources(), |b| b.principal(keys.clone()).api_keys(keys).allow_anonymous()).await;
    let keys = ApiKeys::new();
    let explicit =
        TestApp::with(resources(), |b| b.principal(keys.clone().or(Anonymous)).api_keys(keys)).await;
    for app in [allowed, explicit] {
        get(&app, "/note").await.ok();
        get(&app, "/note").header("x-api-key", "spk_x").await.refused(401, "invalid token");
    }
}

fn document(app: &TestApp) -> Value {
    serde_json::from_slice(app.app().openapi()).expect("JSON")
}

#[tokio::test]
async fn the_document_says_how_to_authenticate() {
    let app = keys_only().await;
    let described = document(&app);
    assert_eq!(described["security"], json!([{"apiKey": []}, {"bearer": []}]));
    let schemes = &described["components"]["securitySchemes"];
    assert_eq!(schemes["apiKey"], json!({"type": "apiKey", "name": "X-API-Key", "in": "header"}));
    assert_eq!(schemes["bearer"], json!({"type": "http", "scheme": "bearer"}));
    for (path, operations) in described["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["responses"]["401"].is_object(), "{method} {path}");
        }
    }
    let keys = ApiKeys::new();
    let app = TestApp::with(resources(), |b| b.principal(keys.clone().or(Anonymous)).api_keys(keys)).await;
    assert_eq!(document(&app)["security"], json!([{"apiKey": []}, {"bearer": []}, {}]));
    let app = TestApp::new(resources()).await;
    assert_eq!(document(&app)["security"], json!([]));
    assert!(document(&app)["components"]["securitySchemes"].is_null());
}
