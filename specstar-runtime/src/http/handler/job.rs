//! Jobs.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::write::info;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::http::call::{Call, Inbound};
use crate::http::reply;
use crate::http::route::parameters as p;
use crate::job::Phase;
use crate::repository::Service;
use crate::store::{JobCount, JobRow};

/// `POST …/rerun`.
pub(super) async fn rerun(call: &Call<'_>) -> Result<Response<Body>> {
    let written = call.service().rerun(call.model, call.resource_id(), &call.caller).await?;
    Ok(info(&written))
}

/// `POST …/cancel`.
pub(super) async fn cancel(call: &Call<'_>) -> Result<Response<Body>> {
    let row = call.service().cancel(call.model, call.resource_id(), &call.caller).await?;
    json(StatusCode::ACCEPTED, &Progress::of(&row))
}

/// `GET …/progress`.
pub(super) async fn progress(call: &Call<'_>) -> Result<Response<Body>> {
    let row = call.service().job_row(call.model, call.resource_id(), &call.caller).await?;
    json(StatusCode::OK, &Progress::of(&row))
}

/// `GET …/logs`.
pub(super) async fn logs(call: &Call<'_>) -> Result<Response<Body>> {
    let run = if call.query.has(&p::ATTEMPT) {
        Some(call.query.integer(&p::ATTEMPT, 0, 1..=u64::from(u32::MAX))?)
    } else {
        None
    };
    let run = run.and_then(|run| u32::try_from(run).ok());
    let lines = call.service().job_log(call.model, call.resource_id(), run, &call.caller).await?;
    if lines.is_empty() {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    let mut text = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {}", line.at, line.level.to_uppercase(), line.text);
    }
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// `GET /_jobs/queues`.
pub(super) async fn queues(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let service = inbound.service();
    let health = service.job_health(&inbound.caller).await?;
    let counts: Vec<Count<'_>> = health.counts.iter().filter_map(|count| Count::of(service, count)).collect();
    json(StatusCode::OK, &counts)
}

/// `GET /_jobs/health`.
pub(super) async fn health(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let (service, now) = (inbound.service(), inbound.caller.now());
    let health = service.job_health(&inbound.caller).await?;
    let running = health.running.iter().map(|row| Running::of(service, row)).collect();
    let stuck: Vec<Running<'_>> = health.stuck(now).map(|row| Running::of(service, row)).collect();
    let unserved = health.without_workers(now).into_iter();
    let unserved: Vec<Unserved> = unserved.map(|(queue, due)| Unserved { queue, due }).collect();
    let failed = health.counts.iter().filter(|count| count.phase == Phase::Failed);
    let workers = health.workers.iter().map(|worker| Worker {
        worker: &worker.worker,
        queues: &worker.queues,
        seen_at: worker.seen_at,
        alive: worker.until >= now,
    });
    let answer = Health {
        healthy: stuck.is_empty() && unserved.is_empty(),
        failed: failed.map(|count| count.count).sum(),
        workers: workers.collect(),
        running,
        stuck,
        unserved,
    };
    json(StatusCode::OK, &answer)
}

fn json(status: StatusCode, value: &impl Serialize) -> Result<Response<Body>> {
    Ok(reply::json(status, serde_json::to_vec(value).map_err(Error::internal)?))
}

fn name_of<'a>(service: &'a Service, row: &JobRow) -> Option<&'a str> {
    row.model.map(|model| service.model_at(model).name())
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // Those of the wire.
struct Progress<'a> {
    resource_id: &'a str,
    queue: &'a str,
    state: &'static str,
    priority: i16,
    run_at: Timestamp,
    attempt: u32,
    run: u32,
    cancel_requested: bool,
    progress: Option<f64>,
    note: Option<&'a str>,
    worker: Option<&'a str>,
    lease_until: Option<Timestamp>,
    heartbeat_at: Option<Timestamp>,
    enqueued_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl<'a> Progress<'a> {
    fn of(row: &'a JobRow) -> Self {
        Self {
            resource_id: &row.resource_id,
            queue: &row.queue,
            state: row.phase.as_str(),
            priority: row.priority,
            run_at: row.run_at,
            attempt: row.attempt,
            run: row.runs,
            cancel_requested: row.cancel_requested,
            progress: row.progress,
            note: row.note.as_deref(),
            worker: row.lease.as_ref().map(|lease| &*lease.worker),
            lease_until: row.lease.as_ref().map(|lease| lease.until),
            heartbeat_at: row.heartbeat_at,
            enqueued_at: row.enqueued_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

#[derive(Serialize)]
struct Running<'a> {
    job_resource_name: Option<&'a str>,
    #[serde(flatten)]
    progress: Progress<'a>,
}

impl<'a> Running<'a> {
    fn of(service: &'a Service, row: &'a JobRow) -> Self {
        Self { job_resource_name: name_of(service, row), progress: Progress::of(row) }
    }
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // Those of the wire.
struct Count<'a> {
    queue: &'a str,
    job_resource_name: &'a str,
    state: &'static str,
    count: u64,
    due: u64,
    oldest_due: Option<Timestamp>,
}

impl<'a> Count<'a> {
    fn of(service: &'a Service, count: &'a JobCount) -> Option<Self> {
        Some(Self {
            queue: &count.queue,
            job_resource_name: service.model_at(count.model?).name(),
            state: count.phase.as_str(),
            count: count.count,
            due: count.due,
            oldest_due: count.oldest_due,
        })
    }
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // Those of the wire.
struct Worker<'a> {
    worker: &'a str,
    queues: &'a [String],
    seen_at: Timestamp,
    alive: bool,
}

#[derive(Serialize)]
struct Unserved {
    queue: String,
    due: u64,
}

#[derive(Serialize)]
struct Health<'a> {
    healthy: bool,
    failed: u64,
    workers: Vec<Worker<'a>>,
    running: Vec<Running<'a>>,
    stuck: Vec<Running<'a>>,
    unserved: Vec<Unserved>,
}
