//! What a program may set about the wire.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::sections::Sections;
use crate::query::UnindexedPolicy;

/// The streams of changes that may read at once.
const STREAM_READS: usize = 8;

/// How requests are read and answered.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// What happens to a query parameter a route does not have.
    pub unknown_parameters: UnknownParameters,
    /// What happens to a filter on a field without an index.
    pub unindexed: UnindexedPolicy,
    /// Seconds east of UTC of the calendar that `today()` and its like mean.
    pub utc_offset: i32,
    /// Rows of a list without `limit`.
    pub page_size: u64,
    /// The most rows a request may ask for.
    pub max_page_size: u64,
    /// The longest body read, in bytes.
    pub body_limit: usize,
    /// How long a request may take before it is answered with 503.
    pub request_timeout: Duration,
    /// `HEAD` is answered wherever `GET` is, and `OPTIONS` with `Allow`.
    pub head_and_options: bool,
    /// Every error is an object with `message` and `code`.
    pub structured_errors: bool,
    /// The body of an upload may be the file itself, without a form around it.
    pub raw_uploads: bool,
    /// The longest time in which nothing of an upload or a download moves.
    pub idle_timeout: Duration,
    /// What a read answers without `returns`.
    pub(crate) default_returns: Sections,
    /// How many streams of changes may read at once: every commit wakes all of them, and other reads need the
    /// store too.
    pub(crate) stream_reads: Arc<Semaphore>,
}

/// What happens to a query parameter a route does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownParameters {
    /// The request is refused with 422.
    Refuse,
    /// It is ignored.
    Ignore,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            unknown_parameters: UnknownParameters::Refuse,
            unindexed: UnindexedPolicy::Error,
            utc_offset: 0,
            page_size: 50,
            max_page_size: 1_000,
            body_limit: 2 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            head_and_options: true,
            structured_errors: false,
            raw_uploads: true,
            idle_timeout: Duration::from_secs(30),
            default_returns: Sections::ALL,
            stream_reads: Arc::new(Semaphore::new(STREAM_READS)),
        }
    }
}
