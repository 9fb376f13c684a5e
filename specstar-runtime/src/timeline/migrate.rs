//! Bringing a revision to another schema version in place, and back.

use super::{Context, Payload, existing, touch};
use crate::change::{ChangeKind, Existing, HeadUpdate, ModelIndex, Previous, RevisionUpdate};
use crate::json::IndexRow;
use crate::meta::{DataHash, Head, Revision};

/// The current revision with content of the present schema version. It stays the same revision: number, times and users
/// are kept, and so are those of the resource.
pub fn migrate(
    model: ModelIndex,
    head: &Head,
    index_before: IndexRow,
    payload: Payload,
    context: &Context,
) -> HeadUpdate {
    let (revision, index_after, blobs) = migrated(&head.revision, payload);
    HeadUpdate {
        blobs: Some(blobs),
        ..in_place(model, head, revision, Previous::Keep, index_before, index_after, context)
    }
}

/// The same of a superseded revision.
pub fn migrate_superseded(
    of: Existing,
    revision: &Revision,
    payload: Payload,
    context: &Context,
) -> RevisionUpdate {
    let (revision, _, blobs) = migrated(revision, payload);
    RevisionUpdate { of, revision, blobs, previous: Previous::Keep, at: context.stamp() }
}

fn migrated(revision: &Revision, payload: Payload) -> (Revision, IndexRow, Vec<String>) {
    let revision = Revision {
        parent_schema_version: revision.schema_version.clone(),
        schema_version: payload.schema_version.map(str::to_owned),
        data_hash: payload.hash,
        data: payload.data,
        outdated: None,
        ..revision.clone()
    };
    (revision, payload.index, payload.blobs)
}

/// What a revision was before a migration.
#[derive(Clone, Debug)]
pub struct Before {
    /// Its version.
    pub schema_version: Option<String>,
    /// The version before that one.
    pub parent_schema_version: Option<String>,
    /// The hash of `data`.
    pub data_hash: DataHash,
    /// Its content.
    pub data: Vec<u8>,
}

impl Before {
    /// The revision with what it was.
    pub fn of(self, revision: &Revision) -> Revision {
        let Self { schema_version, parent_schema_version, data_hash, data } = self;
        Revision {
            schema_version,
            parent_schema_version,
            data_hash,
            data,
            outdated: None,
            ..revision.clone()
        }
    }
}

/// The current revision as it was before its last migration.
pub fn take_back(
    model: ModelIndex,
    head: &Head,
    before: Revision,
    index_before: IndexRow,
    index_after: IndexRow,
    context: &Context,
) -> HeadUpdate {
    in_place(model, head, before, Previous::TakeBack, index_before, index_after, context)
}

/// The same of a superseded revision.
pub fn take_back_superseded(of: Existing, before: Revision, context: &Context) -> RevisionUpdate {
    RevisionUpdate {
        of,
        revision: before,
        blobs: Vec::new(),
        previous: Previous::TakeBack,
        at: context.stamp(),
    }
}

fn in_place(
    model: ModelIndex,
    head: &Head,
    revision: Revision,
    previous: Previous,
    index_before: IndexRow,
    index_after: IndexRow,
    context: &Context,
) -> HeadUpdate {
    HeadUpdate {
        updated: head.updated.clone(),
        at: Some(context.stamp()),
        previous,
        revision: Some(revision),
        ..touch(model, head, ChangeKind::Migrated, index_before, index_after, context)
    }
}

/// The head as it was read, behind this many changes of the same set.
pub fn existing_after(model: ModelIndex, head: &Head, changes: usize) -> Existing {
    let of = existing(model, head);
    Existing { version: of.version + changes as i64, ..of }
}
