//! Are jobs worked on?

use super::{Finding, failed};
use crate::app::App;

/// Jobs that are named in a finding.
const NAMED: usize = 5;

/// Queues without a worker, jobs that nobody works on any more, and dead letters.
pub(super) async fn look(app: &App, findings: &mut Vec<Finding>) {
    if app.service().models().iter().all(|model| model.descriptor().job.is_none()) {
        return;
    }
    let looked = async {
        let program = app.program()?;
        let health = app.service().job_health(&program).await?;
        Ok((health, program.now()))
    };
    let (health, now) = match looked.await {
        Ok(looked) => looked,
        Err(error) => {
            findings.push(failed("jobs", &error));
            return;
        }
    };
    let before = findings.len();
    for (queue, due) in health.without_workers(now) {
        findings.push(Finding::warning(
            "jobs",
            format!("{due} jobs of the queue `{queue}` are due, and no worker of it is alive"),
            "start a process that has their handlers: `builder.job(…)` without `without_workers()`",
        ));
    }
    let stuck: Vec<&str> = health.stuck(now).map(|row| &*row.resource_id).collect();
    if !stuck.is_empty() {
        let named = stuck[..stuck.len().min(NAMED)].join(", ");
        findings.push(Finding::warning(
            "jobs",
            format!("{} jobs are said to be worked on, and nobody does: {named}", stuck.len()),
            "a worker takes over those whose lease is over; one that a client has set to `processing` waits for that \
             client, or for a `cancel`",
        ));
    }
    let dead = health.counts.iter().filter(|count| count.phase == crate::job::Phase::Failed);
    let dead: u64 = dead.map(|count| count.count).sum();
    if dead > 0 {
        findings.push(Finding::warning(
            "jobs",
            format!("{dead} jobs have failed for good"),
            "look at their `errmsg` and logs; `rerun` tries one again, a delete puts it away",
        ));
    }
    if findings.len() == before {
        findings.push(Finding::fine("jobs", "every queue with due jobs has a worker, and no job is stuck"));
    }
}
