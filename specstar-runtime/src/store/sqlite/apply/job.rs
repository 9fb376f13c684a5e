//! The rows of jobs follow their documents.

use std::sync::PoisonError;

use rusqlite::params;

use super::super::blob::optional;
use super::super::connection::{is_duplicate, store_error};
use super::super::job::{Candidate, ClaimTask, is_blocked, ready};
use super::super::row;
use super::Applier;
use crate::change::{Change, HeadUpdate, Import, JobGuard, JobLease, JobMove, JobStart, ModelIndex, NewHead};
use crate::datetime::Timestamp;
use crate::descriptor::JobDescriptor;
use crate::job::{JobState, Next, Phase, placed, started};
use crate::meta::Head;
use crate::store::job::shared::{KEPT_RUNS, MARKED_KEYS, later, read, reworked, stays};
use crate::store::{Claimed, ClaimedJob, CommitError, JobRow, StoreError};

impl Applier<'_> {
    fn job_kind(&self, model: ModelIndex) -> Result<Option<&'static JobDescriptor>, StoreError> {
        Ok(self.models.get(model)?.layout.descriptor.job)
    }

    /// The row of a new job.
    pub(super) fn enqueue(&mut self, at: usize, new: &NewHead, pk: i64) -> Result<(), CommitError> {
        let Some(kind) = self.job_kind(new.model)? else { return Ok(()) };
        let usual = JobStart::default();
        let start = new.job.as_deref().unwrap_or(&usual);
        let now = new.revision.created.time;
        let place = Place { model: new.model, pk, resource_id: &new.resource_id, held: false };
        self.insert_job(at, &place, kind, (&read(&new.revision.data)?, start), now)?;
        let Some(asked) = &start.asked else { return Ok(()) };
        let id = self.models.get(new.model)?.layout.model_id;
        self.execute(&self.models.job().insert_asked, params![id, pk, asked]).map(|_| ()).map_err(Into::into)
    }

    /// The row of a job out of an archive, whose work goes on here.
    pub(super) fn enqueue_imported(
        &mut self,
        at: usize,
        import: &Import,
        pk: i64,
    ) -> Result<(), CommitError> {
        let Some(kind) = self.job_kind(import.model)? else { return Ok(()) };
        let state = read(&import.head.revision.data)?;
        let usual = JobStart::default();
        let start = import.job.as_deref().unwrap_or(&usual);
        let head = &import.head;
        let place = Place { model: import.model, pk, resource_id: &head.resource_id, held: head.is_deleted };
        self.insert_job(at, &place, kind, (&state, start), import.at.time)
    }

    fn insert_job(
        &mut self,
        at: usize,
        place: &Place<'_>,
        kind: &JobDescriptor,
        (state, start): (&JobState, &JobStart),
        now: Timestamp,
    ) -> Result<(), CommitError> {
        let next = placed(state, now, start.run_at).begun(start.attempt);
        let id = self.models.get(place.model)?.layout.model_id;
        let key = state.idempotency_key.as_ref().filter(|_| start.once);
        let values = params![
            id,
            place.pk,
            place.resource_id,
            kind.queue,
            next.phase.as_str(),
            start.priority.unwrap_or(kind.priority),
            next.run_at.0,
            next.attempt,
            start.schedule,
            state.partition_key,
            key,
            place.held,
            now.0,
            next.phase.is_terminal().then_some(now.0),
        ];
        let mut statement = self.connection.prepare_cached(&self.models.job().insert).map_err(store_error)?;
        match statement.execute(values) {
            Ok(_) => {
                self.dirty = true;
                let (line, held) = (self.connection.last_insert_rowid(), place.held);
                let waits = !held && !next.phase.is_terminal() && next.run_at <= now;
                match &state.partition_key {
                    // Nobody has to look at it before the others are done.
                    Some(key) if waits && is_blocked(self.connection, self.models, (id, key), line, now)? => {
                        let values = params![id, key, now.0, line];
                        self.execute(&self.models.job().mark_behind, values).map(|_| ()).map_err(Into::into)
                    }
                    _ => Ok(()),
                }
            }
            Err(error) if is_duplicate(&error) && key.is_some() => {
                Err(CommitError::JobKey { change: at, key: key.cloned().unwrap_or_default() })
            }
            Err(error) => Err(store_error(error).into()),
        }
    }

    /// Where a job goes with a change: where the change says, else where its document stands.
    pub(super) fn move_job(&mut self, at: usize, change: &HeadUpdate) -> Result<(), CommitError> {
        let Some(kind) = self.job_kind(change.of.model)? else { return Ok(()) };
        let (model, pk) = (change.of.model, change.of.pk);
        if let Some(job) = &change.job {
            self.advance(at, model, pk, job, change.updated.time)?;
            // The document may have got another key while a worker was at it.
            if let (None, Some(revision)) = (&job.lease, &change.revision) {
                let id = self.models.get(model)?.layout.model_id;
                let key = read(&revision.data)?.partition_key;
                self.moved(&self.models.job().set_key, params![id, pk, key])?;
            }
            return Ok(());
        }
        if let Some(is_deleted) = change.is_deleted {
            let id = self.models.get(model)?.layout.model_id;
            let moved = self.moved(&self.models.job().hold, params![id, pk, is_deleted])?;
            self.clear_way((id, pk), moved)?;
        }
        let Some(revision) = &change.revision else { return Ok(()) };
        let place = Place { model, pk, resource_id: &change.of.resource_id, held: false };
        self.follow(at, &place, kind, &revision.data, change.updated.time)
    }

    fn advance(
        &mut self,
        at: usize,
        model: ModelIndex,
        pk: i64,
        job: &JobMove,
        now: Timestamp,
    ) -> Result<(), CommitError> {
        let id = self.models.get(model)?.layout.model_id;
        let lease = job.lease.as_ref();
        let values = params![
            job.to.phase.as_str(),
            job.to.run_at.0,
            job.to.attempt,
            lease.map(|lease| &lease.token),
            lease.map(|lease| lease.until.0),
            lease.map(|lease| &lease.worker),
            now.0,
            id,
            pk,
            job.guard.token(),
            job.guard.over().map(|over| over.0),
            job.guard.is_open(),
        ];
        let moved = self.moved(&self.models.job().advance, values)?;
        if moved.is_none() {
            return Err(CommitError::LeaseLost { change: at });
        }
        // One that begins is in the way of the others as it was before.
        let is_behind = matches!(moved, Some((_, true)));
        if job.to.phase != Phase::Running || is_behind {
            self.clear_way((id, pk), moved)?;
        }
        let Some(asked) = &job.asked else { return Ok(()) };
        self.execute(&self.models.job().insert_asked, params![id, pk, asked]).map(|_| ()).map_err(Into::into)
    }

    /// The row of a job whose document somebody wrote. What a worker is at goes on, unless the document says that it
    /// is over: then its lease is.
    fn follow(
        &mut self,
        at: usize,
        place: &Place<'_>,
        kind: &JobDescriptor,
        data: &[u8],
        now: Timestamp,
    ) -> Result<(), CommitError> {
        let state = read(data)?;
        let id = self.models.get(place.model)?.layout.model_id;
        let texts = self.models.job();
        let found: Option<(String, u32, Option<String>, Option<String>)> =
            optional(self.connection, &texts.place, params![id, place.pk], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let Some((phase, attempt, token, key)) = found else {
            return self.insert_job(at, place, kind, (&state, &JobStart::default()), now);
        };
        if key != state.partition_key {
            let moved = self.moved(&texts.set_key, params![id, place.pk, state.partition_key])?;
            self.clear_way((id, place.pk), moved.map(|(_, behind)| (key, behind)))?;
        }
        if token.is_some() && !state.status.is_terminal() {
            return Ok(());
        }
        let next = placed(&state, now, None);
        if stays(&phase, attempt, &state, next) {
            return Ok(());
        }
        let job = JobMove { guard: JobGuard::Anybody, to: next, lease: None, asked: None };
        self.advance(at, place.model, place.pk, &job, now)
    }

    /// Runs a statement that may take a job out of the way of others: the key it had, and whether it was behind another
    /// one. Nothing when there is no such job.
    fn moved(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<(Option<String>, bool)>, StoreError> {
        let moved = optional(self.connection, sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.dirty |= moved.is_some();
        Ok(moved)
    }

    /// A job is out of the way: the first one that was behind it is looked at again. One that was behind others itself
    /// was in nobody's way but theirs.
    fn clear_way(
        &mut self,
        (id, pk): (i64, i64),
        moved: Option<(Option<String>, bool)>,
    ) -> Result<(), StoreError> {
        let texts = self.models.job();
        match moved {
            Some((_, true)) => self.execute(&texts.unmark, [id, pk]).map(|_| ()),
            Some((Some(key), false)) => self.execute(&texts.unblock, params![id, key]).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What is left of a job that is removed for good.
    pub(super) fn forget_job(&mut self, model: ModelIndex, pk: i64) -> Result<(), StoreError> {
        if self.job_kind(model)?.is_none() {
            return Ok(());
        }
        let id = self.models.get(model)?.layout.model_id;
        let moved = self.moved(&self.models.job().remove, [id, pk])?;
        self.clear_way((id, pk), moved)?;
        self.execute(&self.models.job().remove_asked, [id, pk])?;
        self.execute(&self.models.job().remove_lines, [id, pk]).map(|_| ())
    }

    /// Begins jobs that are due, and writes that into their documents.
    pub(in super::super) fn claim(&mut self, task: &ClaimTask) -> Result<(), CommitError> {
        let claim = &task.claim;
        let mut claimed = Claimed::default();
        let mut tokens = claim.tokens.iter();
        let mut marked = 0;
        while !tokens.as_slice().is_empty() {
            let Some(candidate) = ready(self.connection, self.models, claim)? else { break };
            let Candidate { row, line, key } = candidate;
            let model = row.model.ok_or_else(|| StoreError::Internal("a job of an unknown type".into()))?;
            let id = self.models.get(model)?.layout.model_id;
            let mark_behind = &self.models.job().mark_behind;
            if let Some(key) = &key
                && is_blocked(self.connection, self.models, (id, key), line, claim.now)?
            {
                self.execute(mark_behind, params![id, key, claim.now.0, line])?;
                marked += 1;
                if marked == MARKED_KEYS {
                    claimed.more = true;
                    break;
                }
                continue;
            }
            let Some(token) = tokens.next() else { break };
            let (worker, until) = (claim.worker.clone(), later(claim.until, task.asked));
            let lease = JobLease { token: token.clone(), until, worker };
            let begun = self.begin(row, lease, claim.now)?;
            if let (Some(_), Some(key)) = (&begun, &key) {
                self.execute(mark_behind, params![id, key, claim.now.0, 0])?;
            }
            claimed.jobs.extend(begun);
        }
        *task.claimed.lock().unwrap_or_else(PoisonError::into_inner) = claimed;
        Ok(())
    }

    /// `None` when its document cannot be read: it is set aside then, so that it does not stand in the way.
    fn begin(
        &mut self,
        mut found: JobRow,
        lease: JobLease,
        now: Timestamp,
    ) -> Result<Option<ClaimedJob>, CommitError> {
        let model = found.model.ok_or_else(|| StoreError::Internal("a job of an unknown type".into()))?;
        let attempt = found.attempt + 1;
        let head = self.head(model, &found.resource_id)?;
        let readable = head.and_then(|head| Some((JobState::read(&head.revision.data).ok()?, head)));
        let Some((mut state, head)) = readable else {
            tracing::error!(
                resource_id = found.resource_id,
                "a job cannot be read: it is set aside as failed"
            );
            let to = Next { phase: Phase::Failed, run_at: now, attempt };
            self.advance(
                0,
                model,
                found.pk,
                &JobMove { guard: JobGuard::Anybody, to, lease: None, asked: None },
                now,
            )?;
            return Ok(None);
        };
        started(&mut state, attempt, now);
        let to = Next { phase: Phase::Running, run_at: found.run_at, attempt };
        let job = JobMove { guard: JobGuard::Anybody, to, lease: Some(lease.clone()), asked: None };
        let head = self.rework_job(model, head, &state, job, &lease.worker, now)?;
        let id = self.models.get(model)?.layout.model_id;
        self.execute(&self.models.job().begin, params![id, found.pk, now.0])?;
        (found.phase, found.attempt, found.runs) = (Phase::Running, attempt, found.runs + 1);
        let kept = found.runs.saturating_sub(KEPT_RUNS);
        self.execute(&self.models.job().forget_lines, params![id, found.pk, kept])?;
        found.lease = Some(lease.clone());
        let asked = optional(self.connection, &self.models.job().asked, [id, found.pk], |row| row.get(0))?;
        Ok(Some(ClaimedJob { model, head, row: found, lease, asked }))
    }

    /// Writes a document in place.
    fn rework_job(
        &mut self,
        model: ModelIndex,
        head: Head,
        state: &JobState,
        job: JobMove,
        worker: &str,
        now: Timestamp,
    ) -> Result<Head, CommitError> {
        let descriptor = self.models.get(model)?.layout.descriptor;
        let update = reworked((model, descriptor), &head, state, job, worker, now)?;
        self.change(0, &Change::Update(Box::new(update.clone())))?;
        Ok(crate::timeline::apply(head, &update))
    }

    fn head(&self, model: ModelIndex, resource_id: &str) -> Result<Option<Head>, StoreError> {
        let text = &self.models.get(model)?.reads.head;
        let mut statement = self.connection.prepare_cached(text).map_err(store_error)?;
        let mut rows = statement.query([resource_id]).map_err(store_error)?;
        let found = rows.next().map_err(store_error)?;
        found.map(|found| Ok(row::head(found)?.to_owned())).transpose()
    }
}

/// The resource of a job.
pub(super) struct Place<'a> {
    pub(super) model: ModelIndex,
    pub(super) pk: i64,
    pub(super) resource_id: &'a str,
    pub(super) held: bool,
}
