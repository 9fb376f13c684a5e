//! Principals from bearer tokens: JSON Web Tokens (RFC 7519), signed with a key of a JWKS document (RFC 7517).
//!
//! ```no_run
//! # fn example() -> specstar_runtime::error::Result<()> {
//! use specstar_runtime::access::Jwt;
//! use specstar_runtime::access::jwt::Jwks;
//! use specstar_runtime::app::SpecStar;
//!
//! let tokens = Jwt::new(Jwks::file("keys.json")?, ["https://api.example.com"])
//!     .issuer("https://login.example.com")
//!     .roles_claim("roles");
//! let builder = SpecStar::builder().principal(tokens);
//! # let _ = builder;
//! # Ok(())
//! # }
//! ```
//!
//! A token has to be signed with a public-key algorithm that fits its key; `none` and shared secrets are never
//! accepted, whatever a token or a document says. It has to say when it expires (`exp`) and whom it is for (`aud`),
//! and who it is about (`sub`), who is not called `anonymous`, as nobody is. Everything else about it that is wrong is answered with the same 401.

mod keys;

use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};

pub use keys::Jwks;
use keys::Key;

use super::{Principal, PrincipalExtractor, Security, User, bearer, is_ambiguous};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};

/// Longer tokens are not looked at.
const MOST_BYTES: usize = 16 * 1024;

/// Principals from `Authorization: Bearer <JSON Web Token>`.
#[derive(Clone, Debug)]
pub struct Jwt {
    keys: Jwks,
    audience: Vec<String>,
    issuer: Option<String>,
    leeway: Duration,
    roles: Vec<String>,
}

impl Jwt {
    /// Tokens signed with one of these keys, for one of these audiences: the `aud` claim has to name one.
    pub fn new(keys: Jwks, audience: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            keys,
            audience: audience.into_iter().map(Into::into).collect(),
            issuer: None,
            leeway: Duration::from_secs(30),
            roles: vec!["roles".into()],
        }
    }

    /// Only tokens of this issuer: the `iss` claim.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// How far the clocks of two machines may differ when `exp` and `nbf` are read (30 s).
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Which claim holds the roles (`roles`): a list of texts, or one text with blanks between them. A dot leads
    /// into an object, as in `realm_access.roles`.
    #[must_use]
    pub fn roles_claim(mut self, path: &str) -> Self {
        self.roles = path.split('.').map(str::to_owned).collect();
        self
    }

    async fn read(&self, token: &str) -> Result<Principal> {
        if token.len() > MOST_BYTES {
            return Err(Error::InvalidToken);
        }
        // The header is not trusted: it only says which key the signature is checked with.
        let header = decode_header(token).map_err(|_| Error::InvalidToken)?;
        if header.crit.is_some() {
            return Err(Error::InvalidToken);
        }
        let keys = self.keys.find(header.kid.as_deref(), header.alg).await?.ok_or(Error::InvalidToken)?;
        for key in keys.iter() {
            match decode::<Map<String, Value>>(token, &key.checks, &self.validation(key)) {
                Ok(claims) => return self.principal(claims.claims),
                // Another one of the same id may have signed it.
                Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
                Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                    return Err(Error::TokenExpired);
                }
                Err(_) => return Err(Error::InvalidToken),
            }
        }
        Err(Error::InvalidToken)
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithms[0]);
        validation.algorithms.clone_from(&key.algorithms);
        validation.leeway = self.leeway.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&self.audience);
        let mut required = vec!["exp", "aud", "sub"];
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }

    fn principal(&self, claims: Map<String, Value>) -> Result<Principal> {
        let name = claims.get("sub").and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty() && *name != Principal::ANONYMOUS);
        let name = name.ok_or(Error::InvalidToken)?.to_owned();
        let expires = claims.get("exp").and_then(instant).ok_or(Error::InvalidToken)?;
        let roles = roles(&claims, &self.roles);
        Ok(Principal::User(Box::new(User { name, roles, claims, expires: Some(expires) })))
    }
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519 section 2).
fn instant(seconds: &Value) -> Option<Timestamp> {
    if let Some(whole) = seconds.as_i64() {
        return Some(Timestamp(whole.saturating_mul(1_000_000)));
    }
    #[allow(clippy::cast_possible_truncation)] // Saturates, far beyond any calendar.
    seconds.as_f64().map(|seconds| Timestamp((seconds * 1e6) as i64))
}

fn roles(claims: &Map<String, Value>, path: &[String]) -> Vec<String> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let value = rest.iter().try_fold(claims.get(first), |value, name| Some(value?.get(name)));
    match value.flatten() {
        Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(roles)) => roles.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

impl PrincipalExtractor for Jwt {
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(async move {
            if is_ambiguous(&parts.headers) {
                return Err(Error::InvalidToken);
            }
            match bearer(&parts.headers) {
                Some(token) => self.read(token).await,
                None if parts.headers.contains_key(AUTHORIZATION) => Err(Error::InvalidToken),
                None => Err(Error::Unauthenticated),
            }
        })
    }

    fn security(&self) -> Security {
        Security::required("bearer", Security::bearer(Some("JWT")))
    }
}

#[cfg(test)]
mod tests;
