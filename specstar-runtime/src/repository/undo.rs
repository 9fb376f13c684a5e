//! Differences between revisions, and undoing one of them.

use serde_json::{Value, json};

use super::embed::Encoded;
use super::enqueue::refuse_calls;
use super::gate::Gate;
use super::payload::Checked;
use super::read::not_found;
use super::write::check;
use super::{Caller, Model, ReplaceOptions, Service, Written, payload};
use crate::access::Action;
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::id::{self, RevisionIdError};
use crate::meta::{Head, Revision};
use crate::schema::{readable, readable_revision};
use crate::timeline::{self, live};

impl Service {
    /// The JSON Patch (RFC 6902) that makes the revision `to` out of the revision `from`, each an id or a number.
    /// Without `to` it is the current one; without `from` the one that `to` was made from, or nothing at all.
    pub async fn diff(
        &self,
        model: &Model,
        resource_id: &str,
        (from, to): (Option<&str>, Option<&str>),
        include_deleted: bool,
        caller: &Caller,
    ) -> Result<Vec<u8>> {
        let actions = [Action::GET_META, Action::GET_RESOURCE_REVISION];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        let mut head = self.visible(model, resource_id, include_deleted, &gate).await?;
        let (from, to) = loop {
            let pair = self.pair(model, &head, (from, to)).await;
            let since = self.since(&mut head, include_deleted, &gate).await?;
            if since.leaves(pair.is_ok()) {
                break pair?;
            }
        };
        for revision in from.iter().chain([&to]) {
            readable_revision(resource_id, &revision.as_ref())?;
        }
        let from = from.map_or(Ok(json!({})), |from| payload::from_stored(&from.data))?;
        let to: Value = payload::from_stored(&to.data)?;
        serde_json::to_vec(&json_patch::diff(&from, &to)).map_err(Error::internal)
    }

    /// The revisions to compare; the first one is missing where there is nothing before the other.
    async fn pair(
        &self,
        model: &Model,
        head: &Head,
        (from, to): (Option<&str>, Option<&str>),
    ) -> Result<(Option<Revision>, Revision)> {
        let to = match to {
            Some(to) => self.any_revision(model, head, to).await?,
            None => head.revision.clone(),
        };
        let from = match (from, to.parent_seq) {
            (Some(from), _) => Some(self.any_revision(model, head, from).await?),
            (None, Some(seq)) => Some(self.numbered(model, head, seq).await?),
            (None, None) => None,
        };
        Ok((from, to))
    }

    /// A new revision without what one revision changed; 409 where a later one changed the same values.
    pub async fn undo(
        &self,
        model: &Model,
        resource_id: &str,
        revision: &str,
        options: ReplaceOptions,
        caller: &Caller,
    ) -> Result<Written> {
        refuse_calls(model, caller)?;
        let gate = self.gate(model, caller, Some(resource_id), &[Action::UPDATE]).await?;
        let mut attempts = self.attempts(model, resource_id);
        let mut encoded = Encoded::default();
        loop {
            let head = self.head(model, resource_id).await?;
            let of = (head.pk, head.version);
            match self.try_undo(&gate, head, revision, &options, &mut encoded).await {
                Ok(Some(written)) if !written.unchanged => return Ok(written),
                Ok(None) => {}
                // No commit has compared the version.
                told => {
                    let now = self.head(model, resource_id).await?;
                    if (now.pk, now.version) == of {
                        return told.and_then(|written| {
                            written.ok_or_else(|| Error::internal("an undo that is neither done nor refused"))
                        });
                    }
                }
            }
            attempts.again().await?;
        }
    }

    /// One time round: `None` when the head is another one by now.
    async fn try_undo(
        &self,
        gate: &Gate<'_>,
        head: Head,
        revision: &str,
        options: &ReplaceOptions,
        encoded: &mut Encoded,
    ) -> Result<Option<Written>> {
        let (model, caller) = (gate.model(), gate.caller());
        gate.see(&head)?;
        let head = live(head)?;
        gate.admit_first(&head).await?;
        let made = self.any_revision(model, &head, revision).await?;
        let Some(parent) = made.parent_seq else {
            return Err(Error::Conflict(format!(
                "Revision '{}' is the first one: there is nothing to go back to.",
                id::revision_id(&head.resource_id, made.seq)
            )));
        };
        // Each time anew: the current one may be a draft, which changes, and the resource another one of its id.
        let from = self.numbered(model, &head, parent).await?;
        // All three as the type is now, whatever they were written at.
        for revision in [&from, &made] {
            readable_revision(&head.resource_id, &revision.as_ref())?;
        }
        let without = |head: &Head| {
            readable(head)?;
            without(model, head, (&from, &made), caller).map(Some)
        };
        self.rewrite_head(gate, head, options, Cause::Request, encoded, without).await
    }

    /// A revision by id or number, the current one included.
    async fn any_revision(&self, model: &Model, head: &Head, text: &str) -> Result<Revision> {
        match id::parse_revision_or_number(&head.resource_id, text) {
            Ok(seq) if seq == head.revision.seq => Ok(head.revision.clone()),
            Ok(seq) => self.superseded(model, head, seq, text).await,
            Err(RevisionIdError::Unknown) => Err(not_found(head, text)),
            Err(error) => {
                Err(Error::BadRequest(format!("'{text}' is {error}, which is '{}'", head.resource_id)))
            }
        }
    }

    async fn numbered(&self, model: &Model, head: &Head, seq: i64) -> Result<Revision> {
        if seq == head.revision.seq {
            return Ok(head.revision.clone());
        }
        self.superseded(model, head, seq, &seq.to_string()).await
    }
}

/// The content of a resource without what was changed from one of its revisions to the next; 409 where it was changed
/// again since.
fn without(
    model: &Model,
    head: &Head,
    (from, made): (&Revision, &Revision),
    caller: &Caller,
) -> Result<Checked> {
    let now: Value = payload::from_stored(&head.revision.data)?;
    let (before, after): (Value, Value) =
        (payload::from_stored(&from.data)?, payload::from_stored(&made.data)?);
    let mut back = timeline::undo(&before, &after, &now).map_err(|path| {
        let revision = id::revision_id(&head.resource_id, made.seq);
        Error::Conflict(format!("Revision '{revision}' cannot be undone: {path} was changed since."))
    })?;
    if !caller.is_trusted() || model.descriptor().job.is_some() {
        payload::keep_readonly(model, &mut back, &now);
    }
    let body = serde_json::to_vec(&back).map_err(Error::internal)?;
    Ok(check(model, &body, caller)?.bringing(from.made_files()))
}
