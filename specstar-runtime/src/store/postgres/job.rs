//! The rows of jobs.

use std::time::Instant;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use super::PostgresStore;
use super::apply::{Applied, Applier, Refused};
use super::blob::bounded;
use super::db::{Fault, Values, execute, row, values, write};
use super::model::Models;
use super::row::Columns;
use super::watched::Watched;
use crate::change::{JobLease, ModelIndex};
use crate::datetime::Timestamp;
use crate::job::Phase;
use crate::store::job::shared::{FORGET_WORKERS, later, level_of, unknown_phase};
use crate::store::{
    Claimed, CommitError, Held, JobBeat, JobClaim, JobCount, JobLine, JobRow, Jobs, StoreError, WorkerRow,
};

/// How often the first of those behind others is looked for, each time after somebody took it away.
const UNBLOCKS: usize = 100;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Jobs for PostgresStore {
    fn claim_jobs(&self, claim: JobClaim) -> Answer<'_, Claimed> {
        Box::pin(async move {
            let mut tries = 0;
            loop {
                let work = Watched::new(&self.shared.losses, self.try_claim(&claim));
                let fault = match work.await {
                    Ok((claimed, position)) => {
                        if position > 0 {
                            self.shared.follower.committed(position);
                        }
                        return Ok(claimed);
                    }
                    Err(Refused::Fault(fault)) => fault,
                    Err(Refused::Because(CommitError::Store(error))) => return Err(error),
                    // Somebody wrote the document, or took the job, since it was looked at.
                    Err(Refused::Because(error)) => {
                        Fault::Collision(StoreError::Unavailable(error.to_string()))
                    }
                };
                self.may_try_again(fault, &mut tries).await?;
            }
        })
    }

    fn beat(&self, beat: JobBeat) -> Answer<'_, Vec<Held>> {
        let asked = Instant::now();
        Box::pin(async move { write!(self, |on, models| run_beat(on, &models, &beat, asked)) })
    }

    fn forget_worker<'a>(&'a self, worker: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let models = self.models();
            self.rows(&models.job().forget_worker, values![worker]).await.map(|_| ())
        })
    }

    fn expired_jobs(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<JobRow>> {
        Box::pin(async move {
            let models = self.models();
            self.job_rows(&models, &models.job().expired, values![now.0, bounded(limit), models.listed()])
                .await
        })
    }

    fn free_stranded_jobs(&self, now: Timestamp) -> Answer<'_, u64> {
        Box::pin(async move {
            // Mostly there are none.
            if self.row(&self.models().job().is_stranded, values![now.0]).await?.is_none() {
                return Ok(0);
            }
            write!(self, |on, models| async {
                Ok(execute(on, models.job().free_stranded.as_str(), values![now.0]).await?)
            })
        })
    }

    fn ask_to_stop(&self, model: ModelIndex, pk: i64) -> Answer<'_, bool> {
        Box::pin(async move {
            write!(self, |on, models| async move {
                let id = models.get(model)?.layout.model_id;
                Ok(execute(on, models.job().stop.as_str(), values![id, pk]).await? > 0)
            })
        })
    }

    fn reschedule_job(
        &self,
        model: ModelIndex,
        pk: i64,
        schedule: Option<String>,
        (was, run_at): (Timestamp, Timestamp),
    ) -> Answer<'_, ()> {
        Box::pin(async move {
            let models = self.models();
            let id = models.get(model)?.layout.model_id;
            let values = values![id, pk, schedule, run_at.0, was.0];
            write!(self, |on, models| async {
                let moved = moved(on, &models.job().reschedule, values.clone()).await?;
                clear_way(on, &models, (id, pk), moved).await
            })
        })
    }

    fn job(&self, model: ModelIndex, pk: i64) -> Answer<'_, Option<JobRow>> {
        Box::pin(async move {
            let models = self.models();
            let id = models.get(model)?.layout.model_id;
            Ok(self.job_rows(&models, &models.job().job, values![id, pk]).await?.pop())
        })
    }

    fn job_of_key<'a>(&'a self, model: ModelIndex, key: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let models = self.models();
            let values = values![models.get(model)?.layout.model_id, stored(key)];
            let found = self.row(&models.job().of_key, values).await?;
            found.as_ref().map(|found| Columns::of(found)?.get(0)).transpose()
        })
    }

    fn next_due<'a>(&'a self, queue: &'a str, models: &'a [ModelIndex]) -> Answer<'a, Option<Timestamp>> {
        Box::pin(async move {
            let known = self.models();
            let values = values![queue, numbers(&known, models)?];
            let found = self.row(&known.job().next_due, values).await?;
            found.as_ref().map(|found| Columns::of(found)?.time(0)).transpose()
        })
    }

    fn job_log(&self, model: ModelIndex, pk: i64, run: Option<u32>) -> Answer<'_, Vec<JobLine>> {
        Box::pin(async move {
            let models = self.models();
            let (texts, id) = (models.job(), models.get(model)?.layout.model_id);
            let run = match run {
                Some(run) => Some(i64::from(run)),
                None => match self.row(&texts.last_run, values![id, pk]).await? {
                    Some(found) => Columns::of(&found)?.get(0)?,
                    None => None,
                },
            };
            let Some(run) = run else { return Ok(Vec::new()) };
            let line = |columns: Columns<'_>| {
                Ok(JobLine {
                    seq: small(columns.integer(0)?),
                    at: columns.time(1)?,
                    level: level_of(columns.text(2)?),
                    text: columns.text(3)?.to_owned(),
                })
            };
            let found = self.rows(&texts.lines, values![id, pk, run]).await?;
            found.iter().map(|found| line(Columns::of(found)?)).collect()
        })
    }

    fn job_counts(&self, now: Timestamp) -> Answer<'_, Vec<JobCount>> {
        Box::pin(async move {
            let models = self.models();
            let count = |columns: Columns<'_>| {
                Ok(JobCount {
                    queue: columns.text(0)?.to_owned(),
                    model: models.numbered(columns.integer(1)?),
                    phase: Phase::parse(columns.text(2)?).ok_or_else(unknown_phase)?,
                    count: columns.integer(3)?.unsigned_abs(),
                    due: columns.get::<Option<i64>>(4)?.unwrap_or(0).unsigned_abs(),
                    oldest_due: columns.get::<Option<i64>>(5)?.map(Timestamp),
                })
            };
            let found = self.rows(&models.job().counts, values![now.0]).await?;
            found.iter().map(|found| count(Columns::of(found)?)).collect()
        })
    }

    fn running_jobs(&self, limit: usize) -> Answer<'_, Vec<JobRow>> {
        Box::pin(async move {
            let models = self.models();
            self.job_rows(&models, &models.job().running, values![bounded(limit)]).await
        })
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerRow>> {
        Box::pin(async move {
            let models = self.models();
            let worker = |columns: Columns<'_>| {
                let queues = columns.text(1)?.split(',').filter(|queue| !queue.is_empty());
                Ok(WorkerRow {
                    worker: columns.text(0)?.to_owned(),
                    queues: queues.map(str::to_owned).collect(),
                    seen_at: columns.time(2)?,
                    until: columns.time(3)?,
                })
            };
            let found = self.rows(&models.job().workers, values![]).await?;
            found.iter().map(|found| worker(Columns::of(found)?)).collect()
        })
    }
}

