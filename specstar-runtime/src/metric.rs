//! Numbers that are counted while a program works. Counting is a few atomic additions, and nobody waits for anybody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Limits of durations, in nanoseconds: from half a millisecond to ten seconds.
pub const DURATIONS: &[u64] = &[
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Limits of amounts: from one to a thousand.
pub const AMOUNTS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// How values are spread.
///
/// ```
/// use specstar_runtime::metric::{AMOUNTS, Histogram};
/// let sizes = Histogram::new(AMOUNTS);
/// sizes.record(3);
/// assert_eq!((sizes.read().count(), sizes.read().sum), (1, 3));
/// ```
#[derive(Debug)]
pub struct Histogram {
    limits: &'static [u64],
    /// One more than there are limits: what is above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] has counted so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many values were at most this, and above the limit before; `None` stands for no limit.
    pub buckets: Vec<(Option<u64>, u64)>,
    /// All values together.
    pub sum: u64,
}

impl Histogram {
    /// One without values. The limits ascend.
    pub fn new(limits: &'static [u64]) -> Self {
        let counts = (0..=limits.len()).map(|_| AtomicU64::new(0)).collect();
        Self { limits, counts, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn record(&self, value: u64) {
        let at = self.limits.partition_point(|limit| *limit < value);
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration, in nanoseconds.
    pub fn record_time(&self, time: Duration) {
        self.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// What it has counted. A value that is counted meanwhile may be in the one part and not in the other.
    pub fn read(&self) -> Spread {
        let limits = self.limits.iter().copied().map(Some).chain([None]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        Spread { buckets: limits.zip(counts).collect(), sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl Spread {
    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

/// How many there are of something at the moment.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// How many there are.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until what is returned is dropped.
    pub fn hold<G: AsRef<Self>>(of: G) -> Held<G> {
        of.as_ref().0.fetch_add(1, Ordering::Relaxed);
        Held(of)
    }
}

impl AsRef<Self> for Gauge {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// One that a [`Gauge`] counts.
#[derive(Debug)]
pub struct Held<G: AsRef<Gauge>>(G);

impl<G: AsRef<Gauge>> Held<G> {
    /// What it is counted with.
    pub fn of(&self) -> &G {
        &self.0
    }
}

impl<G: AsRef<Gauge>> Drop for Held<G> {
    fn drop(&mut self) {
        self.0.as_ref().0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bucket_of_the_first_limit_that_it_does_not_exceed() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1000] {
            histogram.record(value);
        }
        let spread = histogram.read();
        assert_eq!(spread.buckets, [(Some(1), 2), (Some(10), 2), (None, 2)]);
        assert_eq!((spread.count(), spread.sum), (6, 1024));
    }

    #[test]
    fn a_gauge_counts_what_is_held() {
        let gauge = Gauge::default();
        let one = Gauge::hold(&gauge);
        let two = Gauge::hold(&gauge);
        assert_eq!(gauge.read(), 2);
        drop(one);
        assert_eq!(gauge.read(), 1);
        drop(two);
        assert_eq!(gauge.read(), 0);
    }
}
