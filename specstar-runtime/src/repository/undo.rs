//! Differences between revisions, and undoing one of them.

use serde_json::{Value, json};

use super::enqueue::refuse_calls;
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
        let head = self.visible(model, resource_id, include_deleted, &gate).await?;
        let to = match to {
            Some(to) => self.any_revision(model, &head, to).await?,
            None => head.revision.clone(),
        };
        let from = match (from, to.parent_seq) {
            (Some(from), _) => Some(self.any_revision(model, &head, from).await?),
            (None, Some(seq)) => Some(self.numbered(model, &head, seq).await?),
            (None, None) => None,
        };
        for revision in from.iter().chain([&to]) {
            readable_revision(resource_id, &revision.as_ref())?;
        }
        let from = from.map_or(Ok(json!({})), |from| payload::from_stored(&from.data))?;
        let to: Value = payload::from_stored(&to.data)?;
        serde_json::to_vec(&json_patch::diff(&from, &to)).map_err(Error::internal)
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
        let head = self.head(model, resource_id).await?;
        gate.see(&head)?;
        let head = live(head)?;
        gate.admit_first(&head).await?;
        let made = self.any_revision(model, &head, revision).await?;
        let Some(parent) = made.parent_seq else {
            return Err(Error::Conflict(format!(
                "Revision '{}' is the first one: there is nothing to go back to.",
                id::revision_id(resource_id, made.seq)
            )));
        };
        // Revisions never change, except for the current one while it is a draft.
        let from = self.numbered(model, &head, parent).await?;
        // All three as the type is now, whatever they were written at.
        for revision in [&from, &made] {
            readable_revision(resource_id, &revision.as_ref())?;
        }
        let (from_json, made_seq): (Value, i64) = (payload::from_stored(&from.data)?, made.seq);
        let made_json: Value = payload::from_stored(&made.data)?;
        self.rewrite(&gate, resource_id, &options, Cause::Request, |head| {
            let current = &head.revision;
            readable(head)?;
            let now: Value = payload::from_stored(&current.data)?;
            let made = if made_seq == current.seq { &now } else { &made_json };
            let back = timeline::undo(&from_json, made, &now).map_err(|path| {
                let revision = id::revision_id(resource_id, made_seq);
                Error::Conflict(format!("Revision '{revision}' cannot be undone: {path} was changed since."))
            })?;
            let mut back = back;
            if !caller.is_trusted() || model.descriptor().job.is_some() {
                payload::keep_readonly(model, &mut back, &now);
            }
            let body = serde_json::to_vec(&back).map_err(Error::internal)?;
            Ok(Some(check(model, &body, caller)?.bringing(from.made_files())))
        })
        .await
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