impl PostgresStore {
    /// A claim, and the highest position in the log that it was given. When it is not known whether it was committed,
    /// its leases end by themselves.
    async fn try_claim(&self, claim: &JobClaim) -> Applied<(Claimed, i64)> {
        let models = self.models();
        let transaction = self.shared.db.begin().await?;
        let mut applier = Applier::new(&transaction, &models, false);
        match applier.claim(claim).await {
            Ok(claimed) => {
                let position = applier.last;
                transaction.commit().await?;
                Ok((claimed, position))
            }
            Err(refused) => {
                let _ = transaction.rollback().await;
                Err(refused)
            }
        }
    }

    async fn job_rows(&self, models: &Models, sql: &str, values: Values) -> Result<Vec<JobRow>, StoreError> {
        let found = self.rows(sql, values).await?;
        found.iter().map(|found| job_row(Columns::of(found)?, models)).collect()
    }
}

async fn run_beat(
    on: &DatabaseTransaction,
    models: &Models,
    beat: &JobBeat,
    asked: Instant,
) -> Result<Vec<Held>, Fault> {
    let (texts, until) = (models.job(), later(beat.until, asked));
    let values = values![beat.worker.as_str(), beat.queues.as_str(), beat.now.0, until.0];
    execute(on, texts.put_worker.as_str(), values).await?;
    execute(on, texts.forget_workers.as_str(), values![beat.now.0 - FORGET_WORKERS]).await?;
    let mut held = Vec::with_capacity(beat.jobs.len());
    for sign in &beat.jobs {
        let id = models.get(sign.model)?.layout.model_id;
        let token = sign.token.as_str();
        // For so long, by the clock of the server.
        let values = values![beat.until.0 - beat.now.0, beat.now.0, id, sign.pk, token];
        let renewed = execute(on, texts.renew.as_str(), values).await?;
        // What was said is kept even when the lease is over: it may be all that is left of the run. Of a job that was
        // removed for good nothing is.
        for line in &sign.lines {
            let (run, seq) = (i64::from(sign.run), i64::from(line.seq));
            let values = values![id, sign.pk, run, seq, line.at.0, line.level, shown(&line.text)];
            execute(on, texts.insert_line.as_str(), values).await?;
        }
        if renewed == 0 {
            held.push(Held::No);
            continue;
        }
        if let Some((progress, note)) = &sign.progress {
            let values = values![*progress, note.as_deref().map(shown), id, sign.pk, token];
            execute(on, texts.progress.as_str(), values).await?;
        }
        let stopped = row(on, texts.is_stopped.as_str(), values![id, sign.pk, token]).await?;
        let stopped = match &stopped {
            Some(found) => Columns::of(found)?.get(0)?,
            None => false,
        };
        held.push(if stopped { Held::Stop } else { Held::Yes });
    }
    Ok(held)
}

