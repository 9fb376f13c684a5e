//! The rows of jobs: for types that are jobs only.

use super::shared::{MANY, NONE, SINGLE};
use crate::error::ErrorKind as E;
use crate::http::route::parameter::parameters as p;
use crate::http::route::{Answer, Method, Operation, RequestBody, Route};

pub(super) const RERUN: Route = Route {
    operation: Operation::RerunJob,
    method: Method::Post,
    path: "/{resource_id}/rerun",
    name: "rerun_job",
    summary: "Rerun a {m}",
    description: "Has one {m} that is over run again, from its first attempt, with what it was given at first.",
    parameters: &[&p::RESOURCE_ID, &p::IDEMPOTENCY_KEY],
    ignored: NONE,
    body: RequestBody::None,
    answer: Answer::RevisionInfo,
    headers: &[],
    errors: &[E::BadRequest, E::PermissionDenied, E::NotFound, E::Deleted, E::Parameter],
    deprecated: None,
};

pub(super) const CANCEL: Route = Route {
    operation: Operation::CancelJob,
    path: "/{resource_id}/cancel",
    name: "cancel_job",
    summary: "Cancel a {m}",
    description: "Calls one {m} off. One that waits is over at once; the worker of one that runs is asked to stop, and \
                  what it finishes in spite of that stays finished.",
    answer: Answer::JobCancelled,
    errors: &[E::PermissionDenied, E::NotFound, E::Deleted, E::Conflict, E::Parameter],
    ..RERUN
};

pub(super) const LOGS: Route = Route {
    operation: Operation::JobLogs,
    path: "/{resource_id}/logs",
    name: "get_job_logs",
    summary: "Get the log of a {m}",
    description: "What one {m} has logged in one of its last runs.",
    parameters: &[&p::RESOURCE_ID, &p::ATTEMPT],
    answer: Answer::JobLog,
    headers: &[],
    errors: &[E::PermissionDenied, E::NotFound, E::Deleted, E::Parameter],
    ..SINGLE
};

pub(super) const PROGRESS: Route = Route {
    operation: Operation::JobProgress,
    path: "/{resource_id}/progress",
    name: "get_job_progress",
    summary: "Get the progress of a {m}",
    description: "How far the work on one {m} is, who does it, and when it is due.",
    parameters: &[&p::RESOURCE_ID],
    answer: Answer::JobProgress,
    headers: &[],
    errors: &[E::PermissionDenied, E::NotFound, E::Deleted, E::Parameter],
    ..SINGLE
};

pub(super) const QUEUES: Route = Route {
    operation: Operation::JobQueues,
    path: "/_jobs/queues",
    name: "list_job_queues",
    summary: "List the queues of jobs",
    description: "How many jobs of the types that are wholly open to the caller stand in each queue.",
    parameters: NONE,
    answer: Answer::JobQueues,
    headers: &[],
    errors: &[E::PermissionDenied, E::Parameter],
    ..MANY
};

pub(super) const HEALTH: Route = Route {
    operation: Operation::JobHealth,
    path: "/_jobs/health",
    name: "get_job_health",
    summary: "Get the health of jobs",
    description: "Which workers are alive, which jobs they work on, which are stuck, and which queues nobody works on.",
    answer: Answer::JobHealth,
    ..QUEUES
};
