//! The rows of answers.

use futures_util::future::BoxFuture;

use super::blob::bounded;
use super::db::{execute, values, write};
use super::row::Columns;
use super::{PostgresStore, is_text};
use crate::change::Answer;
use crate::datetime::Timestamp;
use crate::store::sql::answer::answer;
use crate::store::{Answers, StoreError};

impl Answers for PostgresStore {
    fn answer<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Answer>, StoreError>> {
        Box::pin(async move {
            if !is_text(key) {
                return Ok(None);
            }
            let models = self.models();
            let found = self.row(&models.answer().find, values![key]).await?;
            let Some(found) = found else { return Ok(None) };
            let columns = Columns::of(&found)?;
            let headers: String = columns.get(3)?;
            let request = (columns.get(0)?, columns.get(1)?);
            answer(request, (columns.integer(2)?, &headers, columns.get(4)?), columns.integer(5)?).map(Some)
        })
    }

    fn forget_answers(&self, before: Timestamp, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let forgotten = write!(self, |on, models| async {
                let sql = models.answer().forget.as_str();
                Ok(execute(on, sql, values![before.0, bounded(limit)]).await?)
            })?;
            Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
        })
    }
}
