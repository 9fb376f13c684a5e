//! The text of `GET /metrics`: everything as it stands when it is asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::{HttpMetrics, JobCounts};
use crate::error::Error;
use crate::http::reply;
use crate::http::router::HttpState;
use crate::metric::{Histogram, Spread};
use crate::store::Store;

/// The longest wait for the store to count jobs.
const COUNT_LIMIT: Duration = Duration::from_secs(2);

/// How old a count may be.
const COUNT_AGE: Duration = Duration::from_secs(2);

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The route, which no base path stands before; none unless the program wants it.
pub(crate) fn routes(state: &Arc<HttpState>) -> Router {
    let Some(metrics) = &state.metrics else { return Router::new() };
    let (state, metrics) = (Arc::clone(state), Arc::clone(metrics));
    Router::new().route(
        "/metrics",
        get(async move |headers: HeaderMap| answer(&state, &metrics, wants_prometheus(&headers)).await),
    )
}

/// Whoever names only the older format gets that.
fn wants_prometheus(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("text/plain") && !accepted.contains("openmetrics-text")
}

async fn answer(state: &HttpState, metrics: &Arc<HttpMetrics>, older: bool) -> Response<Body> {
    let scrape = Scrape {
        http: Arc::clone(metrics),
        store: Arc::clone(state.service.store()),
        jobs: jobs(state, metrics).await,
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut written = String::new();
    let (media_type, done) = if older {
        (PROMETHEUS, prometheus_text::encode(&mut written, &registry))
    } else {
        (OPEN_METRICS, text::encode(&mut written, &registry))
    };
    if let Err(error) = done {
        return reply::error(&Error::internal(error), state.settings.structured_errors);
    }
    let mut response = Response::new(written.into());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Jobs by queue and state; `None` where there are none at all, or where the store does not say: what is not known is
/// left out, the rest is told.
async fn jobs(state: &HttpState, metrics: &HttpMetrics) -> Option<JobCounts> {
    if !state.service.models().iter().any(|model| model.descriptor().job.is_some()) {
        return None;
    }
    // Whoever comes meanwhile waits for the same count, and it serves those who come soon after.
    let mut last = metrics.jobs.lock().await;
    if let Some((at, jobs)) = &*last
        && at.elapsed() < COUNT_AGE
    {
        return jobs.clone();
    }
    let jobs = count(state).await;
    *last = Some((Instant::now(), jobs.clone()));
    jobs
}

async fn count(state: &HttpState) -> Option<JobCounts> {
    let now = state.clock.now(None).ok()?;
    let counts = match tokio::time::timeout(COUNT_LIMIT, state.service.store().job_counts(now)).await {
        Ok(Ok(counts)) => counts,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the metrics lack the jobs");
            return None;
        }
        Err(_) => {
            tracing::warn!(limit = ?COUNT_LIMIT, "the metrics lack the jobs: counting takes too long");
            return None;
        }
    };
    let mut jobs = BTreeMap::new();
    for count in counts {
        *jobs.entry((count.queue, count.phase.as_str())).or_default() += count.count;
    }
    Some(jobs)
}

/// What is told.
struct Scrape {
    http: Arc<HttpMetrics>,
    store: Arc<dyn Store>,
    jobs: Option<JobCounts>,
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").field("http", &self.http).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        to.encode_descriptor(
            "specstar_build",
            "The framework the application is built with",
            None,
            MetricType::Info,
        )?
        .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        self.encode_http(&mut to)?;
        self.encode_store(&mut to)?;
        if let Some(jobs) = &self.jobs {
            let help = "Jobs by queue and state";
            let mut family = to.encode_descriptor("specstar_jobs", help, None, MetricType::Gauge)?;
            for ((queue, state), count) in jobs {
                let labels = [("queue", queue.as_str()), ("state", state)];
                family.encode_family(&labels)?.encode_gauge(count)?;
            }
        }
        Ok(())
    }
}

impl Scrape {
    fn encode_http(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests whose answer has not begun";
        to.encode_descriptor("http_server_active_requests", help, None, MetricType::Gauge)?
            .encode_gauge(&self.http.active.read())?;
        let help = "Time from a request to the beginning of its answer";
        let mut family = to.encode_descriptor(
            "http_server_request_duration",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for ((route, method, status), histogram) in self.http.durations() {
            let mut code = itoa::Buffer::new();
            let labels = [
                ("http_request_method", method),
                ("http_route", &*route),
                ("http_response_status_code", code.format(status)),
            ];
            seconds(family.encode_family(&labels)?, &histogram)?;
        }
        Ok(())
    }

    fn encode_store(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = self.store.metrics();
        let help = "Writes that went into one commit of the database";
        let spread = metrics.commit_batch.read();
        let family = to.encode_descriptor("specstar_commit_batch_size", help, None, MetricType::Histogram)?;
        encode_spread(family, &spread, 1.0)?;
        let help = "Time that a commit of the database takes";
        let (name, unit) = ("specstar_commit_duration", Some(&Unit::Seconds));
        seconds(to.encode_descriptor(name, help, unit, MetricType::Histogram)?, &metrics.commit_duration)?;
        let help = "Writes that wait for a commit, or are under way where commits do not wait for each other";
        to.encode_descriptor("specstar_write_queue_depth", help, None, MetricType::Gauge)?
            .encode_gauge(&(self.store.waiting_writes() as u64))
    }
}

fn seconds(to: MetricEncoder<'_>, nanoseconds: &Histogram) -> fmt::Result {
    encode_spread(to, &nanoseconds.read(), 1e9)
}

/// With numbers of this unit.
#[expect(clippy::cast_precision_loss)] // It is a measurement.
fn encode_spread(mut to: MetricEncoder<'_>, spread: &Spread, unit: f64) -> fmt::Result {
    let limit = |limit: Option<u64>| limit.map_or(f64::INFINITY, |limit| limit as f64 / unit);
    let buckets: Vec<_> = spread.buckets.iter().map(|(at, count)| (limit(*at), *count)).collect();
    to.encode_histogram::<NoLabelSet>(spread.sum as f64 / unit, spread.count(), &buckets, None)
}
