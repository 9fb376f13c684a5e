//! The rows of jobs follow their documents.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::super::db::{Values, row, rows, values};
use super::super::job::{clear_way, job_row, moved, numbers, stored};
use super::super::row::Columns;
use super::{Applied, Applier};
use crate::change::{Change, HeadUpdate, Import, JobGuard, JobLease, JobMove, JobStart, ModelIndex, NewHead};
use crate::datetime::Timestamp;
use crate::descriptor::JobDescriptor;
use crate::job::{JobState, Next, Phase, placed, started};
use crate::meta::Head;
use crate::store::job::shared::{KEPT_RUNS, MARKED_KEYS, read, reworked, stays};
use crate::store::{Claimed, ClaimedJob, CommitError, JobClaim, JobRow, StoreError};

/// Position of what is read besides the columns of a job.
const JOB_PK: usize = 20;

/// Jobs that a claim looks at, at once.
const LOOKED_AT: i64 = 64;

impl<C: ConnectionTrait> Applier<'_, C> {
    fn job_kind(&self, model: ModelIndex) -> Result<Option<&'static JobDescriptor>, StoreError> {
        Ok(self.models.get(model)?.layout.descriptor.job)
    }

    fn number(&self, model: ModelIndex) -> Result<i64, StoreError> {
        Ok(self.models.get(model)?.layout.model_id)
    }

    /// The row of a new job.
    pub(super) async fn enqueue(&self, new: &NewHead, pk: i64) -> Applied<()> {
        let Some(kind) = self.job_kind(new.model)? else { return Ok(()) };
        let usual = JobStart::default();
        let start = new.job.as_deref().unwrap_or(&usual);
        let place = Place { model: new.model, pk, resource_id: &new.resource_id, held: false };
        let state = read(&new.revision.data)?;
        self.insert_job(&place, kind, (&state, start), new.revision.created.time).await?;
        let Some(asked) = &start.asked else { return Ok(()) };
        let values = values![self.number(new.model)?, pk, asked.as_str()];
        self.execute(&self.models.job().insert_asked, values).await.map(|_| ())
    }

    /// The row of a job out of an archive, whose work goes on here.
    pub(super) async fn enqueue_imported(&self, import: &Import, pk: i64) -> Applied<()> {
        let Some(kind) = self.job_kind(import.model)? else { return Ok(()) };
        let head = &import.head;
        let state = read(&head.revision.data)?;
        let usual = JobStart::default();
        let start = import.job.as_deref().unwrap_or(&usual);
        let place = Place { model: import.model, pk, resource_id: &head.resource_id, held: head.is_deleted };
        self.insert_job(&place, kind, (&state, start), import.at.time).await
    }

    async fn insert_job(
        &self,
        place: &Place<'_>,
        kind: &JobDescriptor,
        (state, start): (&JobState, &JobStart),
        now: Timestamp,
    ) -> Applied<()> {
        let next = placed(state, now, start.run_at).begun(start.attempt);
        let key = state.idempotency_key.as_ref().filter(|_| start.once);
        let values = values![
            self.number(place.model)?,
            place.pk,
            place.resource_id,
            kind.queue,
            next.phase.as_str(),
            i64::from(start.priority.unwrap_or(kind.priority)),
            next.run_at.0,
            i64::from(next.attempt),
            start.schedule.clone(),
            state.partition_key.as_deref().map(stored),
            key.map(|key| stored(key)),
            place.held,
            now.0,
            next.phase.is_terminal().then_some(now.0),
        ];
        self.execute(&self.models.job().insert, values).await.map(|_| ())
    }

    /// The job that has the key of a new one to itself.
    pub(super) async fn key_conflict(
        &self,
        at: usize,
        model: ModelIndex,
        start: Option<&JobStart>,
        data: &[u8],
    ) -> Applied<Option<CommitError>> {
        if self.job_kind(model)?.is_none() || !start.is_some_and(|start| start.once) {
            return Ok(None);
        }
        let Some(key) = read(data)?.idempotency_key else { return Ok(None) };
        let values = values![self.number(model)?, stored(&key)];
        let found = row(self.on, self.models.job().of_key.as_str(), values).await?;
        Ok(found.map(|_| CommitError::JobKey { change: at, key }))
    }

    /// Where a job goes with a change: where the change says, else where its document stands.
    pub(super) async fn move_job(&self, at: usize, change: &HeadUpdate) -> Applied<()> {
        let Some(kind) = self.job_kind(change.of.model)? else { return Ok(()) };
        let (model, pk) = (change.of.model, change.of.pk);
        if let Some(job) = &change.job {
            self.advance(at, model, pk, job, change.updated.time).await?;
            // The document may have got another key while a worker was at it.
            if let (None, Some(revision)) = (&job.lease, &change.revision) {
                let key = read(&revision.data)?.partition_key;
                let values = values![self.number(model)?, pk, key.as_deref().map(stored)];
                self.moved(&self.models.job().set_key, values).await?;
            }
            return Ok(());
        }
        if let Some(is_deleted) = change.is_deleted {
            let id = self.number(model)?;
            let moved = self.moved(&self.models.job().hold, values![id, pk, is_deleted]).await?;
            self.clear_way((id, pk), moved).await?;
        }
        let Some(revision) = &change.revision else { return Ok(()) };
        let place = Place { model, pk, resource_id: &change.of.resource_id, held: false };
        self.follow(at, &place, kind, &revision.data, change.updated.time).await
    }

    async fn advance(
        &self,
        at: usize,
        model: ModelIndex,
        pk: i64,
        job: &JobMove,
        now: Timestamp,
    ) -> Applied<()> {
        let lease = job.lease.as_ref();
        let values = values![
            job.to.phase.as_str(),
            job.to.run_at.0,
            i64::from(job.to.attempt),
            lease.map(|lease| lease.token.clone()),
            // For so long; the statement counts from when it is run, by the clock of the server.
            lease.map(|lease| lease.until.0 - now.0),
            lease.map(|lease| lease.worker.clone()),
            now.0,
            self.number(model)?,
            pk,
            job.guard.token().map(str::to_owned),
            job.guard.over().map(|over| over.0),
            job.guard.is_open(),
        ];
        let moved = self.moved(&self.models.job().advance, values).await?;
        if moved.is_none() {
            return Err(CommitError::LeaseLost { change: at }.into());
        }
        // One that begins is in the way of the others as it was before.
        let is_behind = matches!(moved, Some((_, true)));
        if job.to.phase != Phase::Running || is_behind {
            self.clear_way((self.number(model)?, pk), moved).await?;
        }
        let Some(asked) = &job.asked else { return Ok(()) };
        let values = values![self.number(model)?, pk, asked.as_str()];
        self.execute(&self.models.job().insert_asked, values).await.map(|_| ())
    }

    /// The row of a job whose document somebody wrote. What a worker is at goes on, unless the document says that it
    /// is over: then its lease is.
    async fn follow(
        &self,
        at: usize,
        place: &Place<'_>,
        kind: &JobDescriptor,
        data: &[u8],
        now: Timestamp,
    ) -> Applied<()> {
        let state = read(data)?;
        let (id, texts) = (self.number(place.model)?, self.models.job());
        let found = row(self.on, texts.place.as_str(), values![id, place.pk]).await?;
        let Some(found) = found else {
            return self.insert_job(place, kind, (&state, &JobStart::default()), now).await;
        };
        let columns = Columns::of(&found)?;
        let (phase, token) = (columns.text(0)?, columns.get::<Option<&str>>(2)?);
        let attempt = u32::try_from(columns.integer(1)?).unwrap_or(u32::MAX);
        let (before, key) = (columns.get::<Option<String>>(3)?, state.partition_key.as_deref().map(stored));
        if before != key {
            let moved = self.moved(&texts.set_key, values![id, place.pk, key]).await?;
            self.clear_way((id, place.pk), moved.map(|(_, behind)| (before, behind))).await?;
        }
        if token.is_some() && !state.status.is_terminal() {
            return Ok(());
        }
        let next = placed(&state, now, None);
        if stays(phase, attempt, &state, next) {
            return Ok(());
        }
        let job = JobMove { guard: JobGuard::Anybody, to: next, lease: None, asked: None };
        self.advance(at, place.model, place.pk, &job, now).await
    }

    /// Runs a statement that may take a job out of the way of others: the key it had, and whether it was behind another
    /// one. Nothing when there is no such job.
    async fn moved(&self, sql: &str, values: Values) -> Applied<Option<(Option<String>, bool)>> {
        Ok(moved(self.on, sql, values).await?)
    }

    async fn clear_way(&self, of: (i64, i64), moved: Option<(Option<String>, bool)>) -> Applied<()> {
        Ok(clear_way(self.on, self.models, of, moved).await?)
    }

    /// What is left of a job that is removed for good.
    pub(super) async fn forget_job(&self, model: ModelIndex, pk: i64) -> Applied<()> {
        if self.job_kind(model)?.is_none() {
            return Ok(());
        }
        let id = self.number(model)?;
        let moved = self.moved(&self.models.job().remove, values![id, pk]).await?;
        self.clear_way((id, pk), moved).await?;
        self.execute(&self.models.job().remove_asked, values![id, pk]).await?;
        self.execute(&self.models.job().remove_lines, values![id, pk]).await.map(|_| ())
    }

    /// Begins jobs that are due, and writes that into their documents. What somebody else writes or looks at is passed
    /// over, so that nobody waits for a claim that waits. As in every write, the head is held before the row of the job.
    pub(in super::super) async fn claim(&mut self, claim: &JobClaim) -> Applied<Claimed> {
        let mut claimed = Claimed::default();
        let types = numbers(self.models, &claim.models)?;
        let mut tokens = claim.tokens.iter();
        let mut passed = 0;
        // Keys of which nothing more can begin now, with the page on which their jobs were marked: what is left of them on
        // later ones is in the hands of others.
        let mut done: HashMap<(ModelIndex, String), Option<u32>> = HashMap::new();
        for number in 0_u32.. {
            let values = values![claim.queue.as_str(), claim.now.0, types.as_str(), LOOKED_AT, passed];
            let page = rows(self.on, self.models.job().ready.as_str(), values).await?;
            for found in &page {
                if tokens.as_slice().is_empty() {
                    return Ok(claimed);
                }
                let columns = Columns::of(found)?;
                let candidate = job_row(columns, self.models)?;
                let model = candidate.model.ok_or_else(unknown_type)?;
                let (line, key) = (columns.integer(JOB_PK)?, columns.get::<Option<&str>>(JOB_PK + 1)?);
                let key = key.map(|key| (model, key.to_owned()));
                if let Some(key) = &key {
                    if let Some(marked) = done.get(key) {
                        passed += i64::from(marked.is_none_or(|page| page < number));
                        continue;
                    }
                    if done.len() >= MARKED_KEYS {
                        // Without anything done the next one would get no further.
                        claimed.more = !claimed.jobs.is_empty() || done.values().any(Option::is_some);
                        return Ok(claimed);
                    }
                    if let Some(marked) = self.is_blocked(key, line, claim.now).await? {
                        passed += i64::from(!marked);
                        done.insert(key.clone(), marked.then_some(number));
                        continue;
                    }
                }
                let of_key = key.as_ref().map(|(_, key)| key.as_str());
                let Some(ready) = self.hold_ready(&candidate, of_key, claim, &types).await? else {
                    passed += 1;
                    continue;
                };
                let Some(token) = tokens.next() else { return Ok(claimed) };
                let (token, worker) = (token.clone(), claim.worker.clone());
                let lease = JobLease { token, until: claim.until, worker };
                let begun = self.begin(ready, lease, claim.now).await?;
                if let (Some(_), Some(key)) = (&begun, key) {
                    self.mark_behind(&key, 0, claim.now).await?;
                    done.insert(key, Some(number));
                }
                claimed.jobs.extend(begun);
            }
            if i64::try_from(page.len()).is_ok_and(|found| found < LOOKED_AT) {
                break;
            }
        }
        Ok(claimed)
    }

    /// Whether another job of a key comes before the one at this place. Then all that are due from there on are marked,
    /// if the other one can be held: whoever takes it away waits until that is written, and takes a mark away himself.
    /// `None` when none comes before, else whether they are marked.
    async fn is_blocked(
        &self,
        key: &(ModelIndex, String),
        line: i64,
        now: Timestamp,
    ) -> Applied<Option<bool>> {
        let (id, texts) = (self.number(key.0)?, self.models.job());
        let values = || values![id, key.1.as_str(), line, now.0];
        if row(self.on, texts.in_the_way.as_str(), values()).await?.is_none() {
            return Ok(None);
        }
        for (text, holes) in &texts.hold_in_the_way {
            let mut values = values();
            values.truncate(*holes);
            if row(self.on, text.as_str(), values).await?.is_some() {
                self.mark_behind(key, line, now).await?;
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    async fn mark_behind(&self, key: &(ModelIndex, String), line: i64, now: Timestamp) -> Applied<()> {
        let values = values![self.number(key.0)?, key.1.as_str(), now.0, line];
        self.execute(&self.models.job().mark_behind, values).await.map(|_| ())
    }

    /// The head and then the row of a job that is still due, and of this key; `None` when somebody else has one of them.
    async fn hold_ready(
        &self,
        candidate: &JobRow,
        key: Option<&str>,
        claim: &JobClaim,
        types: &str,
    ) -> Applied<Option<(JobRow, Head)>> {
        let model = candidate.model.ok_or_else(unknown_type)?;
        let text = format!("{} FOR NO KEY UPDATE SKIP LOCKED", self.models.get(model)?.texts.head);
        let Some(head) = row(self.on, text.as_str(), values![candidate.resource_id.as_str()]).await? else {
            return Ok(None);
        };
        let values = values![claim.queue.as_str(), claim.now.0, types, self.number(model)?, candidate.pk];
        let found = row(self.on, self.models.job().still_ready.as_str(), values).await?;
        let Some(found) = found else { return Ok(None) };
        let columns = Columns::of(&found)?;
        if columns.get::<Option<&str>>(JOB_PK)? != key {
            return Ok(None);
        }
        let found = job_row(columns, self.models)?;
        Ok(Some((found, Columns::of(&head)?.head()?.to_owned())))
    }

    /// `None` when its document cannot be read: it is set aside then, so that it does not stand in the way.
    async fn begin(
        &mut self,
        (mut found, head): (JobRow, Head),
        lease: JobLease,
        now: Timestamp,
    ) -> Applied<Option<ClaimedJob>> {
        let model = found.model.ok_or_else(unknown_type)?;
        let attempt = found.attempt + 1;
        let Ok(mut state) = JobState::read(&head.revision.data) else {
            tracing::error!(
                resource_id = found.resource_id,
                "a job cannot be read: it is set aside as failed"
            );
            let to = Next { phase: Phase::Failed, run_at: now, attempt };
            let job = JobMove { guard: JobGuard::Anybody, to, lease: None, asked: None };
            self.advance(0, model, found.pk, &job, now).await?;
            return Ok(None);
        };
        started(&mut state, attempt, now);
        let to = Next { phase: Phase::Running, run_at: found.run_at, attempt };
        let job = JobMove { guard: JobGuard::Anybody, to, lease: Some(lease.clone()), asked: None };
        let descriptor = self.models.get(model)?.layout.descriptor;
        let update = reworked((model, descriptor), &head, &state, job, &lease.worker, now)?;
        self.change(0, &Change::Update(Box::new(update.clone()))).await?;
        let head = crate::timeline::apply(head, &update);
        let id = self.number(model)?;
        self.execute(&self.models.job().begin, values![id, found.pk, now.0]).await?;
        (found.phase, found.attempt, found.runs) = (Phase::Running, attempt, found.runs + 1);
        let kept = i64::from(found.runs.saturating_sub(KEPT_RUNS));
        self.execute(&self.models.job().forget_lines, values![id, found.pk, kept]).await?;
        found.lease = Some(lease.clone());
        let asked = row(self.on, self.models.job().asked.as_str(), values![id, found.pk]).await?;
        let asked = asked.as_ref().map(|asked| Columns::of(asked)?.get(0)).transpose()?;
        Ok(Some(ClaimedJob { model, head, row: found, lease, asked }))
    }
}

fn unknown_type() -> StoreError {
    StoreError::Internal("a job of an unknown type".into())
}

/// The resource of a job.
struct Place<'a> {
    model: ModelIndex,
    pk: i64,
    resource_id: &'a str,
    held: bool,
}
