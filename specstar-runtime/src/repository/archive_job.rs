//! Jobs out of archives.

use super::archive::Arriving;
use super::commit::Plan;
use super::service::store_error;
use super::{Model, Service};
use crate::change::{Change, JobStart};
use crate::error::{Error, Result};
use crate::job::{JobState, JobStatus, Phase, due_of_archive};
use crate::json::{IndexRow, fitting_index_row};
use crate::meta::{DataHash, Head};
use crate::schema;
use crate::store::JobRow;

/// A job as it comes out of an archive.
pub(super) struct ArrivingJob {
    pub(super) head: Head,
    pub(super) index: IndexRow,
    pub(super) start: Option<Box<JobStart>>,
}

impl Service {
    /// The row of a job that an archive is to replace; 409 when the job is being worked on.
    pub(super) async fn job_at_rest(&self, model: &Model, existing: &Head) -> Result<Option<JobRow>> {
        if model.descriptor().job.is_none() {
            return Ok(None);
        }
        let row = self.store.job(model.index, existing.pk).await.map_err(store_error)?;
        if row.as_ref().is_some_and(|row| row.phase == Phase::Running && row.lease.is_some()) {
            let resource_id = &existing.resource_id;
            return Err(Error::Conflict(format!(
                "The job '{resource_id}' is being worked on: cancel it, or wait until it is over."
            )));
        }
        Ok(row)
    }

    /// What becomes of a resource of an archive that is a job: it has the time, priority and schedule that the archive
    /// says, else those that it has here; work that was going on begins again. 409 when the job is being worked on here.
    pub(super) async fn arriving_job(
        &self,
        model: &Model,
        arriving: &Arriving,
        existing: Option<&Head>,
        plan: &Plan,
    ) -> Result<ArrivingJob> {
        let Arriving { head, index, .. } = arriving;
        let mut job = ArrivingJob { head: head.clone(), index: index.clone(), start: None };
        if model.descriptor().job.is_none() {
            return Ok(job);
        }
        let mut start = JobStart::default();
        let mut waits_until = None;
        let here = match existing {
            Some(existing) => self.job_at_rest(model, existing).await?,
            None => None,
        };
        if let Some(place) = &arriving.job {
            (start.priority, start.schedule) = (Some(place.priority), place.schedule.clone());
            (waits_until, start.attempt) = (Some(place.run_at), Some(place.attempt));
        } else if let Some(row) = here {
            waits_until = (row.phase == Phase::Scheduled).then_some(row.run_at);
            (start.priority, start.schedule) = (Some(row.priority), row.schedule);
        }
        let is_current = schema::is_current(model.descriptor(), head.revision.schema_version.as_deref());
        if let (true, Ok(mut state)) = (is_current, JobState::read(&head.revision.data)) {
            if state.status == JobStatus::Processing {
                // Whoever worked on it did so on another database.
                state.status = JobStatus::Pending;
                // It was not to blame for the end of that run.
                start.attempt = start.attempt.map(|attempt| attempt.saturating_sub(1));
                let data = state.write()?;
                job.index = fitting_index_row(model.descriptor(), &data);
                (job.head.revision.data_hash, job.head.revision.data) = (DataHash::of(&data), data);
            }
            let revision = &head.revision;
            start.run_at = match state.status {
                JobStatus::Pending => {
                    waits_until.or_else(|| due_of_archive(&state, head.created.time, revision.updated.time))
                }
                _ => None,
            };
            if let Some(key) = &state.idempotency_key {
                start.once = self.is_first(model, key, &head.resource_id, plan).await?;
            }
        }
        job.start = Some(Box::new(start));
        Ok(job)
    }

    /// Whether nobody else has this key to himself.
    async fn is_first(&self, model: &Model, key: &str, resource_id: &str, plan: &Plan) -> Result<bool> {
        let holder = self.store.job_of_key(model.index, key).await.map_err(store_error)?;
        if holder.is_some_and(|holder| holder != resource_id) {
            return Ok(false);
        }
        for change in &plan.changes {
            let Change::Import(other) = change else { continue };
            let once = other.job.as_ref().is_some_and(|start| start.once);
            if other.model == model.index
                && once
                && JobState::read(&other.head.revision.data)?.idempotency_key.as_deref() == Some(key)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
