//! Object storages that speak the S3 protocol.

use std::str::FromStr;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::BlobStorage;
use crate::error::{Error, Result};

/// A request that fails is made again this often, and not after this time: somebody waits for the answer, and can
/// ask again too. The waits between double, from a tenth of a second on.
const RETRIES: usize = 4;
const RETRY_TIME: Duration = Duration::from_secs(20);

impl BlobStorage {
    /// The bucket, and the prefix in it, of a URL: `s3://bucket/prefix`. Region, endpoint and credentials come from
    /// the variables of the environment that AWS tools read (`AWS_REGION`, `AWS_ENDPOINT_URL`,
    /// `AWS_ACCESS_KEY_ID`, …), and from `options` of the same names in lower case, which win.
    ///
    /// Parts of uploads that break off stay in the bucket until a life-cycle rule of the bucket removes them.
    ///
    /// ```no_run
    /// # fn run() -> specstar_runtime::error::Result<()> {
    /// use specstar_runtime::blob::BlobStorage;
    /// let storage = BlobStorage::s3("s3://files/app", [("aws_region", "eu-central-1")])?;
    /// # Ok(()) }
    /// ```
    pub fn s3<'a>(url: &str, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let bad =
            |problem: String| Error::CannotStart { problems: vec![format!("the blob storage: {problem}")] };
        let rest =
            url.strip_prefix("s3://").ok_or_else(|| bad(format!("`{url}` is not s3://bucket/prefix")))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(bad(format!("`{url}` names no bucket")));
        }
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_TIME, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
        for (name, value) in options {
            let key = AmazonS3ConfigKey::from_str(name)
                .map_err(|_| bad(format!("`{name}` is not an option of S3")))?;
            builder = builder.with_config(key, value);
        }
        let client = builder.build().map_err(|error| bad(error.to_string()))?;
        Ok(Self::with_s3(client, prefix))
    }
}
