//! Upload sessions: a large file in numbered parts, or with one request to the object storage itself.
//!
//! A session is a row with a state and a version. What may happen to it is decided by [pure functions](rules) of the
//! session, the request and the time: each gives an [`UploadChange`], plain data, that is applied only if the session
//! still has the version it was made from.

mod checksum;
pub mod rules;

pub use checksum::{Checksum, ChecksumError, Digest};

use crate::datetime::Timestamp;

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadState {
    /// Nothing has been received.
    Pending,
    /// At least one part has been received.
    Uploading,
    /// Somebody is putting the file together.
    Finalizing,
    /// The file is there.
    Finalized,
    /// It was given up by its owner.
    Aborted,
    /// It was given up because its time was over.
    Expired,
}

impl UploadState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Uploading, Self::Finalizing, Self::Finalized, Self::Aborted, Self::Expired];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Uploading => "uploading",
            Self::Finalizing => "finalizing",
            Self::Finalized => "finalized",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
        }
    }

    /// The state of that name.
    ///
    /// ```
    /// use specstar_runtime::upload::UploadState;
    /// assert_eq!(UploadState::parse("aborted"), Some(UploadState::Aborted));
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing happens to it any more.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Finalized | Self::Aborted | Self::Expired)
    }
}

/// How the bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadMethod {
    /// In parts, through this program.
    Proxy,
    /// With one request to the object storage, at an address that is signed for it. The address has no limit of size.
    SinglePut,
}

impl UploadMethod {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::SinglePut => "single_put",
        }
    }

    /// The method of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Proxy, Self::SinglePut].into_iter().find(|method| method.as_str() == text)
    }
}

/// A part that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Its place, from 1.
    pub number: u32,
    /// Where its bytes are in the object storage; `None` once they are part of the file.
    pub key: Option<String>,
    /// How many there are.
    pub size: u64,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What it is called by.
    pub upload_id: String,
    /// Who began it.
    pub owner: String,
    /// How far it is.
    pub state: UploadState,
    /// How the bytes come.
    pub method: UploadMethod,
    /// The media type of the file.
    pub content_type: Option<String>,
    /// How many bytes were announced.
    pub size: Option<u64>,
    /// How many parts were announced.
    pub total_parts: Option<u32>,
    /// What the bytes must hash to.
    pub checksum: Option<Checksum>,
    /// With [`UploadMethod::SinglePut`] where the bytes are put, as long as they may be put there.
    pub key: Option<String>,
    /// The parts, by ascending number.
    pub parts: Vec<UploadPart>,
    /// The file, once it is there.
    pub file: Option<StoredFile>,
    /// Names the request that was the first to finalize, for its repetitions.
    pub idempotency_key: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it is given up; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// While it is being finalized: when whoever does it counts as gone.
    pub lease_until: Option<Timestamp>,
    /// Counts every change.
    pub version: i64,
}

/// The file that came out of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// What it is called by.
    pub file_id: String,
    /// How many bytes it has.
    pub size: u64,
}

impl Upload {
    /// The state as others see it: time passes without anybody writing it down.
    pub fn state_at(&self, now: Timestamp) -> UploadState {
        let over = self.expires_at.is_some_and(|end| end <= now);
        match self.state {
            UploadState::Pending | UploadState::Uploading if over => UploadState::Expired,
            UploadState::Finalizing if !self.is_leased(now) && over => UploadState::Expired,
            state => state,
        }
    }

    /// Whether somebody is finalizing it and counts as alive.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.state == UploadState::Finalizing && self.lease_until.is_some_and(|end| now < end)
    }

    /// How many bytes were received.
    pub fn uploaded_size(&self) -> u64 {
        match &self.file {
            Some(file) => file.size,
            None => self.parts.iter().map(|part| part.size).sum(),
        }
    }

    /// Whether this part, and every one before it, was received.
    pub fn is_joined(&self, number: u32) -> bool {
        let consecutive = self.parts.iter().zip(1..).take_while(|(part, at)| part.number == *at);
        consecutive.count() >= number as usize
    }
}

/// What happens to a session, if it still has this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadChange {
    /// Which.
    pub upload_id: String,
    /// The version it was made from.
    pub version: i64,
    /// The state afterwards.
    pub state: UploadState,
    /// When.
    pub now: Timestamp,
    /// A part that was received under a staged key. A part of that number that is there is replaced, and its bytes
    /// are doomed.
    pub part: Option<UploadPart>,
    /// What becomes of the other parts.
    pub parts: PartsAfter,
    /// The file that is there afterwards.
    pub file: Option<StoredFile>,
    /// The name of the request that finalizes it.
    pub idempotency_key: Option<String>,
    /// Until when whoever finalizes it counts as alive.
    pub lease_until: Option<Timestamp>,
}

/// What becomes of the parts that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsAfter {
    /// Nothing.
    Kept,
    /// Their bytes are doomed, because they are part of the file now.
    Joined,
    /// They are forgotten and their bytes are doomed.
    Dropped,
}
