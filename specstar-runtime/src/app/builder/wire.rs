//! How requests are read and answered.

use std::time::Duration;

use super::SpecStarBuilder;
use crate::backup::ArchiveFormat;
use crate::http::{Sections, UnknownParameters};
use crate::query::UnindexedPolicy;

impl SpecStarBuilder {
    /// What happens to query parameters a route does not have (refused).
    pub fn unknown_parameters(mut self, policy: UnknownParameters) -> Self {
        self.wire.unknown_parameters = policy;
        self
    }

    /// What happens to filters on fields without an index (refused).
    pub fn unindexed(mut self, policy: UnindexedPolicy) -> Self {
        self.wire.unindexed = policy;
        self
    }

    /// Seconds east of UTC of the calendar that `today()` and its like mean in an expression that does not say
    /// (0).
    pub fn utc_offset(mut self, seconds: i32) -> Self {
        self.wire.utc_offset = seconds;
        if seconds.unsigned_abs() >= 86_400 {
            self.problems.push(format!("{seconds} seconds is no offset from UTC: it is less than a day"));
        }
        self
    }

    /// Rows of a list without `limit` (50), and the most a request may ask for (1,000).
    pub fn page_size(mut self, default: u64, most: u64) -> Self {
        (self.wire.page_size, self.wire.max_page_size) = (default, most);
        self
    }

    /// The longest request body, in bytes (2 MiB).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.wire.body_limit = bytes;
        self
    }

    /// How long a request may take before it is answered with 503 (30 s).
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.wire.request_timeout = limit;
        self
    }

    /// How long the answer to a request with an `Idempotency-Key` is kept, and given again to the same request (24 h).
    pub fn idempotency_retention(mut self, time: Duration) -> Self {
        self.wire.idempotency_retention = time;
        if time < Duration::from_secs(1) {
            self.problems.push(format!("answers are kept for {time:?}: it must be a second or more"));
        }
        self
    }

    /// Whether the body of an upload may be the file itself, without a form around it (yes).
    pub fn raw_uploads(mut self, allowed: bool) -> Self {
        self.wire.raw_uploads = allowed;
        self
    }

    /// How long an upload or a download may make no progress (30 s): they are not limited by the time of a request.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.wire.idle_timeout = limit;
        self
    }

    /// Whether `GET /metrics` tells Prometheus how many requests there are, how long they and commits take, and how many
    /// jobs each queue has (no). Nobody is asked who he is there: whoever may not know that must not reach the path.
    pub fn metrics(mut self, told: bool) -> Self {
        self.wire.metrics = told;
        self
    }

    /// How long requests are still taken after the signal to stop (0): a load balancer that asks `/ready` needs a while to
    /// notice that it is answered with 503 from then on.
    pub fn drain_time(mut self, time: Duration) -> Self {
        self.wire.drain_time = time;
        self
    }

    /// The longest archive that an import reads, in bytes (16 GiB). Neither the limit of other bodies nor the time of a
    /// request holds for archives.
    pub fn archive_limit(mut self, bytes: u64) -> Self {
        self.wire.archive_limit = bytes;
        self
    }

    /// The format of an export that does not ask for one (our own). With that of the reference, imports are answered
    /// as the reference does.
    pub fn archive_format(mut self, format: ArchiveFormat) -> Self {
        self.wire.archive_format = format;
        self
    }

    /// What a read answers without `returns`, in the words of that parameter (`data,revision_info,meta`).
    pub fn default_returns(mut self, returns: &str) -> Self {
        match Sections::parse(returns) {
            Ok(sections) => self.wire.default_returns = sections,
            Err(error) => self.problems.push(error.to_string()),
        }
        self
    }

    /// Whether `HEAD` is answered wherever `GET` is, and `OPTIONS` with `Allow` (yes).
    pub fn head_and_options(mut self, answered: bool) -> Self {
        self.wire.head_and_options = answered;
        self
    }

    /// Whether every type has the routes below `/migrate`, or none has. Without it, the types that declare a schema
    /// version have them.
    pub fn migration_routes(mut self, mounted: bool) -> Self {
        self.wire.migration_routes = Some(mounted);
        self
    }

    /// Whether every error is an object with `message` and `code` (no).
    pub fn structured_errors(mut self, structured: bool) -> Self {
        self.wire.structured_errors = structured;
        self
    }
}
