//! What requests are counted by, and `GET /metrics`.

mod scrape;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::http::{Method, StatusCode};

pub(crate) use self::scrape::routes;
use crate::metric::{DURATIONS, Gauge, Held, Histogram};

/// What a request without a route is counted as: its path is anything, and would be a series of its own.
const UNMATCHED: &str = "unmatched";

/// Series that a route finds again without asking the others.
const KNOWN: usize = 12;

/// What a duration is counted under.
type Series = (Arc<str>, &'static str, u16);

/// What all routes of an application count.
#[derive(Debug, Default)]
pub(crate) struct HttpMetrics {
    /// Requests whose answer has not begun.
    active: Gauge,
    durations: Mutex<BTreeMap<Series, Arc<Histogram>>>,
    /// The last count of jobs, and when it was made: counting reads all of them.
    jobs: tokio::sync::Mutex<Option<(Instant, Option<JobCounts>)>>,
}

/// Jobs by queue and state.
type JobCounts = BTreeMap<(String, &'static str), u64>;

impl HttpMetrics {
    fn series(&self, series: Series) -> Arc<Histogram> {
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(durations.entry(series).or_insert_with(|| Arc::new(Histogram::new(DURATIONS))))
    }

    fn durations(&self) -> Vec<(Series, Arc<Histogram>)> {
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        durations.iter().map(|(series, histogram)| (series.clone(), Arc::clone(histogram))).collect()
    }
}

/// What one route counts. Its series are looked up among all of them once each, under a lock; then they are found
/// here, without one.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    all: Arc<HttpMetrics>,
    /// Made by the first request: an application has many routes that nobody asks for.
    known: OnceLock<Box<Known>>,
}

#[derive(Debug)]
struct Known {
    route: Arc<str>,
    series: [OnceLock<(&'static str, u16, Arc<Histogram>)>; KNOWN],
}

impl AsRef<Gauge> for RouteMetrics {
    fn as_ref(&self) -> &Gauge {
        &self.all.active
    }
}

impl RouteMetrics {
    pub(super) fn new(all: Arc<HttpMetrics>) -> Self {
        Self { all, known: OnceLock::new() }
    }

    /// A request begins; the route is that of its first one.
    pub(super) fn begin(self: &Arc<Self>, route: Option<&str>, method: &Method) -> Measured {
        self.known.get_or_init(|| {
            let route = route.unwrap_or(UNMATCHED).into();
            Box::new(Known { route, series: [const { OnceLock::new() }; KNOWN] })
        });
        let held = Gauge::hold(Shared(Arc::clone(self)));
        Measured { held, method: name(method), begun: Instant::now() }
    }

    fn record(&self, method: &'static str, status: StatusCode, begun: Instant) {
        let Some(known) = self.known.get() else { return };
        let status = status.as_u16();
        let found = known.series.iter().map_while(OnceLock::get);
        let found = found.into_iter().find(|(of, code, _)| (*of, *code) == (method, status));
        if let Some((.., histogram)) = found {
            return histogram.record_time(begun.elapsed());
        }
        let histogram = self.all.series((Arc::clone(&known.route), method, status));
        histogram.record_time(begun.elapsed());
        // Once all places are taken, series that come later are looked up each time.
        let mut entry = (method, status, histogram);
        for place in &known.series {
            match place.set(entry) {
                Ok(()) => break,
                Err(taken) => entry = taken,
            }
        }
    }
}

/// A handle, so that a gauge can be held with it.
#[derive(Debug)]
struct Shared(Arc<RouteMetrics>);

impl AsRef<Gauge> for Shared {
    fn as_ref(&self) -> &Gauge {
        (*self.0).as_ref()
    }
}

/// A request that is counted as active until this is dropped.
#[derive(Debug)]
pub(super) struct Measured {
    held: Held<Shared>,
    method: &'static str,
    begun: Instant,
}

impl Measured {
    /// Its answer begins. One that its client does not wait for has none, and no duration.
    pub(super) fn end(self, status: StatusCode) {
        self.held.of().0.record(self.method, status, self.begun);
    }
}

/// Methods that anybody can make up are one, as OpenTelemetry's conventions have it.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_statuses_than_places_are_counted_all_the_same() {
        let all = Arc::new(HttpMetrics::default());
        let route = Arc::new(RouteMetrics::new(Arc::clone(&all)));
        for _ in 0..2 {
            for status in 200..230 {
                let measured = route.begin(Some("/note"), &Method::GET);
                assert_eq!(all.active.read(), 1);
                measured.end(StatusCode::from_u16(status).expect("a status"));
            }
        }
        assert_eq!(all.active.read(), 0);
        let durations = all.durations();
        assert_eq!(durations.len(), 30);
        assert!(durations.iter().all(|(_, histogram)| histogram.read().count() == 2));
    }
}
