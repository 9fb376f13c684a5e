//! The rows of jobs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::blob::{all, execute, optional};
use super::model::Models;
use super::pool::Lease;
use super::writer::{Message, Task};
use crate::change::{JobLease, ModelIndex};
use crate::datetime::Timestamp;
use crate::job::Phase;
use crate::store::job::shared::{FORGET_WORKERS, later, level_of, unknown_phase};
use crate::store::{
    Claimed, CommitError, Held, JobBeat, JobClaim, JobCount, JobLine, JobRow, Jobs, StoreError, WorkerRow,
};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A claim, and where its outcome goes: it can be run more than once, and only the last run counts.
#[derive(Clone, Debug)]
pub(super) struct ClaimTask {
    pub(super) claim: JobClaim,
    pub(super) claimed: Arc<Mutex<Claimed>>,
    /// When it was asked for.
    pub(super) asked: Instant,
}

impl Jobs for SqliteStore {
    fn claim_jobs(&self, claim: JobClaim) -> Answer<'_, Claimed> {
        let claimed = Arc::new(Mutex::new(Claimed::default()));
        let asked = Instant::now();
        let task = Task::Claim(ClaimTask { claim, claimed: Arc::clone(&claimed), asked });
        Box::pin(async move {
            match self.ask(|reply| Message::Commit { task, reply }).await? {
                Ok(()) => Ok(std::mem::take(&mut *claimed.lock().unwrap_or_else(PoisonError::into_inner))),
                Err(CommitError::Store(error)) => Err(error),
                Err(error) => Err(StoreError::Internal(error.to_string())),
            }
        })
    }

    fn beat(&self, beat: JobBeat) -> Answer<'_, Vec<Held>> {
        let asked = Instant::now();
        Box::pin(self.write(move |connection, models| {
            let until = later(beat.until, asked);
            run_beat(connection, models, &beat, until)
        }))
    }

    fn forget_worker<'a>(&'a self, worker: &'a str) -> Answer<'a, ()> {
        let worker = worker.to_owned();
        Box::pin(self.write(move |connection, models| {
            execute(connection, &models.job().forget_worker, [&worker]).map(|_| ())
        }))
    }

    fn expired_jobs(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<JobRow>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let known = lease.models().listed();
            lease.job_rows(|texts| &texts.expired, params![now.0, rows(limit), known])
        })
    }

    fn free_stranded_jobs(&self, now: Timestamp) -> Answer<'_, u64> {
        Box::pin(async move {
            // Mostly there are none, and the writer is left alone.
            let lease = self.lease().await?;
            if !self.scans.run(lease, move |lease| lease.is_stranded(now)).await? {
                return Ok(0);
            }
            self.write(move |connection, models| {
                execute(connection, &models.job().free_stranded, [now.0]).map(|freed| freed as u64)
            })
            .await
        })
    }

    fn ask_to_stop(&self, model: ModelIndex, pk: i64) -> Answer<'_, bool> {
        Box::pin(self.write(move |connection, models| {
            let id = models.get(model)?.layout.model_id;
            execute(connection, &models.job().stop, [id, pk]).map(|changed| changed > 0)
        }))
    }

    fn reschedule_job(
        &self,
        model: ModelIndex,
        pk: i64,
        schedule: Option<String>,
        (was, run_at): (Timestamp, Timestamp),
    ) -> Answer<'_, ()> {
        Box::pin(self.write(move |connection, models| {
            let (id, texts) = (models.get(model)?.layout.model_id, models.job());
            let values = params![id, pk, schedule, run_at.0, was.0];
            let moved: Option<(Option<String>, bool)> =
                optional(connection, &texts.reschedule, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
            match moved {
                Some((_, true)) => execute(connection, &texts.unmark, [id, pk]).map(|_| ()),
                Some((Some(key), false)) => execute(connection, &texts.unblock, params![id, key]).map(|_| ()),
                _ => Ok(()),
            }
        }))
    }

    fn job(&self, model: ModelIndex, pk: i64) -> Answer<'_, Option<JobRow>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let id = lease.models().get(model)?.layout.model_id;
            Ok(lease.job_rows(|texts| &texts.job, params![id, pk])?.pop())
        })
    }

    fn job_of_key<'a>(&'a self, model: ModelIndex, key: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let id = lease.models().get(model)?.layout.model_id;
            let mut statement = lease.prepare(&lease.models().job().of_key)?;
            statement
                .query_row(params![id, key], |row| row.get(0))
                .optional()
                .map_err(|error| lease.error(error))
        })
    }

    fn next_due<'a>(&'a self, queue: &'a str, models: &'a [ModelIndex]) -> Answer<'a, Option<Timestamp>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let ids = numbers(lease.models(), models)?;
            let mut statement = lease.prepare(&lease.models().job().next_due)?;
            let found = statement.query_row(params![queue, ids], |row| row.get(0)).optional();
            found.map(|micros| micros.map(Timestamp)).map_err(|error| lease.error(error))
        })
    }

    fn job_log(&self, model: ModelIndex, pk: i64, run: Option<u32>) -> Answer<'_, Vec<JobLine>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.job_log(model, pk, run)).await
        })
    }

    fn job_counts(&self, now: Timestamp) -> Answer<'_, Vec<JobCount>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            self.scans.run(lease, move |lease| lease.job_counts(now)).await
        })
    }

    fn running_jobs(&self, limit: usize) -> Answer<'_, Vec<JobRow>> {
        Box::pin(async move { self.lease().await?.job_rows(|texts| &texts.running, params![rows(limit)]) })
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerRow>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let mut statement = lease.prepare(&lease.models().job().workers)?;
            let found = statement.query_map([], |row| {
                let queues: String = row.get(1)?;
                let queues = queues.split(',').filter(|queue| !queue.is_empty());
                Ok(WorkerRow {
                    worker: row.get(0)?,
                    queues: queues.map(str::to_owned).collect(),
                    seen_at: Timestamp(row.get(2)?),
                    until: Timestamp(row.get(3)?),
                })
            });
            found.and_then(Iterator::collect).map_err(|error| lease.error(error))
        })
    }
}

