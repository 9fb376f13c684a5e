//! What a program may set about the wire.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::sections::Sections;
use crate::backup::ArchiveFormat;
use crate::query::UnindexedPolicy;

/// The streams of changes that may read at once.
const STREAM_READS: usize = 8;

/// The archives that are written or read at once.
const ARCHIVES: usize = 4;

/// How requests are read and answered.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is a question of its own.
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
    /// How long the answer to a request with an `Idempotency-Key` is kept.
    pub idempotency_retention: Duration,
    /// The longest archive that is read, in bytes. Neither `body_limit` nor the time of a request holds for archives,
    /// but no wait for a part of one may be longer than `request_timeout`.
    pub archive_limit: u64,
    /// The format of an export that does not ask for one. With that of the reference, imports are answered as the
    /// reference does.
    pub archive_format: ArchiveFormat,
    /// `HEAD` is answered wherever `GET` is, and `OPTIONS` with `Allow`.
    pub head_and_options: bool,
    /// Whether there are routes to migrate resources; where it does not say, for the types that declare a schema
    /// version.
    pub migration_routes: Option<bool>,
    /// Every error is an object with `message` and `code`.
    pub structured_errors: bool,
    /// The body of an upload may be the file itself, without a form around it.
    pub raw_uploads: bool,
    /// The longest time in which nothing of an upload or a download moves.
    pub idle_timeout: Duration,
    /// Requests are counted, and `GET /metrics` tells.
    pub metrics: bool,
    /// How long requests are still taken after the signal to stop, while `/ready` says that it is not.
    pub drain_time: Duration,
    /// What a read answers without `returns`.
    pub(crate) default_returns: Sections,
    /// How many streams of changes may read at once: every commit wakes all of them, and other reads need the
    /// store too.
    pub(crate) stream_reads: Arc<Semaphore>,
    /// How many archives are written or read at once: each takes a thread and megabytes.
    pub(crate) archives: Arc<Semaphore>,
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
            idempotency_retention: Duration::from_hours(24),
            archive_limit: 16 << 30,
            archive_format: ArchiveFormat::Ssb,
            head_and_options: true,
            migration_routes: None,
            structured_errors: false,
            raw_uploads: true,
            idle_timeout: Duration::from_secs(30),
            metrics: false,
            drain_time: Duration::ZERO,
            default_returns: Sections::ALL,
            stream_reads: Arc::new(Semaphore::new(STREAM_READS)),
            archives: Arc::new(Semaphore::new(ARCHIVES)),
        }
    }
}
