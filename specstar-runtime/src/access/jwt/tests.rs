use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::*;

/// The public key of RFC 8037, appendix A.2, under another id.
fn document(kid: &str) -> String {
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    json!({ "keys": [key] }).to_string()
}

#[test]
fn a_document_without_a_usable_key_is_refused() {
    let secret = json!({"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}).to_string();
    let encrypts = document("a").replace("\"sig\"", "\"enc\"");
    for text in ["", "[]", r#"{"keys": []}"#, &secret, &encrypts] {
        assert!(Jwks::text(text).is_err(), "{text}");
    }
    assert!(Jwks::text(&document("a")).is_ok());
    assert!(Jwks::file("/nowhere/keys.json").is_err());
}

#[tokio::test]
async fn an_unknown_key_makes_the_document_be_read_again_but_not_at_once() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let fetched = move || {
        let text = document(&counted.fetch_add(1, Ordering::SeqCst).to_string());
        async move { Ok::<_, String>(text) }
    };
    let keys = Jwks::fetch(fetched).at_most_every(Duration::from_hours(1));
    assert!(keys.find(Some("0"), Algorithm::EdDSA).await.expect("read").is_some());
    assert!(keys.find(Some("1"), Algorithm::EdDSA).await.expect("read").is_none(), "it was read just now");
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    let keys = keys.at_most_every(Duration::ZERO);
    assert!(keys.find(Some("1"), Algorithm::EdDSA).await.expect("read").is_some());
    assert!(keys.find(Some("0"), Algorithm::EdDSA).await.expect("read").is_none(), "that key is gone");
}

#[tokio::test]
async fn keys_that_cannot_be_read_again_count_on_and_without_any_it_is_503() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let fetched = move || {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { Ok(document("a")) } else { Err("away") } }
    };
    let keys = Jwks::fetch(fetched).at_most_every(Duration::ZERO).refresh_every(Duration::ZERO);
    for _ in 0..3 {
        assert!(keys.find(Some("a"), Algorithm::EdDSA).await.expect("read").is_some());
    }
    assert_eq!(reads.load(Ordering::SeqCst), 3, "an old document is tried again");
    let away = Jwks::fetch(|| async { Err::<String, _>("away") });
    assert!(matches!(away.find(Some("a"), Algorithm::EdDSA).await, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn while_the_document_is_read_known_keys_count_on_and_only_others_wait_for_a_while() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let fetched = move || {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !first {
                std::future::pending::<()>().await;
            }
            Ok::<_, String>(document("a"))
        }
    };
    let mut keys = Jwks::fetch(fetched).at_most_every(Duration::ZERO).refresh_every(Duration::ZERO);
    keys.limit = Duration::from_secs(5);
    assert!(keys.find(Some("a"), Algorithm::EdDSA).await.expect("read").is_some());
    let begin = std::time::Instant::now();
    let reading = keys.clone();
    let reading =
        tokio::spawn(
            async move { reading.find(Some("a"), Algorithm::EdDSA).await.map(|found| found.is_some()) },
        );
    while reads.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(keys.find(Some("a"), Algorithm::EdDSA).await.expect("read").is_some());
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    let keys = keys.at_most_every(Duration::from_hours(1));
    assert!(keys.find(Some("b"), Algorithm::EdDSA).await.expect("read").is_none());
    assert!(begin.elapsed() >= keys.limit, "it may be a new one: {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(reading.await.expect("it ends").expect("read"), "the old key counts after a read in vain");
}

#[test]
fn roles_are_a_list_or_a_text_and_may_stand_inside_an_object() {
    let claims = json!({"roles": ["a", 1, "b"], "scope": "read write", "realm": {"roles": ["c"]}});
    let Value::Object(claims) = claims else { unreachable!() };
    let of = |path: &str| roles(&claims, &path.split('.').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(of("roles"), ["a", "b"]);
    assert_eq!(of("scope"), ["read", "write"]);
    assert_eq!(of("realm.roles"), ["c"]);
    assert!(of("realm.none").is_empty() && of("none.roles").is_empty() && of("roles.x").is_empty());
}
