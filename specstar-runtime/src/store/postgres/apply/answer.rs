//! The answer to the request of a set.

use sea_orm::ConnectionTrait;

use super::super::db::values;
use super::{Applied, Applier};
use crate::change::Answer;
use crate::store::CommitError;
use crate::store::sql::answer::stored_headers;

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Keeps an answer, unless the request has one. Where another transaction keeps one just now, it waits for it.
    pub(super) async fn keep_answer(&self, answer: &Answer) -> Applied<()> {
        let (request, response) = (&answer.request, &answer.response);
        let values = values![
            request.key.as_str(),
            request.fingerprint.as_str(),
            i64::from(response.status),
            stored_headers(answer)?,
            response.body.as_str(),
            answer.at.0,
        ];
        match self.execute(&self.models.answer().keep, values).await? {
            0 => Err(CommitError::Answered.into()),
            _ => Ok(()),
        }
    }
}
