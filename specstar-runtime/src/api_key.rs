//! API keys: secrets that stand for a user, kept as a resource.
//!
//! ```no_run
//! # async fn run() -> specstar_runtime::error::Result<()> {
//! use specstar_runtime::api_key::{ApiKeys, NewKey};
//! use specstar_runtime::app::SpecStar;
//!
//! let app = SpecStar::builder().sqlite("data/app.db").api_keys(ApiKeys::new()).build().await?;
//! let issued = app.api_keys().issue(NewKey::new("nightly import", "importer").role("editor")).await?;
//! println!("keep this, it is not shown again: {}", issued.secret());
//! # Ok(())
//! # }
//! ```
//!
//! A client sends a key as `X-API-Key: <key>` or `Authorization: Bearer <key>`, and acts as the key's user, with the
//! key's roles. A key counts until it expires or its resource is deleted, from the next request on.
//!
//! What is stored of a secret is its SHA-256: it has 256 random bits, so that nothing slower is needed. It is found by
//! a prefix that is no secret, and compared in constant time.
//!
//! The resources are at `/_api-key`. What makes a key one is made by [`ApiKeys::issue`] only; clients can read, change
//! and delete those that were issued. Because the user and the roles of a key are among what can be changed, that is
//! closed to every client until the application opens it: with a rule of an [`Acl`](crate::acl::Acl) that names
//! `_api-key`, or with [`ApiKeys::managed_by`].

mod extract;
mod issue;
mod keepers;
mod key;
mod secret;

pub use extract::ApiKeys;
pub use issue::{IssuedKey, NewKey};
pub(crate) use keepers::Keepers;
pub use key::ApiKey;
