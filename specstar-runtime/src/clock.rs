//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::request::Parts;

use crate::datetime::Timestamp;
use crate::error::{Error, Result};

/// Tells the one instant that everything of an operation is recorded with.
pub trait Clock: Send + Sync + 'static {
    /// Now. `request` is the head of the request that asks; `None` when the program itself asks.
    fn now(&self, request: Option<&Parts>) -> Result<Timestamp>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self, _: Option<&Parts>) -> Result<Timestamp> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(Error::internal)?;
        i64::try_from(since.as_micros()).map(Timestamp).map_err(Error::internal)
    }
}

/// A clock from a function, for programs that let a request or a test say what time it is.
///
/// ```
/// use specstar_runtime::clock::clock_fn;
/// use specstar_runtime::datetime::Timestamp;
/// let stopped = clock_fn(|_| Ok(Timestamp(0)));
/// # let _ = stopped;
/// ```
pub fn clock_fn<F>(now: F) -> impl Clock
where
    F: Fn(Option<&Parts>) -> Result<Timestamp> + Send + Sync + 'static,
{
    FnClock(now)
}

struct FnClock<F>(F);

impl<F> Clock for FnClock<F>
where
    F: Fn(Option<&Parts>) -> Result<Timestamp> + Send + Sync + 'static,
{
    fn now(&self, request: Option<&Parts>) -> Result<Timestamp> {
        (self.0)(request)
    }
}