impl Lease {
    pub(super) fn job_rows(
        &self,
        text: impl Fn(&crate::store::sql::job::JobTexts) -> &String,
        values: impl rusqlite::Params,
    ) -> Result<Vec<JobRow>, StoreError> {
        let mut statement = self.prepare(text(self.models().job()))?;
        let found = statement.query_map(values, |row| job_row(row, self.models()));
        let found: Vec<Option<JobRow>> =
            found.and_then(Iterator::collect).map_err(|error| self.error(error))?;
        found.into_iter().map(known).collect()
    }

    fn is_stranded(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut statement = self.prepare(&self.models().job().is_stranded)?;
        statement.exists([now.0]).map_err(|error| self.error(error))
    }

    fn job_log(&self, model: ModelIndex, pk: i64, run: Option<u32>) -> Result<Vec<JobLine>, StoreError> {
        let (texts, id) = (self.models().job(), self.models().get(model)?.layout.model_id);
        let run = match run {
            Some(run) => Some(run),
            None => self
                .prepare(&texts.last_run)?
                .query_row(params![id, pk], |row| row.get(0))
                .map_err(|error| self.error(error))?,
        };
        let Some(run) = run else { return Ok(Vec::new()) };
        let mut statement = self.prepare(&texts.lines)?;
        let found = statement.query_map(params![id, pk, run], |row| {
            let level: String = row.get(2)?;
            Ok(JobLine {
                seq: row.get(0)?,
                at: Timestamp(row.get(1)?),
                level: level_of(&level),
                text: row.get(3)?,
            })
        });
        found.and_then(Iterator::collect).map_err(|error| self.error(error))
    }

    fn job_counts(&self, now: Timestamp) -> Result<Vec<JobCount>, StoreError> {
        let mut statement = self.prepare(&self.models().job().counts)?;
        let found = statement.query_map([now.0], |row| {
            let phase: String = row.get(2)?;
            Ok(Phase::parse(&phase).map(|phase| {
                Ok(JobCount {
                    queue: row.get(0)?,
                    model: self.models().numbered(row.get(1)?),
                    phase,
                    count: row.get::<_, i64>(3)?.unsigned_abs(),
                    due: row.get::<_, Option<i64>>(4)?.unwrap_or(0).unsigned_abs(),
                    oldest_due: row.get::<_, Option<i64>>(5)?.map(Timestamp),
                })
            }))
        });
        let found: Vec<Option<rusqlite::Result<JobCount>>> =
            found.and_then(Iterator::collect).map_err(|error| self.error(error))?;
        let counts = found.into_iter().map(|count| count.ok_or_else(unknown_phase));
        counts.map(|count| count?.map_err(|error| self.error(error))).collect()
    }
}

