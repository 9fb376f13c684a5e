//! Delete, restore, switch, permanent delete, prune.

use super::read::not_found;
use super::service::{store_error, stored_index};
use super::{Caller, Model, Service};
use crate::access::Action;
use crate::change::{Change, HeadUpdate};
use crate::error::{Error, Result};
use crate::id::{self, RevisionIdError};
use crate::meta::{Head, Revision};
use crate::timeline::{self, Keep, Preconditions, live};

impl Service {
    /// A soft delete.
    pub async fn delete(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.authorize(model, caller, Action::DELETE, Some(resource_id)).await?;
        self.change(model, resource_id, preconditions, |head| {
            let head = live(head)?;
            let index = stored_index(model, &head.revision.data)?;
            let update = timeline::delete(model.index, &head, index, &caller.context());
            Ok((head, Some(update)))
        })
        .await
    }

    /// The end of a soft delete; a live resource is given back as it is.
    pub async fn restore(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.authorize(model, caller, Action::RESTORE, Some(resource_id)).await?;
        self.change(model, resource_id, preconditions, |head| {
            let index = stored_index(model, &head.revision.data)?;
            let update = timeline::restore(model.index, &head, index, &caller.context());
            Ok((head, update))
        })
        .await
    }

    /// Makes another revision the current one; `revision` is its number or its id.
    pub async fn switch(
        &self,
        model: &Model,
        resource_id: &str,
        revision: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.authorize(model, caller, Action::SWITCH, Some(resource_id)).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = live(self.head(model, resource_id).await?)?;
            let seq = revision_number(&head, revision)?;
            preconditions.check(&head)?;
            if seq == head.revision.seq {
                return Ok(head);
            }
            let target = self.superseded(model, &head, seq, revision).await?;
            let before = stored_index(model, &head.revision.data)?;
            let after = stored_index(model, &target.data)?;
            let update = timeline::switch(model.index, &head, target, before, after, &caller.context())?;
            if let Some(after) = self.apply(head, update).await? {
                return Ok(after);
            }
            attempts.again().await?;
        }
    }

    /// Removes a resource, live or deleted, and all its revisions; gives its last state.
    pub async fn delete_permanently(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.authorize(model, caller, Action::PERMANENTLY_DELETE, Some(resource_id)).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            preconditions.check(&head)?;
            if self.commit(vec![Change::Purge(timeline::existing(model.index, &head))]).await? {
                return Ok(head);
            }
            attempts.again().await?;
        }
    }

    /// Removes superseded revisions for good and gives their numbers.
    pub async fn prune(
        &self,
        model: &Model,
        resource_id: &str,
        keep: Keep,
        caller: &Caller,
    ) -> Result<Vec<i64>> {
        self.authorize(model, caller, Action::PRUNE, Some(resource_id)).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            let mut revisions: Vec<Revision> =
                self.store.history(model.index, head.pk).await.map_err(store_error)?;
            revisions.push(head.revision.without_data());
            let seqs = timeline::prune(head.revision.seq, &revisions, keep)?;
            if seqs.is_empty() {
                return Ok(seqs);
            }
            let change = Change::Prune { of: timeline::existing(model.index, &head), seqs: seqs.clone() };
            if self.commit(vec![change]).await? {
                return Ok(seqs);
            }
            attempts.again().await?;
        }
    }

    /// The loop of a change of the head alone: read, compare, plan, commit; again when stale.
    async fn change(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        plan: impl Fn(Head) -> Result<(Head, Option<HeadUpdate>)>,
    ) -> Result<Head> {
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            let checked = preconditions.check(&head);
            let (head, update) = plan(head)?;
            checked?;
            let Some(update) = update else { return Ok(head) };
            if let Some(after) = self.apply(head, update).await? {
                return Ok(after);
            }
            attempts.again().await?;
        }
    }

    /// Commits one update; the head after it, or `None` when the plan was stale.
    async fn apply(&self, head: Head, update: HeadUpdate) -> Result<Option<Head>> {
        let after = timeline::apply(head, &update);
        let done = self.commit(vec![Change::Update(Box::new(update))]).await?;
        Ok(done.then_some(after))
    }
}

fn revision_number(head: &Head, text: &str) -> Result<i64> {
    id::parse_revision_or_number(&head.resource_id, text).map_err(|error| match error {
        RevisionIdError::Unknown => not_found(head, text),
        RevisionIdError::Malformed => {
            Error::BadRequest(format!("'{text}' is {error}, which is '{}'", head.resource_id))
        }
    })
}
