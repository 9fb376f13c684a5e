//! Signs of life, and the jobs of those who give none any more.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::context::Said;
use super::start::{Inner, Running, next_run};
use crate::change::JobGuard;
use crate::error::{Error, Result};
use crate::job::{Failure, failed};
use crate::repository::store_error;
use crate::store::{Held, JobBeat, JobLine, JobRow, JobSign, StoreError};

/// Between two signs of life, at least.
const SHORTEST: Duration = Duration::from_millis(10);
/// Jobs that are taken over at once.
const BATCH: usize = 100;
/// Between two looks for jobs that wait for nothing, which there should be none of.
const FREE_EVERY: Duration = Duration::from_mins(1);
/// What a job says whose worker is gone.
const GONE: &str = "the worker was lost before the job was done";

/// The progress that is new, and the lines.
type Words = (Option<(f64, Option<String>)>, Vec<JobLine>);

impl Inner {
    /// Gives signs of life until there are no jobs any more. Nothing else is waited for between them.
    pub(super) async fn pulse(self: Arc<Self>) {
        let mut failed = false;
        while !self.over.is_cancelled() {
            // Nobody ends workers whose application is gone.
            if self.stopping.has_changed().is_err() && self.jobs().is_empty() {
                return;
            }
            // Whether a job is there or not: one that begins meanwhile is to be heard of as soon as the others.
            let asked = Instant::now();
            let given = self.beat_now().await;
            // One that could not be given is tried again at once, but not all the time while nobody answers.
            let pause = if given || failed { self.options.beat(true) } else { self.options.again() };
            failed = !given;
            // Of a slow one not after it: the lease began when it was asked for.
            let pause = pause.saturating_sub(asked.elapsed()).max(SHORTEST);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.beat.notified() => {}
                () = self.over.cancelled() => {}
            }
        }
    }

    /// Looks after the jobs of lost workers until the application ends.
    pub(super) async fn look_after(self: Arc<Self>) {
        let mut freed = Instant::now();
        while !self.is_over() {
            if let Err(error) = self.take_over().await {
                tracing::warn!(%error, "jobs of lost workers could not be looked for");
            }
            if freed.elapsed() >= FREE_EVERY {
                freed = Instant::now();
                if let Err(error) = self.free_stranded().await {
                    tracing::warn!(%error, "jobs behind others that are gone could not be looked for");
                }
            }
            self.pause(self.options.poll).await;
        }
    }

    async fn free_stranded(&self) -> Result<()> {
        let now = self.now()?;
        let freed = self.in_time(self.service.store().free_stranded_jobs(now)).await?;
        if freed > 0 {
            tracing::warn!(freed, "jobs waited behind others of their key that are gone");
        }
        Ok(())
    }

    /// Whether it could be given.
    async fn beat_now(&self) -> bool {
        let jobs = self.jobs();
        let asked = Instant::now();
        let told = self.tell(&jobs).await;
        match told {
            Ok(held) => {
                for (job, held) in jobs.iter().zip(held) {
                    match held {
                        Held::Yes => job.renew(asked + self.options.lease),
                        Held::Stop => {
                            job.renew(asked + self.options.lease);
                            job.cancel.cancel();
                            job.shared.stop.cancel();
                        }
                        Held::No => job.lose(),
                    }
                }
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a sign of life could not be given");
                // Somebody else may begin them from now on.
                jobs.iter().filter(|job| job.is_out_of_time()).for_each(|job| job.lose());
                false
            }
        }
    }

    /// Says of these jobs what there is to say.
    pub(super) async fn tell(&self, jobs: &[Arc<Running>]) -> Result<Vec<Held>> {
        let now = self.now()?;
        let queues: Vec<&str> = self.queues.keys().map(String::as_str).collect();
        let said: Vec<Words> = jobs.iter().map(|job| job.shared.said().take()).collect();
        let signs = jobs.iter().zip(&said).map(|(job, (progress, lines))| JobSign {
            model: job.model,
            pk: job.pk,
            token: job.token.clone(),
            run: job.shared.run,
            progress: progress.clone(),
            lines: lines.clone(),
        });
        let beat = JobBeat {
            worker: self.name.clone(),
            queues: queues.join(","),
            now,
            until: self.lease_end(now),
            jobs: signs.collect(),
        };
        let told = self.in_time(self.service.store().beat(beat)).await;
        if told.is_err() {
            for (job, said) in jobs.iter().zip(said) {
                job.shared.said().put_back(said);
            }
        }
        told
    }

    /// Has jobs whose lease is over begun again, or fail when their attempts are used up.
    async fn take_over(&self) -> Result<()> {
        let now = self.now()?;
        let expired = self.in_time(self.service.store().expired_jobs(now, BATCH)).await?;
        for row in expired {
            if self.is_over() {
                return Ok(());
            }
            // Its own worker finds out by itself.
            if row.lease.as_ref().is_some_and(|lease| lease.worker == self.name) && self.holds(&row) {
                continue;
            }
            // One that cannot be written must not keep the others from being taken over.
            let limit = self.options.call_limit();
            let given_up = tokio::time::timeout(limit, self.give_up(&row)).await;
            if let Err(error) = given_up.unwrap_or_else(|_| Err(too_slow())) {
                tracing::error!(resource_id = row.resource_id, %error, "a lost job could not be taken over");
            }
        }
        Ok(())
    }

    /// What the store answers, if it does before a lease could be over.
    async fn in_time<T>(&self, call: impl Future<Output = std::result::Result<T, StoreError>>) -> Result<T> {
        match tokio::time::timeout(self.options.call_limit(), call).await {
            Ok(answer) => answer.map_err(store_error),
            Err(_) => Err(too_slow()),
        }
    }

    fn holds(&self, row: &JobRow) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        row.lease.as_ref().is_some_and(|lease| running.contains_key(&lease.token))
    }

    async fn give_up(&self, row: &JobRow) -> Result<()> {
        let Some(index) = row.model else { return Ok(()) };
        let model = self.service.model_at(index);
        let Some(kind) = model.descriptor().job else { return Ok(()) };
        let caller = self.caller()?;
        let now = caller.now();
        let next = next_run(model, row, now);
        let change = |state: &mut crate::job::JobState| {
            if row.cancel_requested {
                return Ok(crate::job::cancelled(state, row.attempt, now));
            }
            Ok(failed(state, kind, GONE, Failure::RetryAfter(0), row.attempt, (next, 0), now))
        };
        let token = row.lease.as_ref().map(|lease| lease.token.clone());
        let guard = JobGuard::Over { token, now };
        let done = match self.service.work(model, &row.resource_id, &guard, change, &caller).await {
            Err(error) if error.kind().row().status < 500 => {
                tracing::error!(resource_id = row.resource_id, %error, "a lost job is set aside as failed");
                self.service.set_aside(model, &row.resource_id, &guard, row.attempt, &caller).await
            }
            done => done,
        };
        if done? {
            tracing::warn!(
                model = model.name(),
                resource_id = row.resource_id,
                worker = row.lease.as_ref().map(|lease| &*lease.worker),
                "a worker was lost"
            );
        }
        Ok(())
    }
}

fn too_slow() -> Error {
    Error::Unavailable { reason: "the database takes too long".to_owned(), retry_after: 1 }
}

impl Said {
    pub(super) fn take(&mut self) -> Words {
        (self.progress.take(), std::mem::take(&mut self.lines))
    }

    /// What could not be written is said again, before what came since.
    pub(super) fn put_back(&mut self, (progress, mut lines): Words) {
        self.progress = self.progress.take().or(progress);
        lines.append(&mut self.lines);
        self.lines = lines;
    }

    pub(super) fn is_silent(&self) -> bool {
        self.progress.is_none() && self.lines.is_empty()
    }
}

impl Running {
    fn renew(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_out_of_time(&self) -> bool {
        Instant::now() >= self.until()
    }

    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the lease is over by the clock of this process, whatever the database says or does not say.
    pub(super) async fn out_of_time(&self) {
        while !self.is_out_of_time() {
            tokio::time::sleep_until(self.until().into()).await;
        }
    }

    pub(super) fn lose(&self) {
        self.lost.cancel();
        self.shared.stop.cancel();
    }
}
