//! Workers: they begin the jobs that are due, call the functions of the program, and write down what came of it.
//!
//! A worker holds a *lease* on each job it works on, and renews it. Nobody else begins the job while it holds, and what
//! the worker makes of the job is only written while it does: a worker that was gone for longer than its leases finds
//! that out, stops what it was doing, and writes nothing. So the outcome of each run is written once; a job runs again
//! only when its worker was gone before that was durable.

mod action;
mod context;
mod handler;
mod options;
mod pulse;
mod queue;
mod run;
mod start;

pub use context::JobContext;
pub(crate) use handler::Handler;
pub use handler::{JobError, JobHandler};
pub use options::WorkerOptions;
pub(crate) use start::Workers;
