//! From the key of a request to the user it stands for.

use std::sync::{Arc, OnceLock, Weak};

use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use serde_json::Map;

use super::{ApiKey, secret};
use crate::access::{Principal, PrincipalExtractor, Rule, Security, User, bearer, is_ambiguous};
use crate::clock::Clock;
use crate::datetime::DateTime;
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::repository::{Repository, Service};

/// `X-API-Key`.
const HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// The API keys of an application: an extractor of principals, and how keys are [issued](Self::issue). See the
/// [module](crate::api_key). Clones share everything.
///
/// Alone it is given to the builder, and every request needs a key. Beside other credentials it is given twice:
///
/// ```
/// use specstar_runtime::access::{Anonymous, PrincipalExtractor};
/// use specstar_runtime::api_key::ApiKeys;
/// use specstar_runtime::app::SpecStar;
///
/// let keys = ApiKeys::new();
/// let builder = SpecStar::builder().api_keys(keys.clone()).principal(keys.or(Anonymous));
/// # let _ = builder;
/// ```
#[derive(Clone, Default)]
pub struct ApiKeys {
    bound: Arc<OnceLock<Bound>>,
    pub(crate) managers: Option<Rule>,
}

struct Bound {
    service: Weak<Service>,
    clock: Arc<dyn Clock>,
}

impl ApiKeys {
    /// The keys of one application.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which clients may do what with `/_api-key`, where no [`Acl`](crate::acl::Acl) decides; what the rule does not
    /// allow is denied. Beside an `Acl` both have to allow.
    ///
    /// ```
    /// use specstar_runtime::access::{Action, allow};
    /// use specstar_runtime::api_key::ApiKeys;
    /// let keys = ApiKeys::new().managed_by(allow(Action::FULL).to_users(["root"]));
    /// # let _ = keys;
    /// ```
    #[must_use]
    pub fn managed_by(mut self, rule: Rule) -> Self {
        self.managers = Some(rule);
        self
    }

    /// Says whose keys these are; `false` when they are those of another application.
    pub(crate) fn bind(&self, service: &Arc<Service>, clock: Arc<dyn Clock>) -> bool {
        self.bound.set(Bound { service: Arc::downgrade(service), clock }).is_ok()
    }

    /// The keys as resources, for the program itself.
    pub fn repository(&self) -> Result<Repository<ApiKey>> {
        let away =
            || Error::Unavailable { reason: "the keys belong to no application".into(), retry_after: 1 };
        let bound = self.bound.get().ok_or_else(away)?;
        let service = bound.service.upgrade().ok_or_else(away)?;
        Repository::new(service, Arc::clone(&bound.clock), 0).ok_or_else(away)
    }

    async fn read(&self, text: &str, parts: &Parts) -> Result<Principal> {
        let (prefix, secret) = secret::parse(text).ok_or(Error::InvalidToken)?;
        let keys = self.repository()?;
        let found = keys.find_unique(ApiKey::BY_PREFIX, vec![IndexValue::Text(prefix.to_owned())]).await?;
        let key = found.ok_or(Error::InvalidToken)?;
        if !key.data.hash.as_deref().is_some_and(|hash| secret::is(secret, hash)) {
            return Err(Error::InvalidToken);
        }
        // None is stored with that name any more.
        if key.data.user == Principal::ANONYMOUS {
            return Err(Error::InvalidToken);
        }
        let expires = key.data.expires_at.map(DateTime::instant);
        if let (Some(expires), Some(bound)) = (expires, self.bound.get())
            && bound.clock.now(Some(parts))? >= expires
        {
            return Err(Error::TokenExpired);
        }
        let claims = Map::from_iter([("api_key".to_owned(), key.resource_id().into())]);
        let ApiKey { user: name, roles, .. } = key.data;
        Ok(Principal::User(Box::new(User { name, roles, claims, expires })))
    }
}

impl PrincipalExtractor for ApiKeys {
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(async move {
            let mut own = parts.headers.get_all(HEADER).iter();
            match (own.next(), own.next()) {
                (Some(key), None) => {
                    self.read(key.to_str().map_err(|_| Error::InvalidToken)?.trim(), parts).await
                }
                (Some(_), Some(_)) => Err(Error::InvalidToken),
                (None, _) if is_ambiguous(&parts.headers) => Err(Error::InvalidToken),
                (None, _) => match bearer(&parts.headers) {
                    Some(token) => self.read(token, parts).await,
                    None if parts.headers.contains_key(AUTHORIZATION) => Err(Error::InvalidToken),
                    None => Err(Error::Unauthenticated),
                },
            }
        })
    }

    fn security(&self) -> Security {
        let header = Security::required("apiKey", Security::header("X-API-Key"));
        header.or(Security::required("bearer", Security::bearer(None)))
    }
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}
