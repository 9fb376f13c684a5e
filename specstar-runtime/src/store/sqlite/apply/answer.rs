//! The answer to the request of a set.

use rusqlite::params;

use super::Applier;
use crate::change::Answer;
use crate::store::CommitError;
use crate::store::sql::answer::stored_headers;

impl Applier<'_> {
    /// Keeps an answer, unless the request has one.
    pub(super) fn keep_answer(&mut self, answer: &Answer) -> Result<(), CommitError> {
        let (request, response) = (&answer.request, &answer.response);
        let headers = stored_headers(answer)?;
        let kept = self.execute(
            &self.models.answer().keep,
            params![request.key, request.fingerprint, response.status, headers, response.body, answer.at.0],
        )?;
        if kept == 0 { Err(CommitError::Answered) } else { Ok(()) }
    }
}
