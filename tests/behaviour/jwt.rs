//! Bearer tokens: which ones are accepted, and that all others are 401.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Value, json};
use specstar::access::jwt::Jwks;
use specstar::access::{Jwt, PrincipalExtractor};
use specstar::acl::{Acl, AclRule};
use specstar::api_key::{ApiKeys, NewKey};
use tempfile::TempDir;

use crate::common::talk::{Answer, Ask};
use crate::common::{TestApp, client, eventually};
use crate::resources;
use crate::streams::Stream;

/// Keys of these tests only: private (PKCS #8), and what a JWKS document says of them.
const FIRST: (&str, &str) = (
    "302e020100300506032b657004220420503e4887a733e8bd81b45ab58b92758a348b6ed7e99cce5541aef032187b7687",
    "sjZIWCCfG9iCphTIJrwxdThMgHIQnnn8lsGM1Fo0wK0",
);
const SECOND: (&str, &str) = (
    "302e020100300506032b657004220420be11ef0aeed5e54db64f894eaeb5ab727e9c86eecbc43e0f18d8fb167fcaa0a7",
    "-_Dku8nr7xQbFfdXMUzJIA1_ngpFjDGODDSGu780578",
);
const CURVE: (&str, &str, &str) = (
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420d464bd6888ad3eea944cca7dd6b617ba\
     cc2de397ecbb98e345914c38cd849259a1440342000407e62b17892c21bd630ec18f0010c3449c4f895d0bc1a508ae90f6ac3909\
     3a68bee495686d23965abf22eb79054946e56c954115e93aa39cd585d8f278d49255",
    "B-YrF4ksIb1jDsGPABDDRJxPiV0LwaUIrpD2rDkJOmg",
    "vuSVaG0jllq_Iut5BUlG5WyVQRXpOqOc1YXY8njUklU",
);

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

fn edwards(kid: &str, x: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x})
}

fn document(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn claims() -> Value {
    json!({
        "sub": "ann", "aud": "api", "iss": "login", "exp": now() + 600, "roles": ["reader"],
    })
}

fn signed(kid: Option<&str>, private: &str, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &EncodingKey::from_ed_der(&bytes(private))).expect("a token")
}

async fn app() -> TestApp {
    let curve = json!({"kty": "EC", "crv": "P-256", "kid": "curve", "x": CURVE.1, "y": CURVE.2});
    let keys = Jwks::text(&document(&[edwards("first", FIRST.1), curve])).expect("keys");
    let tokens = Jwt::new(keys, ["api"]).issuer("login");
    TestApp::with(resources(), |builder| builder.principal(tokens)).await
}

fn with_token(app: &TestApp, token: &str) -> Ask {
    app.user("").get("/note").header("authorization", &format!("Bearer {token}"))
}

fn invalid(answer: &Answer) {
    let challenge = answer.refused(401, "invalid token").header("www-authenticate");
    assert_eq!(challenge.as_deref(), Some(r#"Bearer error="invalid_token""#), "{answer}");
    assert_eq!(answer.json(), json!({"detail": "invalid token"}));
}

#[tokio::test]
async fn a_good_token_stands_for_its_subject() {
    let app = app().await;
    let token = signed(Some("first"), FIRST.0, &claims());
    let post = app.user("").post("/note", json!({"title": "a"}));
    let created = post.header("authorization", &format!("Bearer {token}")).await.ok();
    assert_eq!(created["created_by"], "ann", "{created}");
    let header = Header { kid: Some("curve".into()), ..Header::new(Algorithm::ES256) };
    let curve = encode(&header, &claims(), &EncodingKey::from_ec_der(&bytes(CURVE.0))).expect("a token");
    with_token(&app, &curve).await.ok();
    let mut several = claims();
    several["aud"] = json!(["other", "api"]);
    with_token(&app, &signed(Some("first"), FIRST.0, &several)).await.ok();
    app.user("").get("/note").await.refused(401, "authentication");
}

#[tokio::test]
async fn keys_of_two_kinds_may_share_an_id() {
    let curve = json!({"kty": "EC", "crv": "P-256", "kid": "one", "x": CURVE.1, "y": CURVE.2});
    let keys = [curve, edwards("one", SECOND.1), edwards("one", FIRST.1)];
    let tokens = Jwt::new(Jwks::text(&document(&keys)).expect("keys"), ["api"]);
    let app = TestApp::with(resources(), |builder| builder.principal(tokens)).await;
    let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::ES256) };
    let curve = encode(&header, &claims(), &EncodingKey::from_ec_der(&bytes(CURVE.0))).expect("a token");
    with_token(&app, &curve).await.ok();
    for private in [FIRST.0, SECOND.0] {
        with_token(&app, &signed(Some("one"), private, &claims())).await.ok();
    }
    let mut ended = claims();
    ended["exp"] = json!(now() - 600);
    with_token(&app, &signed(Some("one"), FIRST.0, &ended)).await.refused(401, "expired");
    invalid(&with_token(&app, &signed(None, FIRST.0, &claims())).await);
}

#[tokio::test]
async fn a_stream_goes_on_as_long_as_its_token_is_accepted() {
    let keys = Jwks::text(&document(&[edwards("first", FIRST.1)])).expect("keys");
    let tokens = Jwt::new(keys, ["api"]).leeway(Duration::from_secs(20));
    let app = TestApp::with(resources(), |builder| builder.principal(tokens)).await;
    let mut brief = claims();
    brief["exp"] = json!(now() - 4);
    let token = format!("Bearer {}", signed(Some("first"), FIRST.0, &brief));
    let request = client().get(format!("http://{}/note/changes", app.address()));
    let mut stream = Stream::of(request.header("authorization", &token)).await;
    let good = format!("Bearer {}", signed(Some("first"), FIRST.0, &claims()));
    let note =
        |title: &str| app.user("").post("/note", json!({ "title": title })).header("authorization", &good);
    note("a").await.ok();
    assert!(stream.until("event: change").await, "{}", stream.text);
    eventually("the leeway ends", || async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        app.user("").get("/note").header("authorization", &token).await.status() == 401
    })
    .await;
    note("b").await.ok();
    let text = stream.rest().await;
    assert_eq!(text.matches("event: change").count(), 1, "{text}");
    assert!(text.contains("event: error") && text.contains("expired"), "{text}");
}

