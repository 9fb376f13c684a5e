//! Delete, restore, switch, permanent delete, prune.

use super::answer::Outcome;
use super::commit::Plan;
use super::enqueue::refuse_calls;
use super::hooks::Happening;
use super::payload;
use super::read::not_found;
use super::reference::Way;
use super::{Caller, Model, Service};
use crate::access::Action;
use crate::change::{Change, ChangeKind};
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::id::{self, RevisionIdError};
use crate::meta::{Head, Revision};
use crate::schema::{self, index_as_stored};
use crate::timeline::{self, Keep, Preconditions, live};

impl Service {
    /// A soft delete, with what depends on the resource.
    pub async fn delete(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.remove(model, resource_id, preconditions, Way::Soft, caller).await
    }

    /// Removes a resource, live or deleted, and all its revisions, with what depends on it; gives its last state.
    pub async fn delete_permanently(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        caller: &Caller,
    ) -> Result<Head> {
        self.remove(model, resource_id, preconditions, Way::Permanent, caller).await
    }

    async fn remove(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        way: Way,
        caller: &Caller,
    ) -> Result<Head> {
        let action = if way == Way::Soft { Action::DELETE } else { Action::PERMANENTLY_DELETE };
        let gate = self.gate(model, caller, Some(resource_id), &[action]).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.admit(&head, None).await?;
            let checked = preconditions.check(&head);
            let head = if way == Way::Soft { live(head)? } else { head };
            checked?;
            let mut deletion = self.plan_deletion(model, vec![head], way, caller).await?;
            let root = deletion.roots.first();
            deletion.plan.answer = root.and_then(|root| caller.answer(model, &Outcome::One(root)));
            if self.commit(deletion.plan, caller).await? {
                let gone = deletion.roots.into_iter().next();
                return gone.ok_or_else(|| Error::internal("a deletion lost what it deletes"));
            }
            attempts.again().await?;
        }
    }

    /// The end of a soft delete, with what the delete took along unless `cascade` is off; a live resource is given
    /// back as it is.
    pub async fn restore(
        &self,
        model: &Model,
        resource_id: &str,
        preconditions: &Preconditions,
        cascade: Option<bool>,
        caller: &Caller,
    ) -> Result<Head> {
        refuse_calls(model, caller)?;
        let cascade = cascade.unwrap_or(self.settings.restore_cascades);
        let gate = self.gate(model, caller, Some(resource_id), &[Action::RESTORE]).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.admit(&head, None).await?;
            preconditions.check(&head)?;
            if !head.is_deleted {
                return Ok(head);
            }
            let mut restoration = self.plan_restoration(model, vec![head], cascade, caller).await?;
            let root = restoration.roots.first();
            restoration.plan.answer = root.and_then(|root| caller.answer(model, &Outcome::One(root)));
            if self.commit(restoration.plan, caller).await? {
                let back = restoration.roots.into_iter().next();
                return back.ok_or_else(|| Error::internal("a restoration lost what it restores"));
            }
            attempts.again().await?;
        }
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
        refuse_calls(model, caller)?;
        let gate = self.gate(model, caller, Some(resource_id), &[Action::SWITCH]).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let head = self.head(model, resource_id).await?;
            gate.see(&head)?;
            gate.admit_first(&head).await?;
            let head = live(head)?;
            let seq = revision_number(&head, revision)?;
            preconditions.check(&head)?;
            if seq == head.revision.seq {
                return Ok(head);
            }
            let target = self.superseded(model, &head, seq, revision).await?;
            let (target, files) = with_work(model, &head, target)?;
            if gate.judges_input() {
                gate.admit(&head, Some(&target.data)).await?;
            }
            timeline::same_version(&head, &target)?;
            let before = index_as_stored(model.descriptor(), &head.revision.as_ref())?;
            let after = index_as_stored(model.descriptor(), &target.as_ref())?;
            let needs = self.needs(model, resource_id, Some(&before), &after);
            let mut plan = Plan { needs, returning: true, ..Plan::default() };
            let happening =
                Happening { model, caller, resource_id, kind: ChangeKind::Switched, cause: Cause::Request };
            self.hookable(model, &head)?;
            if self.is_hooked(model) {
                schema::readable_revision(resource_id, &target.as_ref())?;
            }
            let (old, new) = (head.revision.data.clone(), target.data.clone());
            self.before(happening, Some(&old), Some(&new), &mut plan.along).await?;
            let mut update = timeline::switch(model.index, &head, target, before, after, &caller.context());
            update.blobs = files;
            let after = timeline::apply(head, &update);
            gate.keep(&after.as_ref())?;
            plan.changes.push(Change::Update(Box::new(update)));
            plan.done.push(happening.done(Some(old), Some(new)));
            plan.answer = caller.answer(model, &Outcome::One(&after));
            if self.commit(plan, caller).await? {
                return Ok(after);
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
        let gate = self.gate(model, caller, Some(resource_id), &[Action::PRUNE]).await?;
        let mut attempts = self.attempts(model, resource_id);
        loop {
            let (head, mut revisions) = self.timeline(model, resource_id).await?;
            gate.admit(&head, None).await?;
            revisions.push(head.revision.without_data());
            let seqs = timeline::prune(head.revision.seq, &revisions, keep)?;
            if seqs.is_empty() {
                return Ok(seqs);
            }
            let of = timeline::removal(model.index, &head, &caller.context());
            if self.commit(Plan::of(Change::Prune { of, seqs: seqs.clone() }), caller).await? {
                return Ok(seqs);
            }
            attempts.again().await?;
        }
    }
}

/// An older revision of a job with how far the work is now, and the files that it names then: going back in its history
/// does not go back with the work. Every other revision as it is.
fn with_work(model: &Model, head: &Head, mut target: Revision) -> Result<(Revision, Option<Vec<String>>)> {
    if model.descriptor().job.is_none() {
        return Ok((target, None));
    }
    schema::readable(head)?;
    schema::readable_revision(&head.resource_id, &target.as_ref())?;
    timeline::same_version(head, &target)?;
    let mut content = payload::from_stored(&target.data)?;
    payload::keep_readonly(model, &mut content, &payload::from_stored(&head.revision.data)?);
    let body = serde_json::to_vec(&content).map_err(Error::internal)?;
    let kept = payload::patched_by_program(model, &body, Some(&head.revision.data))?.payload;
    if kept.hash == target.data_hash {
        return Ok((target, None));
    }
    (target.data, target.data_hash, target.outdated) = (kept.data, kept.hash, None);
    target.schema_version = kept.schema_version.map(str::to_owned);
    Ok((target, Some(kept.blobs)))
}

fn revision_number(head: &Head, text: &str) -> Result<i64> {
    id::parse_revision_or_number(&head.resource_id, text).map_err(|error| match error {
        RevisionIdError::Unknown => not_found(head, text),
        RevisionIdError::Malformed => {
            Error::BadRequest(format!("'{text}' is {error}, which is '{}'", head.resource_id))
        }
    })
}
