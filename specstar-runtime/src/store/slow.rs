//! Statements of searches and counts that take long, and what is told of them: never the values, which may be secret.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the plan of one statement is told at most.
const EVERY: Duration = Duration::from_mins(1);

/// Statements whose last time is remembered; more begin anew.
const MOST: usize = 1024;

/// From when on statements are told, and whose plans were.
#[derive(Debug)]
pub struct SlowQueries {
    /// Nanoseconds; none is that slow at first.
    limit: AtomicU64,
    explained: Mutex<HashMap<u64, Instant>>,
}

impl Default for SlowQueries {
    fn default() -> Self {
        Self { limit: AtomicU64::new(u64::MAX), explained: Mutex::default() }
    }
}

impl SlowQueries {
    /// From now on statements are told that take at least so long; none with `None`.
    pub fn set_limit(&self, limit: Option<Duration>) {
        let limit = limit.and_then(|limit| u64::try_from(limit.as_nanos()).ok());
        self.limit.store(limit.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether any statement can be.
    pub fn are_wanted(&self) -> bool {
        self.limit.load(Ordering::Relaxed) != u64::MAX
    }

    /// Whether one that took so long is.
    pub fn has(&self, took: Duration) -> bool {
        self.are_wanted() && took.as_nanos() >= u128::from(self.limit.load(Ordering::Relaxed))
    }

    /// Whether its plan is to be found out: once a minute.
    pub fn is_to_explain(&self, statement: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        statement.hash(&mut hasher);
        let mut explained = self.explained.lock().unwrap_or_else(PoisonError::into_inner);
        if explained.len() >= MOST {
            explained.clear();
        }
        let last = explained.entry(hasher.finish());
        let mut is_due = false;
        last.and_modify(|last| {
            is_due = last.elapsed() >= EVERY;
            if is_due {
                *last = Instant::now();
            }
        })
        .or_insert_with(|| {
            is_due = true;
            Instant::now()
        });
        is_due
    }
}

/// Tells one.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn tell(statement: &str, took: Duration, plan: Option<&str>) {
    tracing::warn!(
        target: "specstar::slow_query",
        statement,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        plan,
        "slow query"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_limit_nothing_is_slow() {
        let slow = SlowQueries::default();
        assert!(!slow.has(Duration::MAX));
        slow.set_limit(Some(Duration::from_millis(5)));
        assert!(slow.has(Duration::from_millis(5)) && !slow.has(Duration::from_millis(4)));
        slow.set_limit(None);
        assert!(!slow.has(Duration::MAX));
    }

    #[test]
    fn a_plan_is_found_out_once_a_minute_for_each_statement() {
        let slow = SlowQueries::default();
        assert!(slow.is_to_explain("SELECT 1"));
        assert!(!slow.is_to_explain("SELECT 1"));
        assert!(slow.is_to_explain("SELECT 2"));
        for at in 0..10 * MOST {
            slow.is_to_explain(&at.to_string());
        }
        assert!(slow.explained.lock().expect("no panic").len() <= MOST);
    }
}