/// Runs a statement that may take a job out of the way of others: the key it had, and whether it was behind another one.
/// Nothing when there is no such job.
pub(super) async fn moved(
    on: &impl ConnectionTrait,
    sql: &str,
    values: Values,
) -> Result<Option<(Option<String>, bool)>, Fault> {
    let Some(found) = row(on, sql, values).await? else { return Ok(None) };
    let columns = Columns::of(&found)?;
    Ok(Some((columns.get(0)?, columns.get(1)?)))
}

/// A job is out of the way: the first one that was behind it is looked at again. One that was behind others itself was in
/// nobody's way but theirs.
pub(super) async fn clear_way(
    on: &impl ConnectionTrait,
    models: &Models,
    (id, pk): (i64, i64),
    moved: Option<(Option<String>, bool)>,
) -> Result<(), Fault> {
    let texts = models.job();
    let key = match moved {
        Some((_, true)) => {
            execute(on, texts.unmark.as_str(), values![id, pk]).await?;
            return Ok(());
        }
        Some((Some(key), false)) => key,
        _ => return Ok(()),
    };
    // The first one may be taken out of the way itself meanwhile: then it is the next one.
    for _ in 0..UNBLOCKS {
        if execute(on, texts.unblock.as_str(), values![id, key.as_str()]).await? > 0
            || row(on, texts.is_blocked.as_str(), values![id, key.as_str()]).await?.is_none()
        {
            return Ok(());
        }
    }
    Err(Fault::Collision(StoreError::Unavailable("the jobs of a key change all the time".into())))
}

/// The numbers of types, as [`JobTexts`](crate::store::sql::job::JobTexts) compares them: `,1,2,`.
pub(super) fn numbers(models: &Models, of: &[ModelIndex]) -> Result<String, StoreError> {
    let mut text = String::from(",");
    for model in of {
        text.push_str(&models.get(*model)?.layout.model_id.to_string());
        text.push(',');
    }
    Ok(text)
}

/// A key as it is kept: the engine has no U+0000, and two keys must not become one.
pub(super) fn stored(key: &str) -> String {
    key.replace('\\', "\\\\").replace('\0', "\\0")
}

/// A text that somebody reads: the engine has no U+0000.
fn shown(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// In the order of [`COLUMNS`](crate::store::sql::job::COLUMNS).
pub(super) fn job_row(columns: Columns<'_>, models: &Models) -> Result<JobRow, StoreError> {
    let phase = Phase::parse(columns.text(4)?).ok_or_else(unknown_phase)?;
    let time = |at: usize| Ok::<_, StoreError>(columns.get::<Option<i64>>(at)?.map(Timestamp));
    let lease = match (columns.get::<Option<String>>(11)?, time(10)?, columns.get::<Option<String>>(12)?) {
        (Some(token), Some(until), Some(worker)) => Some(JobLease { token, until, worker }),
        _ => None,
    };
    Ok(JobRow {
        model: models.numbered(columns.integer(0)?),
        pk: columns.integer(1)?,
        resource_id: columns.text(2)?.to_owned(),
        queue: columns.text(3)?.to_owned(),
        phase,
        priority: i16::try_from(columns.integer(5)?).unwrap_or_default(),
        run_at: columns.time(6)?,
        attempt: small(columns.integer(7)?),
        runs: small(columns.integer(8)?),
        schedule: columns.get(9)?,
        lease,
        cancel_requested: columns.get(13)?,
        progress: columns.get(14)?,
        note: columns.get(15)?,
        enqueued_at: columns.time(16)?,
        started_at: time(17)?,
        finished_at: time(18)?,
        heartbeat_at: time(19)?,
    })
}

/// A count that is never negative and never large.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
