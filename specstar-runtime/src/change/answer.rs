//! Answers that are kept, so that a request that comes again gets the one it had.

use crate::datetime::Timestamp;

/// A request that names itself with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Who sends it and the key they chose, as a hash.
    pub key: String,
    /// What it asks for, as a hash: another request under the same key is a mistake of its client.
    pub fingerprint: String,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers, by their lower-case names.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// The answer to a request, committed with what the request changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of which request.
    pub request: RequestKey,
    /// What it says.
    pub response: Response,
    /// When it was given.
    pub at: Timestamp,
}
