//! Files that are put into the object storage itself, at an address that is signed for them.

use std::time::Duration;

use super::{Uploads, refused};
use crate::blob::ByteStream;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::upload::rules::{self, Refusal};
use crate::upload::{Upload, UploadMethod};

/// The longest time for which an address of the S3 protocol can be signed.
pub(super) const LONGEST: Duration = Duration::from_hours(7 * 24);

/// How long after an address has expired its key stays known: a request that began in time may still be on its way,
/// and an object that came behind the end of its key would be nobody's.
pub(super) const GRACE: Duration = Duration::from_hours(24);

impl Uploads {
    /// How the bytes of a new session come.
    pub(super) fn method(&self, wanted: Option<UploadMethod>) -> Result<UploadMethod> {
        let signs = self.storage().signs();
        match wanted {
            Some(UploadMethod::SinglePut) if !signs => Err(Error::BadRequest(
                "the storage of this application cannot sign addresses: upload with the method `proxy`"
                    .into(),
            )),
            Some(method) => Ok(method),
            None if signs && self.settings.single_put => Ok(UploadMethod::SinglePut),
            None => Ok(UploadMethod::Proxy),
        }
    }

    /// What was put there. 409 when nothing was.
    pub(super) async fn put_object(&self, upload: &Upload) -> Result<ByteStream> {
        let key = upload.key.as_deref().unwrap_or_default();
        let size = self.storage().size(key).await?.ok_or_else(|| refused(Refusal::Empty))?;
        rules::check_size(upload, size).map_err(refused)?;
        self.blobs.check_size(size)?;
        self.storage().get(key, None).await?.ok_or_else(|| refused(Refusal::Empty))
    }

    /// The address for the bytes of a session that waits for them, valid until the session expires; `None` for one
    /// whose bytes come in parts.
    #[cfg(feature = "s3")]
    pub async fn signed_address(&self, upload: &Upload, now: Timestamp) -> Result<Option<String>> {
        use object_store::signer::Signer;

        let (Some(key), Some(client)) = (&upload.key, self.storage().s3_client()) else { return Ok(None) };
        let left = upload.expires_at.map_or(0, |end| end.0.saturating_sub(now.0));
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(LONGEST);
        if left < Duration::from_secs(1) || upload.state_at(now).is_closed() {
            return Ok(None);
        }
        let location = self.storage().location(key);
        let signed = client.signed_url(axum::http::Method::PUT, &location, left).await;
        signed.map(|url| Some(url.to_string())).map_err(crate::blob::error::storage_error)
    }

    /// No storage of this build can sign addresses.
    #[cfg(not(feature = "s3"))]
    #[allow(clippy::unused_async)] // The other one waits for credentials.
    pub async fn signed_address(&self, _: &Upload, _: Timestamp) -> Result<Option<String>> {
        Ok(None)
    }
}
