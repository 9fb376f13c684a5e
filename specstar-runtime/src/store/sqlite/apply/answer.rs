//! The answer to the request of a set.

use rusqlite::params;

use super::super::connection::store_error;
use super::Applier;
use crate::change::Answer;
use crate::store::CommitError;
use crate::store::sql::answer::stored_headers;

impl Applier<'_> {
    /// Whether the request has no answer yet. Its own is written after everything else: a set that is refused leaves
    /// the others of its group alone.
    pub(super) fn require_unanswered(&self, answer: &Answer) -> Result<(), CommitError> {
        let find = &self.models.answer().find;
        let mut statement = self.connection.prepare_cached(find).map_err(store_error)?;
        let found = statement.exists([&answer.request.key]).map_err(store_error)?;
        if found { Err(CommitError::Answered) } else { Ok(()) }
    }

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
