//! Who makes a request.

use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Or, Security};
use crate::datetime::Timestamp;
use crate::error::Result;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// Nobody known; recorded as `anonymous`.
    Anonymous,
    /// Somebody known.
    User(Box<User>),
}

/// What is known of somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    /// The name that is recorded.
    pub name: String,
    /// The roles its credentials say it has. Rules can give it more.
    pub roles: Vec<String>,
    /// What else its credentials say.
    pub claims: Map<String, Value>,
    /// When its credentials end. A connection that stays open longer asks the extractor again from then on, before
    /// each read, and is closed when that refuses them.
    pub expires: Option<Timestamp>,
}

impl Principal {
    /// What is recorded where nobody is known. A user of that name could not be told from nobody, so no token and no
    /// key may stand for one.
    pub const ANONYMOUS: &'static str = "anonymous";

    /// A user of that name.
    pub fn user(name: impl Into<String>) -> Self {
        Self::User(Box::new(User { name: name.into(), ..User::default() }))
    }

    /// The same user with these roles; nobody known has none.
    #[must_use]
    pub fn with_roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if let Self::User(user) = &mut self {
            user.roles = roles.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The name that is recorded.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => Self::ANONYMOUS,
            Self::User(user) => &user.name,
        }
    }

    /// The roles its credentials say it has.
    pub fn roles(&self) -> &[String] {
        match self {
            Self::Anonymous => &[],
            Self::User(user) => &user.roles,
        }
    }

    /// Something else its credentials say.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Anonymous => None,
            Self::User(user) => user.claims.get(name),
        }
    }

    /// When its credentials end.
    pub fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Anonymous => None,
            Self::User(user) => user.expires,
        }
    }

    /// Whether nobody is known.
    pub fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

/// Finds out who makes a request, from its head. An `Err` fails the request (401 for
/// [`Error::Unauthenticated`](crate::error::Error::Unauthenticated)).
pub trait PrincipalExtractor: Send + Sync + 'static {
    /// Reads the principal. Without credentials a real extractor says
    /// [`Error::Unauthenticated`](crate::error::Error::Unauthenticated); whether somebody may stay anonymous is
    /// for the application to say.
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>>;

    /// What the OpenAPI document says about it.
    fn security(&self) -> Security {
        Security::none()
    }

    /// Whether it can recognise anybody (yes).
    fn knows_somebody(&self) -> bool {
        true
    }

    /// This extractor, and another one for requests in which this one recognises nobody. Credentials that both
    /// refuse are 401, also before [`Anonymous`].
    ///
    /// ```
    /// use specstar_runtime::access::{Anonymous, Principal, PrincipalExtractor, principal_fn};
    /// use specstar_runtime::error::Error;
    /// let by_header = principal_fn(|parts| {
    ///     let name = parts.headers.get("x-user").and_then(|value| value.to_str().ok());
    ///     name.map(Principal::user).ok_or(Error::Unauthenticated)
    /// });
    /// let either = by_header.or(Anonymous);
    /// # let _ = either;
    /// ```
    fn or<B: PrincipalExtractor>(self, second: B) -> Or<Self, B>
    where
        Self: Sized,
    {
        Or::new(self, second)
    }
}

impl<E: PrincipalExtractor + ?Sized> PrincipalExtractor for std::sync::Arc<E> {
    fn extract<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        (**self).extract(parts)
    }

    fn security(&self) -> Security {
        (**self).security()
    }

    fn knows_somebody(&self) -> bool {
        (**self).knows_somebody()
    }
}

/// Everybody is anonymous.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl PrincipalExtractor for Anonymous {
    fn extract<'a>(&'a self, _: &'a Parts) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(std::future::ready(Ok(Principal::Anonymous)))
    }

    fn knows_somebody(&self) -> bool {
        false
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
