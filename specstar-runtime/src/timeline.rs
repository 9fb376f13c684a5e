//! The rules of the versioned timeline, as pure functions from a head and a request to a change.
//!
//! A resource is a head, which holds the whole current revision, and the revisions it superseded. *Update*
//! adds a revision; *modify* rewrites the current one in place while it is a draft; *switch* makes an older
//! one current again; delete and restore touch the head only. No function here reads a clock, a database or
//! a request: the caller gives the head as read, one [`Context`], and commits what comes back. `None` means
//! that the request changes nothing and nothing is to be written.

mod history;
mod migrate;
mod precondition;
#[cfg(test)]
mod tests;
mod undo;

pub use history::{Direction, HistoryPage, HistoryRequest, Keep, prune, select};
pub use migrate::{Before, existing_after, migrate, migrate_superseded, take_back, take_back_superseded};
pub use precondition::{Preconditions, tag};
pub use undo::undo;

use uuid::Uuid;

use crate::change::{ChangeKind, Existing, HeadUpdate, JobMove, ModelIndex, NewHead, Previous, Removal};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::json::IndexRow;
use crate::meta::{DataHash, Head, Revision, RevisionStatus, Stamp};

/// Who does it and when: read once per operation.
#[derive(Clone, Debug)]
pub struct Context {
    /// The instant every timestamp of the operation gets.
    pub now: Timestamp,
    /// The user every `…_by` of the operation gets.
    pub user: String,
}

impl Context {
    /// As it is recorded.
    pub fn stamp(&self) -> Stamp {
        Stamp { time: self.now, by: self.user.clone() }
    }
}

/// A payload ready to be stored.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Canonical JSON.
    pub data: Vec<u8>,
    /// Hash of `data`.
    pub hash: DataHash,
    /// Index values of `data`.
    pub index: IndexRow,
    /// The files that `data` names, each once.
    pub blobs: Vec<String>,
    /// The schema version of the type that `data` was made with.
    pub schema_version: Option<&'static str>,
}

/// The first revision of a new resource.
pub fn create(
    model: ModelIndex,
    resource_id: String,
    payload: Payload,
    status: RevisionStatus,
    context: &Context,
) -> NewHead {
    let revision = Revision {
        seq: 1,
        uid: Uuid::now_v7(),
        parent_seq: None,
        schema_version: payload.schema_version.map(str::to_owned),
        parent_schema_version: None,
        status,
        data_hash: payload.hash,
        created: context.stamp(),
        updated: context.stamp(),
        data: payload.data,
        outdated: None,
    };
    NewHead { model, resource_id, revision, index: payload.index, blobs: payload.blobs, job: None }
}

/// The head, unless it is soft-deleted: most operations need a live resource.
pub fn live(head: Head) -> Result<Head> {
    if head.is_deleted {
        return Err(Error::Deleted { resource_id: head.resource_id });
    }
    Ok(head)
}

/// A new revision. Identical content changes nothing, except where a `status` is asked for that differs.
pub fn update(
    model: ModelIndex,
    head: &Head,
    index_before: IndexRow,
    payload: Payload,
    status: Option<RevisionStatus>,
    default_status: RevisionStatus,
    context: &Context,
) -> Option<HeadUpdate> {
    let current = &head.revision;
    let same_version = current.schema_version.as_deref() == payload.schema_version;
    let same_status = status.is_none_or(|wanted| wanted == current.status);
    if current.data_hash == payload.hash && same_version && same_status {
        return None;
    }
    let seq = head.rev_count + 1;
    let revision = Revision {
        seq,
        uid: Uuid::now_v7(),
        parent_seq: Some(current.seq),
        schema_version: payload.schema_version.map(str::to_owned),
        parent_schema_version: if same_version { None } else { current.schema_version.clone() },
        status: status.unwrap_or(default_status),
        data_hash: payload.hash,
        created: context.stamp(),
        updated: context.stamp(),
        data: payload.data,
        outdated: None,
    };
    Some(HeadUpdate {
        seq,
        archive: true,
        revision: Some(revision),
        rev_count: Some(seq),
        blobs: Some(payload.blobs),
        ..touch(model, head, ChangeKind::Updated, index_before, payload.index, context)
    })
}

/// What an in-place modify changes.
#[derive(Clone, Debug, Default)]
pub struct Modification {
    /// New content.
    pub payload: Option<Payload>,
    /// New status.
    pub status: Option<RevisionStatus>,
    /// Content of a stable revision may be rewritten when the same request makes it a draft.
    pub rewrite_stable_as_draft: bool,
}

