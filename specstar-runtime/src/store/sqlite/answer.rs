//! The rows of answers.

use futures_util::future::BoxFuture;
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::blob::execute;
use super::pool::Lease;
use crate::change::Answer;
use crate::datetime::Timestamp;
use crate::store::sql::answer::answer;
use crate::store::{Answers, StoreError};

impl Answers for SqliteStore {
    fn answer<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Answer>, StoreError>> {
        Box::pin(async move { self.lease().await?.answer(key) })
    }

    fn forget_answers(&self, before: Timestamp, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(self.write(move |connection, models| {
            execute(connection, &models.answer().forget, params![before.0, limit])
        }))
    }
}

impl Lease {
    fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        let mut statement = self.prepare(&self.models().answer().find)?;
        let found = statement
            .query_row([key], |row| {
                let headers: String = row.get(3)?;
                Ok(answer((row.get(0)?, row.get(1)?), (row.get(2)?, &headers, row.get(4)?), row.get(5)?))
            })
            .optional()
            .map_err(|error| self.error(error))?;
        found.transpose()
    }
}
