//! Making keys, and ending them.

use super::{ApiKey, ApiKeys, secret};
use crate::datetime::{DateTime, Timestamp};
use crate::error::{Error, Result};

/// What a new key is for.
///
/// ```
/// use specstar_runtime::api_key::NewKey;
/// let new = NewKey::new("nightly import", "importer").role("editor");
/// # let _ = new;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a key is made by ApiKeys::issue"]
pub struct NewKey {
    name: String,
    user: String,
    roles: Vec<String>,
    expires: Option<Timestamp>,
}

impl NewKey {
    /// A key of that name for that user.
    pub fn new(name: impl Into<String>, user: impl Into<String>) -> Self {
        Self { name: name.into(), user: user.into(), roles: Vec::new(), expires: None }
    }

    /// It gives this role too.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// It counts no more from that instant on.
    pub fn expires_at(mut self, instant: Timestamp) -> Self {
        self.expires = Some(instant);
        self
    }
}

/// A key that was made just now.
#[derive(Clone)]
pub struct IssuedKey {
    resource_id: String,
    secret: String,
}

impl IssuedKey {
    /// The key itself, for the client. It is kept nowhere and cannot be shown again.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The id of its resource, to change or to delete it.
    pub fn resource_id(&self) -> &str {
        &self.resource_id
    }
}

/// Without the secret, which does not belong into a log.
impl std::fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedKey").field("resource_id", &self.resource_id).finish_non_exhaustive()
    }
}

impl ApiKeys {
    /// Makes a key and stores what has to be known of it, in the name of the user it stands for.
    pub async fn issue(&self, new: NewKey) -> Result<IssuedKey> {
        let NewKey { name, user, roles, expires } = new;
        let made = secret::make()?;
        let expires_at = expires.map(DateTime::try_from).transpose();
        let expires_at = expires_at.map_err(|error| Error::BadRequest(format!("expires_at: {error}")))?;
        let keys = self.repository()?.acting_as(user.clone());
        let key = ApiKey { name, user, roles, prefix: Some(made.prefix), hash: Some(made.hash), expires_at };
        let written = keys.create(&key).await?;
        Ok(IssuedKey { resource_id: written.resource_id, secret: made.text })
    }

    /// Ends a key: the next request with it is 401. Its resource is soft-deleted; restoring it brings the key back.
    pub async fn revoke(&self, resource_id: &str) -> Result<()> {
        self.repository()?.delete(resource_id).await.map(drop)
    }
}