/// The current revision rewritten in place: content only while it is a draft, status at any time.
pub fn modify(
    model: ModelIndex,
    head: &Head,
    index_before: IndexRow,
    modification: Modification,
    context: &Context,
) -> Result<Option<HeadUpdate>> {
    let current = &head.revision;
    let Modification { payload, status, rewrite_stable_as_draft } = modification;
    let opens = rewrite_stable_as_draft && status == Some(RevisionStatus::Draft);
    if payload.is_some() && current.status == RevisionStatus::Stable && !opens {
        return Err(Error::CannotModify { resource_id: head.resource_id.clone() });
    }
    let payload = payload.filter(|new| {
        new.hash != current.data_hash || new.schema_version != current.schema_version.as_deref()
    });
    let status = status.filter(|new| *new != current.status);
    if payload.is_none() && status.is_none() {
        return Ok(None);
    }
    let mut revision = current.clone();
    revision.updated = context.stamp();
    revision.status = status.unwrap_or(revision.status);
    let mut index_after = index_before.clone();
    let mut blobs = None;
    if let Some(new) = payload {
        revision.schema_version = new.schema_version.map(str::to_owned);
        revision.data_hash = new.hash;
        revision.data = new.data;
        revision.outdated = None;
        index_after = new.index;
        blobs = Some(new.blobs);
    }
    Ok(Some(HeadUpdate {
        revision: Some(revision),
        blobs,
        ..touch(model, head, ChangeKind::Modified, index_before, index_after, context)
    }))
}

/// The content of the current revision in place, whatever its status, as the work on a job changes it. The files that
/// it names stay the same.
pub fn rework(
    model: ModelIndex,
    head: &Head,
    index_before: IndexRow,
    payload: Payload,
    job: JobMove,
    context: &Context,
) -> HeadUpdate {
    let revision = Revision {
        updated: context.stamp(),
        data_hash: payload.hash,
        data: payload.data,
        ..head.revision.clone()
    };
    HeadUpdate {
        revision: Some(revision),
        job: Some(Box::new(job)),
        ..touch(model, head, ChangeKind::Modified, index_before, payload.index, context)
    }
}

/// A soft delete.
pub fn delete(model: ModelIndex, head: &Head, index: IndexRow, context: &Context) -> HeadUpdate {
    let marked = touch(model, head, ChangeKind::Deleted, index.clone(), index, context);
    HeadUpdate { is_deleted: Some(true), ..marked }
}

/// The end of a soft delete; a live resource stays as it is.
pub fn restore(model: ModelIndex, head: &Head, index: IndexRow, context: &Context) -> Option<HeadUpdate> {
    head.is_deleted.then(|| {
        let marked = touch(model, head, ChangeKind::Restored, index.clone(), index, context);
        HeadUpdate { is_deleted: Some(false), ..marked }
    })
}

/// An older revision becomes current again; the caller has found that `target` is not the current one, and of the
/// [same version](same_version).
pub fn switch(
    model: ModelIndex,
    head: &Head,
    target: Revision,
    index_before: IndexRow,
    index_after: IndexRow,
    context: &Context,
) -> HeadUpdate {
    HeadUpdate {
        seq: target.seq,
        archive: true,
        take: Some(target.seq),
        revision: Some(target),
        ..touch(model, head, ChangeKind::Switched, index_before, index_after, context)
    }
}

/// Fails with 409 for a revision that was written at another schema version than the current one: it has to be migrated
/// before it can take its place.
pub fn same_version(head: &Head, target: &Revision) -> Result<()> {
    if target.schema_version == head.revision.schema_version {
        return Ok(());
    }
    let name = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
    Err(Error::NotMigrated {
        revision_id: crate::id::revision_id(&head.resource_id, target.seq),
        found: name(&target.schema_version),
        expected: name(&head.revision.schema_version),
    })
}

/// A change that removes the resource, or revisions of it, for good.
pub fn removal(model: ModelIndex, head: &Head, context: &Context) -> Removal {
    Removal { of: existing(model, head), seq: head.revision.seq, at: context.stamp() }
}

/// The head as it was read, for a change that names it.
pub fn existing(model: ModelIndex, head: &Head) -> Existing {
    Existing { model, pk: head.pk, resource_id: head.resource_id.clone(), version: head.version }
}

/// A change that only marks the resource as changed; every other one starts from it.
fn touch(
    model: ModelIndex,
    head: &Head,
    kind: ChangeKind,
    index_before: IndexRow,
    index_after: IndexRow,
    context: &Context,
) -> HeadUpdate {
    HeadUpdate {
        of: existing(model, head),
        kind,
        seq: head.revision.seq,
        updated: context.stamp(),
        at: None,
        previous: Previous::Leave,
        is_deleted: None,
        cascade: Vec::new(),
        archive: false,
        take: None,
        revision: None,
        rev_count: None,
        blobs: None,
        index_before,
        index_after,
        job: None,
    }
}

/// The head after `update` was committed: what the answer shows without reading it again.
pub fn apply(mut head: Head, update: &HeadUpdate) -> Head {
    head.version += 1;
    head.updated = update.updated.clone();
    head.is_deleted = update.is_deleted.unwrap_or(head.is_deleted);
    head.rev_count = update.rev_count.unwrap_or(head.rev_count);
    if let Some(revision) = &update.revision {
        head.revision = revision.clone();
    }
    head
}
