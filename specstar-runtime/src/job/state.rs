//! What the work reads and writes of the document of a job, without its type.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::JobStatus;
use crate::datetime::DateTime;
use crate::json::{DecodeError, to_canonical};

/// The document of a job whose payload and artifact are left as they are. Its fields are those of
/// [`Job`](super::Job), in the same order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct JobState {
    pub payload: Box<RawValue>,
    #[serde(default)]
    pub status: JobStatus,
    pub errmsg: Option<String>,
    pub artifact: Option<Box<RawValue>>,
    #[serde(default)]
    pub retries: i64,
    pub max_retries: Option<i64>,
    pub periodic_interval_seconds: Option<i64>,
    pub periodic_max_runs: Option<i64>,
    #[serde(default)]
    pub periodic_runs: i64,
    pub periodic_initial_delay_seconds: Option<i64>,
    pub last_heartbeat_at: Option<DateTime>,
    pub partition_key: Option<String>,
    pub idempotency_key: Option<String>,
}

impl JobState {
    /// Reads the canonical JSON of a job.
    pub fn read(canonical: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(canonical)
            .map_err(|error| DecodeError::data("$", format!("not the document of a job: {error}")))
    }

    /// The canonical JSON.
    pub fn write(&self) -> Result<Vec<u8>, DecodeError> {
        to_canonical(self)
    }

    /// How often it is begun at most, when the type says `usual`.
    pub fn max_attempts(&self, usual: u32) -> u32 {
        let retries = self.max_retries.map(|most| u32::try_from(most).unwrap_or(u32::MAX - 1));
        retries.map_or(usual, |retries| retries.saturating_add(1))
    }
}
