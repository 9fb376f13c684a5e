//! What is told of a migration.

use serde::Serialize;

/// What became of one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MigrateStatus {
    /// It is at the declared version now, or would be.
    Success,
    /// It is as it was, and can be read as far as it could before.
    Failed,
    /// It was at the declared version already.
    Skipped,
}

/// What became of one revision of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrateProgress {
    /// The resource.
    pub resource_id: String,
    /// What became of it.
    pub status: MigrateStatus,
    /// In words.
    pub message: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl MigrateProgress {
    pub(super) fn success(resource_id: &str, message: String) -> Self {
        Self::new(resource_id, MigrateStatus::Success, Some(message), None)
    }

    pub(super) fn skipped(resource_id: &str) -> Self {
        let message = "Resource already at current schema version".to_owned();
        Self::new(resource_id, MigrateStatus::Skipped, Some(message), None)
    }

    pub(super) fn failed(resource_id: &str, error: String) -> Self {
        Self::new(resource_id, MigrateStatus::Failed, None, Some(error))
    }

    fn new(resource_id: &str, status: MigrateStatus, message: Option<String>, error: Option<String>) -> Self {
        Self { resource_id: resource_id.to_owned(), status, message, error }
    }
}

/// A resource that could not be migrated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrateOutcome {
    /// The resource.
    pub resource_id: String,
    /// Why.
    pub error: String,
}

/// What became of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MigrateSummary {
    /// How many revisions were looked at.
    pub total: u64,
    /// How many are at the declared version now.
    pub success: u64,
    /// How many are not.
    pub failed: u64,
    /// How many were already.
    pub skipped: u64,
    /// The first hundred that failed.
    pub errors: Vec<MigrateOutcome>,
}

impl MigrateSummary {
    /// The most failures that are named.
    const NAMED: usize = 100;

    /// Counts one.
    pub(super) fn count(&mut self, progress: &MigrateProgress) {
        self.total += 1;
        match progress.status {
            MigrateStatus::Success => self.success += 1,
            MigrateStatus::Skipped => self.skipped += 1,
            MigrateStatus::Failed => {
                self.failed += 1;
                if self.errors.len() < Self::NAMED {
                    let (resource_id, error) = (progress.resource_id.clone(), progress.error.clone());
                    self.errors.push(MigrateOutcome { resource_id, error: error.unwrap_or_default() });
                }
            }
        }
    }
}