/// The numbers of types, as [`JobTexts`](crate::store::sql::job::JobTexts) compares them: `,1,2,`.
fn numbers(models: &Models, of: &[ModelIndex]) -> Result<String, StoreError> {
    let mut text = String::from(",");
    for model in of {
        text.push_str(&models.get(*model)?.layout.model_id.to_string());
        text.push(',');
    }
    Ok(text)
}

/// A job that is due.
pub(super) struct Candidate {
    pub(super) row: JobRow,
    /// Its place among the jobs.
    pub(super) line: i64,
    /// Those of one key are begun in their order.
    pub(super) key: Option<String>,
}

/// The first job that is due and not known to be behind others.
pub(super) fn ready(
    connection: &Connection,
    models: &Models,
    claim: &JobClaim,
) -> Result<Option<Candidate>, StoreError> {
    let ids = numbers(models, &claim.models)?;
    let values = params![claim.queue, claim.now.0, ids, 1, 0];
    let found = optional(connection, &models.job().ready, values, |row| {
        Ok((job_row(row, models)?, row.get("job_pk")?, row.get("partition_key")?))
    })?;
    found.map(|(row, line, key)| Ok(Candidate { row: known(row)?, line, key })).transpose()
}

/// Whether another job of a key comes before the one with this place.
pub(super) fn is_blocked(
    connection: &Connection,
    models: &Models,
    (id, key): (i64, &str),
    line: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = optional(connection, &models.job().in_the_way, params![id, key, line, now.0], |_| Ok(()))?;
    Ok(found.is_some())
}

fn run_beat(
    connection: &Connection,
    models: &Models,
    beat: &JobBeat,
    until: Timestamp,
) -> Result<Vec<Held>, StoreError> {
    let texts = models.job();
    execute(connection, &texts.put_worker, params![beat.worker, beat.queues, beat.now.0, until.0])?;
    execute(connection, &texts.forget_workers, [beat.now.0 - FORGET_WORKERS])?;
    let mut held = Vec::with_capacity(beat.jobs.len());
    for sign in &beat.jobs {
        let id = models.get(sign.model)?.layout.model_id;
        let renewed =
            execute(connection, &texts.renew, params![until.0, beat.now.0, id, sign.pk, sign.token])?;
        // What was said is kept even when the lease is over: it may be all that is left of the run. Of a job that was
        // removed for good nothing is.
        for line in &sign.lines {
            let values = params![id, sign.pk, sign.run, line.seq, line.at.0, line.level, line.text];
            execute(connection, &texts.insert_line, values)?;
        }
        if renewed == 0 {
            held.push(Held::No);
            continue;
        }
        if let Some((progress, note)) = &sign.progress {
            execute(connection, &texts.progress, params![progress, note, id, sign.pk, sign.token])?;
        }
        let stopped: Vec<bool> =
            all(connection, &texts.is_stopped, params![id, sign.pk, sign.token], |row| row.get(0))?;
        held.push(if stopped == [true] { Held::Stop } else { Held::Yes });
    }
    Ok(held)
}

/// In the order of [`COLUMNS`](crate::store::sql::job::COLUMNS); `None` for what this program did not write.
fn job_row(row: &Row<'_>, models: &Models) -> rusqlite::Result<Option<JobRow>> {
    let phase: String = row.get(4)?;
    let Some(phase) = Phase::parse(&phase) else { return Ok(None) };
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|micros| micros.map(Timestamp));
    let lease = match (row.get::<_, Option<String>>(11)?, time(10)?, row.get::<_, Option<String>>(12)?) {
        (Some(token), Some(until), Some(worker)) => Some(JobLease { token, until, worker }),
        _ => None,
    };
    Ok(Some(JobRow {
        model: models.numbered(row.get(0)?),
        pk: row.get(1)?,
        resource_id: row.get(2)?,
        queue: row.get(3)?,
        phase,
        priority: row.get(5)?,
        run_at: Timestamp(row.get(6)?),
        attempt: row.get(7)?,
        runs: row.get(8)?,
        schedule: row.get(9)?,
        lease,
        cancel_requested: row.get(13)?,
        progress: row.get(14)?,
        note: row.get(15)?,
        enqueued_at: Timestamp(row.get(16)?),
        started_at: time(17)?,
        finished_at: time(18)?,
        heartbeat_at: time(19)?,
    }))
}

fn known(row: Option<JobRow>) -> Result<JobRow, StoreError> {
    row.ok_or_else(unknown_phase)
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
