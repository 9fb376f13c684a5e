//! What a program may set about the rules.

use std::time::Duration;

use crate::blob::BlobIds;
use crate::descriptor::{IdGenerator, OnDecodeError, ResourceDescriptor, UnknownFields};
use crate::meta::RevisionStatus;

/// Rules that hold for every resource type of an application.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is a question of its own.
pub struct Settings {
    /// Status of a new revision where the resource type does not say.
    pub default_status: RevisionStatus,
    /// How ids are made where the resource type does not say.
    pub id_generator: IdGenerator,
    /// What happens to unknown fields of a body where the resource type does not say.
    pub unknown_fields: UnknownFields,
    /// What is shown of stored content that cannot be read, where the resource type does not say.
    pub on_decode_error: OnDecodeError,
    /// A stable revision may be rewritten in place by a request that makes it a draft.
    pub rewrite_stable_as_draft: bool,
    /// How long a write is planned again when others are faster; then it fails as unavailable.
    pub write_deadline: Duration,
    /// How long an answer waits for after-hooks, which go on without it.
    pub after_hook_wait: Duration,
    /// How long clients wait for most answers.
    pub request_timeout: Duration,
    /// The most resources one request changes.
    pub max_changes: usize,
    /// A write is refused when a resource it newly refers to is missing or deleted.
    pub validate_references: bool,
    /// A permanent delete follows references as a soft delete does; else it ignores them.
    pub purge_follows_references: bool,
    /// A referrer that goes along by another reference still keeps a resource from being deleted by a `restrict`.
    pub restrict_before_cascade: bool,
    /// A restore also restores what the delete took along, where a request does not say.
    pub restore_cascades: bool,
    /// A write may not leave a resource outside of its writer's scope.
    pub scope_of_writes: bool,
    /// Files are read, named and uploaded by everybody, and upload sessions are everybody's: nobody is asked.
    pub open_blobs: bool,
    /// Clients write every field of a job, also how far the work is.
    pub clients_write_jobs: bool,
    /// Everybody anonymous together counts as somebody who uploads files: nobody else is known, or nothing is kept
    /// from anybody.
    pub anonymous_uploaders: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_status: RevisionStatus::Stable,
            id_generator: IdGenerator::UuidV7,
            unknown_fields: UnknownFields::Deny,
            on_decode_error: OnDecodeError::Mark,
            rewrite_stable_as_draft: false,
            write_deadline: Duration::from_secs(10),
            after_hook_wait: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            max_changes: 10_000,
            validate_references: true,
            purge_follows_references: true,
            restrict_before_cascade: false,
            restore_cascades: true,
            scope_of_writes: true,
            open_blobs: false,
            clients_write_jobs: false,
            anonymous_uploaders: false,
        }
    }
}

/// The rules of one resource type: its own, else those of the application.
#[derive(Clone, Copy, Debug)]
pub struct ModelSettings {
    /// Status of a new revision.
    pub default_status: RevisionStatus,
    /// How ids are made.
    pub id_generator: IdGenerator,
    /// What happens to unknown fields of a body.
    pub unknown_fields: UnknownFields,
    /// How blobs are called; `None` when the application keeps none.
    pub blob_ids: Option<BlobIds>,
    /// What is shown of stored content that cannot be read.
    pub on_decode_error: OnDecodeError,
    /// It is a job of which clients write every field.
    pub clients_write_jobs: bool,
}

impl ModelSettings {
    /// What the attributes say, else what the application says.
    pub fn of(descriptor: &ResourceDescriptor, settings: &Settings, blob_ids: Option<BlobIds>) -> Self {
        Self {
            default_status: descriptor.default_status.unwrap_or(settings.default_status),
            id_generator: descriptor.id_generator.unwrap_or(settings.id_generator),
            unknown_fields: descriptor.unknown_fields.unwrap_or(settings.unknown_fields),
            blob_ids,
            on_decode_error: descriptor.on_decode_error.unwrap_or(settings.on_decode_error),
            clients_write_jobs: settings.clients_write_jobs && descriptor.job.is_some(),
        }
    }
}
