//! Extractors side by side.

use axum::http::Request;

use super::*;
use crate::error::Error;

/// What an extractor finds: somebody, nobody by permission, no credentials, bad ones, old ones, or a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Ann,
    Anonymous,
    Nothing,
    Invalid,
    Expired,
    Away,
}

fn finds(found: Found) -> impl PrincipalExtractor {
    principal_fn(move |_| match found {
        Found::Ann => Ok(Principal::user("ann")),
        Found::Anonymous => Ok(Principal::Anonymous),
        Found::Nothing => Err(Error::Unauthenticated),
        Found::Invalid => Err(Error::InvalidToken),
        Found::Expired => Err(Error::TokenExpired),
        Found::Away => Err(Error::Unavailable { reason: "away".into(), retry_after: 1 }),
    })
}

async fn either(first: Found, second: Found) -> Found {
    let (parts, ()) = Request::new(()).into_parts();
    match finds(first).or(finds(second)).extract(&parts).await {
        Ok(Principal::Anonymous) => Found::Anonymous,
        Ok(_) => Found::Ann,
        Err(Error::Unauthenticated) => Found::Nothing,
        Err(Error::InvalidToken) => Found::Invalid,
        Err(Error::TokenExpired) => Found::Expired,
        Err(_) => Found::Away,
    }
}

#[tokio::test]
async fn bad_credentials_make_nobody_anonymous_and_a_fault_is_no_401() {
    use Found::{Ann, Anonymous, Away, Expired, Invalid, Nothing};
    for (first, second, expected) in [
        (Ann, Away, Ann),
        (Away, Ann, Away),
        (Nothing, Ann, Ann),
        (Invalid, Ann, Ann),
        (Invalid, Away, Away),
        (Nothing, Nothing, Nothing),
        (Nothing, Anonymous, Anonymous),
        (Anonymous, Nothing, Anonymous),
        (Anonymous, Ann, Ann),
        (Invalid, Anonymous, Invalid),
        (Anonymous, Invalid, Invalid),
        (Nothing, Invalid, Invalid),
        (Invalid, Nothing, Invalid),
        (Invalid, Expired, Expired),
        (Expired, Invalid, Expired),
    ] {
        assert_eq!(either(first, second).await, expected, "{first:?} or {second:?}");
    }
}

#[test]
fn the_ways_of_both_are_described_once_each() {
    let first = Security::required("bearer", Security::bearer(Some("JWT")));
    let second = Security::required("bearer", Security::bearer(None));
    let keys = Security::required("apiKey", Security::header("X-API-Key"));
    let both = first.or(second).or(keys);
    let names: Vec<_> = both.schemes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bearer", "apiKey"]);
    assert!(!both.optional && both.or(Anonymous.security()).optional);
}