#[tokio::test]
async fn a_token_with_something_wrong_is_401_without_a_reason() {
    let app = app().await;
    let good = claims();
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().expect("claims").remove(name);
        signed(Some("first"), FIRST.0, &claims)
    };
    let having = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(Some("first"), FIRST.0, &claims)
    };
    let token = signed(Some("first"), FIRST.0, &good);
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let (header, body) = message.split_once('.').expect("three parts");
    let none = "eyJhbGciOiJub25lIiwia2lkIjoiZmlyc3QifQ"; // {"alg":"none","kid":"first"}
    for wrong in [
        signed(Some("first"), SECOND.0, &good),
        signed(Some("unknown"), FIRST.0, &good),
        signed(None, FIRST.0, &good),
        without("exp"),
        without("aud"),
        without("iss"),
        without("sub"),
        having("aud", json!("other")),
        having("iss", json!("other")),
        having("nbf", json!(now() + 600)),
        having("sub", json!("")),
        having("sub", json!("anonymous")),
        having("exp", json!("soon")),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{message}."),
        format!("{header}.{}.{signature}", body.chars().rev().collect::<String>()),
        "garbage".to_owned(),
        String::new(),
        "a.b.c".to_owned(),
        "x".repeat(20_000),
    ] {
        invalid(&with_token(&app, &wrong).await);
    }
    app.user("").get("/note").header("authorization", "Basic YTpi").await.is(401);
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let app = app().await;
    let header = Header { kid: Some("first".into()), ..Header::new(Algorithm::HS256) };
    let public = DecodingKey::from_ed_components(FIRST.1).expect("a key");
    let secrets = [FIRST.1.as_bytes(), public.try_get_as_bytes().expect("its bytes")];
    for secret in secrets {
        let key = EncodingKey::from_secret(secret).expect("a key");
        invalid(&with_token(&app, &encode(&header, &claims(), &key).expect("a token")).await);
    }
}

#[tokio::test]
async fn an_expired_token_is_told_so() {
    let app = app().await;
    let mut expired = claims();
    expired["exp"] = json!(now() - 120);
    let token = signed(Some("first"), FIRST.0, &expired);
    with_token(&app, &token).await.refused(401, "token expired");
    expired["exp"] = json!(now() - 5);
    with_token(&app, &signed(Some("first"), FIRST.0, &expired)).await.ok();
}

#[tokio::test]
async fn keys_rotate_without_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("keys.json");
    std::fs::write(&file, document(&[edwards("first", FIRST.1)])).expect("written");
    let keys = Jwks::file(&file).expect("keys").at_most_every(Duration::ZERO);
    let app = TestApp::with(resources(), |builder| builder.principal(Jwt::new(keys, ["api"]))).await;
    let old = signed(Some("first"), FIRST.0, &claims());
    let new = signed(Some("second"), SECOND.0, &claims());
    with_token(&app, &old).await.ok();
    invalid(&with_token(&app, &new).await);
    std::fs::write(&file, document(&[edwards("second", SECOND.1)])).expect("written");
    with_token(&app, &new).await.ok();
    invalid(&with_token(&app, &old).await);
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_503() {
    let keys = Jwks::fetch(|| async { Err::<String, _>("the provider is away") });
    let app = TestApp::with(resources(), |builder| builder.principal(Jwt::new(keys, ["api"]))).await;
    let token = signed(Some("first"), FIRST.0, &claims());
    let answer = with_token(&app, &token).await.refused(503, "unavailable");
    assert!(!answer.text().contains("provider"), "{answer}");
}

#[tokio::test]
async fn tokens_and_keys_work_side_by_side_and_roles_of_a_token_count() {
    let keys = ApiKeys::new();
    let public = Jwks::text(&document(&[edwards("first", FIRST.1)])).expect("keys");
    let either = Jwt::new(public, ["api"]).or(keys.clone());
    let app =
        TestApp::with(resources(), |builder| builder.principal(either).api_keys(keys).acl(Acl::strict()))
            .await;
    let reads = specstar::access::Action::READ_LIST | specstar::access::Action::READ;
    let rules = app.app().repository::<AclRule>();
    rules.create(&AclRule::allow("role:reader", "note", reads)).await.expect("a rule");
    with_token(&app, &signed(Some("first"), FIRST.0, &claims())).await.ok();
    let mut other = claims();
    other["roles"] = json!([]);
    with_token(&app, &signed(Some("first"), FIRST.0, &other)).await.is(403);
    let key = app.app().api_keys().issue(NewKey::new("k", "bob").role("reader")).await.expect("a key");
    with_token(&app, key.secret()).await.ok();
    app.user("").get("/note").header("x-api-key", key.secret()).await.ok();
    with_token(&app, "garbage").await.refused(401, "invalid token");
    app.user("").get("/note").await.refused(401, "authentication");
    let described: Value = serde_json::from_slice(app.app().openapi()).expect("JSON");
    assert_eq!(described["security"], json!([{"bearer": []}, {"apiKey": []}]));
    assert_eq!(described["components"]["securitySchemes"]["bearer"]["bearerFormat"], "JWT");
}
