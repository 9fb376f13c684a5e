//! Who makes a request.

use axum::http::request::Parts;
use futures_util::future::BoxFuture;

use crate::error::Result;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody known; recorded as `anonymous`.
    Anonymous,
    /// A user of that name.
    User(String),
}

impl Principal {
    /// A user of that name.
    pub fn user(name: impl Into<String>) -> Self {
        Self::User(name.into())
    }

    /// The name that is recorded.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User(name) => name,
        }
    }
}

/// Finds out who makes a request, from its head. An `Err` fails the request (401 for
/// [`Error::Unauthenticated`](crate::error::Error::Unauthenticated)).
pub trait PrincipalExtractor: Send + Sync + 'static {
    /// Reads the principal.
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>>;
}

/// Everybody is anonymous.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl PrincipalExtractor for Anonymous {
    fn extract<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(std::future::ready(Ok(Principal::Anonymous)))
    }
}

/// A principal read by a function.
///
/// ```
/// use specstar_runtime::access::{Principal, principal_fn};
/// let by_header = principal_fn(|parts| {
///     let name = parts.headers.get("x-user").and_then(|value| value.to_str().ok());
///     Ok(name.map_or(Principal::Anonymous, Principal::user))
/// });
/// # let _ = by_header;
/// ```
pub fn principal_fn<F>(read: F) -> impl PrincipalExtractor
where
    F: Fn(&Parts) -> Result<Principal> + Send + Sync + 'static,
{
    FnPrincipal(read)
}

struct FnPrincipal<F>(F);

impl<F> PrincipalExtractor for FnPrincipal<F>
where
    F: Fn(&Parts) -> Result<Principal> + Send + Sync + 'static,
{
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(std::future::ready((self.0)(parts)))
    }
}
