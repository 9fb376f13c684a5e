//! What a change does to the row beside the document of a job.

use crate::datetime::Timestamp;
use crate::job::Next;

/// What is asked of a new job besides what its document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStart {
    /// It does not begin before this instant.
    pub run_at: Option<Timestamp>,
    /// Those of a higher number are begun first; `None` for what the type says.
    pub priority: Option<i16>,
    /// The cron expression of its times.
    pub schedule: Option<String>,
    /// There may be one job of the idempotency key of its document.
    pub once: bool,
    /// How often it was begun before, where its document does not say.
    pub attempt: Option<u32>,
    /// In whose name the call is made that the job stands for, and what it expects, as its worker reads it. It is kept
    /// beside the document, where no write of content gets to it.
    pub asked: Option<String>,
}

/// Where a job goes with a change of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMove {
    /// What must hold.
    pub guard: JobGuard,
    /// Where it goes.
    pub to: Next,
    /// Who works on it then.
    pub lease: Option<JobLease>,
    /// In whose name the call is made from now on, where that changes.
    pub asked: Option<String>,
}

/// What must hold for a job to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobGuard {
    /// Anybody may do it, and who was asked to stop has nothing to stop any more.
    Anybody,
    /// It is worked on under the lease of this token. Who was asked to stop moves it only to where it is over.
    Held(String),
    /// The same when the lease of this token is over at this instant; without a token, it is said to be worked on and
    /// nobody has a lease. A store with a clock of its own asks that.
    Over {
        /// Of which lease.
        token: Option<String>,
        /// When.
        now: Timestamp,
    },
}

impl JobGuard {
    /// Anybody may do it.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Anybody)
    }

    /// The token that the row must have.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Anybody => None,
            Self::Held(token) => Some(token),
            Self::Over { token, .. } => token.as_deref(),
        }
    }

    /// When the lease must be over.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn over(&self) -> Option<Timestamp> {
        match self {
            Self::Over { now, .. } => Some(*now),
            _ => None,
        }
    }
}

/// The right to work on a job for a while. Nobody else begins it until then, and what its holder makes of it is only
/// written while it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLease {
    /// Made for this lease, so that an older one is never taken for it.
    pub token: String,
    /// When it ends unless it is renewed.
    pub until: Timestamp,
    /// Who has it.
    pub worker: String,
}
