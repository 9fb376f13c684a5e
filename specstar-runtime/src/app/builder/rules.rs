//! The rules of resources.

use std::time::Duration;

use super::SpecStarBuilder;
use crate::descriptor::{IdGenerator, OnDecodeError, UnknownFields};
use crate::meta::RevisionStatus;

impl SpecStarBuilder {
    /// Status of new revisions where the type does not say (stable).
    pub fn default_status(mut self, status: RevisionStatus) -> Self {
        self.rules.default_status = status;
        self
    }

    /// How ids are made where the type does not say (UUID v7).
    pub fn id_generator(mut self, generator: IdGenerator) -> Self {
        self.rules.id_generator = generator;
        self
    }

    /// What happens to unknown fields of a body where the type does not say (denied).
    pub fn unknown_fields(mut self, policy: UnknownFields) -> Self {
        self.rules.unknown_fields = policy;
        self
    }

    /// What is shown of stored content that cannot become its type, where the type does not say (marked in lists).
    pub fn on_decode_error(mut self, policy: OnDecodeError) -> Self {
        self.rules.on_decode_error = policy;
        self
    }

    /// Whether a stable revision may be rewritten by a request that makes it a draft (no).
    pub fn rewrite_stable_as_draft(mut self, allowed: bool) -> Self {
        self.rules.rewrite_stable_as_draft = allowed;
        self
    }

    /// The most resources one request changes (10,000).
    pub fn max_changes(mut self, most: usize) -> Self {
        self.rules.max_changes = most;
        self
    }

    /// Whether a write is refused when a resource it newly refers to is missing or deleted (yes).
    pub fn validate_references(mut self, validated: bool) -> Self {
        self.rules.validate_references = validated;
        self
    }

    /// Whether a permanent delete follows references as a soft delete does, or ignores them (follows).
    pub fn purge_follows_references(mut self, followed: bool) -> Self {
        self.rules.purge_follows_references = followed;
        self
    }

    /// Whether a referrer that goes along by another reference still keeps a resource from being deleted by a
    /// `restrict` (no).
    pub fn restrict_before_cascade(mut self, counted: bool) -> Self {
        self.rules.restrict_before_cascade = counted;
        self
    }

    /// Whether a restore also restores what the delete took along, where a request does not say (yes).
    pub fn restore_cascades(mut self, cascades: bool) -> Self {
        self.rules.restore_cascades = cascades;
        self
    }

    /// Whether a write that would leave a resource outside of its writer's scope is refused (yes).
    pub fn scope_of_writes(mut self, checked: bool) -> Self {
        self.rules.scope_of_writes = checked;
        self
    }

    /// Whether files are read, named and uploaded by everybody, whatever the rules say (no). Files of one resource are
    /// still read by those who may read the resource.
    pub fn open_blobs(mut self, open: bool) -> Self {
        self.rules.open_blobs = open;
        self
    }

    /// How long an answer waits for after-hooks (5 s); they go on without it. At most half the time of a request, and
    /// not until that is up.
    pub fn after_hook_wait(mut self, limit: Duration) -> Self {
        self.rules.after_hook_wait = limit;
        self
    }

    /// How long a write is planned again while others are faster (10 s).
    pub fn write_deadline(mut self, limit: Duration) -> Self {
        self.rules.write_deadline = limit;
        self
    }
}
