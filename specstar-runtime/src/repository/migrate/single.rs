//! One resource at a time: migrations, and taking them back.

use super::work::Seen;
use super::{MigrateProgress, Revisions, versioned};
use crate::access::Action;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::id::{self, RevisionIdError};
use crate::json::fitting_index_row;
use crate::meta::Head;
use crate::repository::commit::Plan;
use crate::repository::gate::Gate;
use crate::repository::read::not_found;
use crate::repository::reference::Need;
use crate::repository::service::store_error;
use crate::repository::{Caller, Model, Service};
use crate::schema::{self, index_as_stored};
use crate::store::Original;
use crate::timeline::{self, Before};

/// What is wanted of one resource.
#[derive(Clone, Debug)]
pub struct MigrateRequest {
    /// This revision, by id or number, instead of the current one.
    pub revision: Option<String>,
    /// Write what it becomes; else it is only tried.
    pub write_back: bool,
}

impl Service {
    /// Migrates one resource, deleted or not. A step that fails is told and no error; a version without a way to the
    /// declared one is 400.
    pub async fn migrate_one(
        &self,
        model: &Model,
        resource_id: &str,
        request: &MigrateRequest,
        caller: &Caller,
    ) -> Result<MigrateProgress> {
        let actions = [Action::GET_META, Action::MIGRATE];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.admit(&head, None).await?;
            versioned(model)?;
            let seq = wanted(&head, request.revision.as_deref())?;
            let revisions = Revisions::One(id::revision_id(resource_id, seq));
            let job = self.job(&gate, &head, &revisions, 0).await?;
            let older;
            let revision = if seq == head.revision.seq {
                &head.revision
            } else {
                older = self.superseded(model, &head, seq, &seq.to_string()).await?;
                &older
            };
            if let (true, Some(crate::meta::Problem::NoPath(reason))) =
                (job.changes.is_empty(), revision.problem())
            {
                return Err(Error::BadRequest(reason.clone()));
            }
            let told = |job: super::work::Job| job.told.into_iter().next();
            if job.changes.is_empty() {
                return told(job).ok_or_else(|| Error::internal("a migration of one revision told nothing"));
            }
            if !request.write_back {
                let obstacle = self.obstacle(&gate, &job, &mut Seen::default()).await?;
                let told = match obstacle {
                    Some(reason) => job.failed(&reason).into_iter().next(),
                    None => told(job),
                };
                return told.ok_or_else(|| Error::internal("a migration of one revision told nothing"));
            }
            let plan =
                Plan { changes: job.changes, needs: job.needs, uploads: job.uploads, ..Plan::default() };
            match self.commit(plan, caller).await {
                Ok(true) => {
                    let told = job.told.into_iter().next();
                    return told.ok_or_else(|| Error::internal("a migration of one revision told nothing"));
                }
                Ok(false) => attempts.again().await?,
                Err(error @ (Error::Unavailable { .. } | Error::Internal { .. })) => return Err(error),
                Err(error) => return Ok(MigrateProgress::failed(resource_id, error.to_string())),
            }
        }
    }

    /// Gives a revision the content that it had before its last migration; 409 when it was never migrated, or has been
    /// changed since.
    pub async fn take_back_migration(
        &self,
        model: &Model,
        resource_id: &str,
        revision: Option<&str>,
        caller: &Caller,
    ) -> Result<MigrateProgress> {
        let actions = [Action::GET_META, Action::MIGRATE];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.admit(&head, None).await?;
            let seq = wanted(&head, revision)?;
            let original = self.store.original(model.index, head.pk, seq).await.map_err(store_error)?;
            let Back { change, needs, message } = self.plan_back(&gate, &head, seq, original).await?;
            if self.commit(Plan { returning: true, needs, ..Plan::of(change) }, caller).await? {
                return Ok(MigrateProgress::success(resource_id, message));
            }
            attempts.again().await?;
        }
    }

    async fn plan_back(
        &self,
        gate: &Gate<'_>,
        head: &Head,
        seq: i64,
        original: Option<Original>,
    ) -> Result<Back> {
        let model = gate.model();
        let revision_id = id::revision_id(&head.resource_id, seq);
        let older;
        let now = if seq == head.revision.seq {
            &head.revision
        } else {
            older = self.superseded(model, head, seq, &seq.to_string()).await?;
            &older
        };
        let Some(original) = original else {
            return Err(Error::Conflict(format!(
                "Revision '{revision_id}' was not migrated, or has been changed since."
            )));
        };
        if original.migrated_hash != now.data_hash {
            return Err(Error::Conflict(format!(
                "Revision '{revision_id}' has been changed since it was migrated."
            )));
        }
        let message = format!(
            "Took revision {revision_id} back from {} to {}",
            schema::shown(now.schema_version.as_deref()),
            schema::shown(original.schema_version.as_deref()),
        );
        let Original { schema_version, parent_schema_version, data_hash, data, .. } = original;
        let before = Before { schema_version, parent_schema_version, data_hash, data }.of(now);
        let context = gate.caller().context();
        let mut needs = Vec::new();
        let change = if seq == head.revision.seq {
            let from = index_as_stored(model.descriptor(), &now.as_ref())?;
            let to = fitting_index_row(model.descriptor(), &before.data);
            // What it referred to may be gone since. A deleted one is asked when it is restored.
            if !head.is_deleted {
                needs = self.needs(model, &head.resource_id, Some(&from), &to);
            }
            let update = timeline::take_back(model.index, head, before, from, to, &context);
            if gate.limits_writes() {
                gate.keep(&timeline::apply(head.clone(), &update).as_ref())?;
            }
            Change::Update(Box::new(update))
        } else {
            let of = timeline::existing(model.index, head);
            Change::Rewrite(Box::new(timeline::take_back_superseded(of, before, &context)))
        };
        Ok(Back { change, needs, message })
    }
}

/// A revision on its way back.
struct Back {
    change: Change,
    needs: Vec<Need>,
    message: String,
}

/// The number of a revision by id or number; of the current one when none is given.
fn wanted(head: &Head, revision: Option<&str>) -> Result<i64> {
    let Some(text) = revision.filter(|text| !text.is_empty()) else { return Ok(head.revision.seq) };
    id::parse_revision_or_number(&head.resource_id, text).map_err(|error| match error {
        RevisionIdError::Unknown | RevisionIdError::Malformed => not_found(head, text),
    })
}
