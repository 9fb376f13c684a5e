//! Reading one resource.

use super::gate::Gate;
use super::{Caller, Model, Service};
use crate::access::Action;
use crate::descriptor::OnDecodeError;
use crate::error::{Error, Result};
use crate::id::{self, RevisionIdError};
use crate::meta::{Head, Revision};
use crate::schema::readable_revision;
use crate::timeline::{HistoryPage, HistoryRequest, live, select};

/// What to read of a resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions<'a> {
    /// This revision instead of the current one.
    pub revision_id: Option<&'a str>,
    /// Also when it is soft-deleted.
    pub include_deleted: bool,
    /// The content is read, not only metadata: another permission.
    pub with_data: bool,
}

/// A resource and the revision that was asked for.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The resource as it is now.
    pub head: Head,
    /// The older revision that was asked for; `None` for the current one.
    pub older: Option<Revision>,
}

impl Snapshot {
    /// The revision that was asked for.
    pub fn revision(&self) -> &Revision {
        self.older.as_ref().unwrap_or(&self.head.revision)
    }
}

impl Service {
    /// Reads one resource.
    pub async fn read(
        &self,
        model: &Model,
        resource_id: &str,
        options: ReadOptions<'_>,
        caller: &Caller,
    ) -> Result<Snapshot> {
        let mut gate = self.gate(model, caller, Some(resource_id), &[Action::GET_META]).await?;
        if options.with_data {
            gate.ask(Action::GET_RESOURCE_REVISION).await?;
        }
        let mut head = self.visible(model, resource_id, options.include_deleted, &gate).await?;
        let asked = options.revision_id.filter(|text| !text.is_empty());
        let older = loop {
            let Some(text) = asked else { break None };
            let older = self.older(model, &head, text).await;
            // The current one came with the head.
            if matches!(older, Ok(None)) {
                break None;
            }
            let since = self.since(&mut head, options.include_deleted, &gate).await?;
            if since.leaves(older.is_ok()) {
                break older?;
            }
        };
        let snapshot = Snapshot { head, older };
        if options.with_data && model.settings.on_decode_error != OnDecodeError::Raw {
            readable_revision(resource_id, &snapshot.revision().as_ref())?;
        }
        Ok(snapshot)
    }

    /// The history of a resource.
    pub async fn revisions(
        &self,
        model: &Model,
        resource_id: &str,
        request: &HistoryRequest,
        include_deleted: bool,
        caller: &Caller,
    ) -> Result<(Head, HistoryPage)> {
        let actions = [Action::GET_META, Action::LIST_REVISIONS];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        let (head, mut revisions) = self.timeline(model, resource_id).await?;
        gate.admit(&head, None).await?;
        let head = if include_deleted { head } else { live(head)? };
        revisions.push(Revision { data: Vec::new(), ..head.revision.clone() });
        let page = select(&head.resource_id, head.revision.seq, revisions, request)?;
        Ok((head, page))
    }

    /// The head of a resource that exists for the caller, who may do what the gate asks for.
    pub(super) async fn visible(
        &self,
        model: &Model,
        resource_id: &str,
        include_deleted: bool,
        gate: &Gate<'_>,
    ) -> Result<Head> {
        let head = self.head(model, resource_id).await?;
        gate.admit(&head, None).await?;
        if include_deleted { Ok(head) } else { live(head) }
    }

    /// Looks at a head once more, after something was read that belongs to it: what it is by now, the caller may read as
    /// well, and what was read may be of either.
    pub(super) async fn since(
        &self,
        head: &mut Head,
        include_deleted: bool,
        gate: &Gate<'_>,
    ) -> Result<Since> {
        let now = self.visible(gate.model(), &head.resource_id, include_deleted, gate).await?;
        let since = match (now.pk == head.pk, now.version == head.version) {
            (true, true) => Since::Same,
            (true, false) => Since::Changed,
            (false, _) => Since::Replaced,
        };
        *head = now;
        Ok(since)
    }

    /// A revision by id or number; `None` when it is the current one.
    async fn older(&self, model: &Model, head: &Head, text: &str) -> Result<Option<Revision>> {
        match id::parse_revision_or_number(&head.resource_id, text) {
            Ok(seq) if seq == head.revision.seq => Ok(None),
            Ok(seq) => self.superseded(model, head, seq, text).await.map(Some),
            Err(RevisionIdError::Unknown | RevisionIdError::Malformed) => Err(not_found(head, text)),
        }
    }

    /// A revision that the head does not have, or has only since it was read: a switch moves revisions between a head
    /// and its history. Whoever shows it looks first what the head is [since](Self::since).
    pub(super) async fn superseded(
        &self,
        model: &Model,
        head: &Head,
        seq: i64,
        asked: &str,
    ) -> Result<Revision> {
        let mut version = head.version;
        loop {
            if let Some(found) = self.revision(model, head.pk, seq).await? {
                return Ok(found);
            }
            match self.find(model, &head.resource_id).await?.filter(|now| now.pk == head.pk) {
                Some(now) if now.revision.seq == seq => return Ok(now.revision),
                Some(now) if now.version != version => version = now.version,
                _ => return Err(not_found(head, asked)),
            }
        }
    }
}

/// What became of a head while something was read that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// Nothing.
    Same,
    /// It was changed.
    Changed,
    /// Another resource has its id.
    Replaced,
}

impl Since {
    /// Whether what was read can be told: what was found of a resource that was changed is of it still, what was not
    /// found may have been moved meanwhile.
    pub(super) fn leaves(self, found: bool) -> bool {
        self == Self::Same || (self == Self::Changed && found)
    }
}

/// A bare number is shown as the full id it stands for.
pub(super) fn not_found(head: &Head, asked: &str) -> Error {
    let numeric = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit());
    let revision_id = if numeric { format!("{}:{asked}", head.resource_id) } else { asked.to_owned() };
    Error::RevisionNotFound { resource_id: head.resource_id.clone(), revision_id }
}
