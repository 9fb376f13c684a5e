//! Several ways to find out who makes a request.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;

use super::{Principal, PrincipalExtractor, Security};
use crate::error::{Error, ErrorKind, Result};

/// Two extractors, made by [`PrincipalExtractor::or`].
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    second: B,
}

impl<A, B> Or<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: PrincipalExtractor, B: PrincipalExtractor> PrincipalExtractor for Or<A, B> {
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(async move {
            let first = self.first.extract(parts).await;
            if is_final(&first) {
                return first;
            }
            let second = self.second.extract(parts).await;
            if is_final(&second) {
                return second;
            }
            match (first, second) {
                (Ok(anonymous), Err(Error::Unauthenticated)) => Ok(anonymous),
                (Err(Error::Unauthenticated) | Ok(_), second) => second,
                (Err(_), Err(Error::TokenExpired)) => Err(Error::TokenExpired),
                // Credentials that are no good do not make somebody anonymous.
                (Err(refused), _) => Err(refused),
            }
        })
    }

    fn security(&self) -> Security {
        self.first.security().or(self.second.security())
    }

    fn knows_somebody(&self) -> bool {
        self.first.knows_somebody() || self.second.knows_somebody()
    }
}

/// Somebody was recognised, or it cannot be told who it is. What is left is nobody, or credentials that another
/// extractor may know.
fn is_final(found: &Result<Principal>) -> bool {
    match found {
        Ok(principal) => !principal.is_anonymous(),
        Err(error) => error.kind() != ErrorKind::Unauthenticated,
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// Several headers of one name are no credentials: which one is meant, only their author knows.
pub(crate) fn is_ambiguous(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().nth(1).is_some()
}
