//! Reads of the log of changes.

use rusqlite::{Params, params};

use super::pool::Lease;
use super::row;
use crate::change::{CascadeMember, ModelIndex};
use crate::store::{LogPage, LogRequest, LogScope, StoreError};

impl Lease {
    /// See [`Store::log`](crate::store::Store::log).
    pub(super) fn log(&self, request: &LogRequest) -> Result<LogPage, StoreError> {
        // One transaction: the end of the log must be the one of the rows that were looked at.
        let transaction = self.connection()?.unchecked_transaction().map_err(|error| self.error(error))?;
        let mut page = self.entries(request)?;
        if !page.has_more {
            // A position behind the end was read in a file that another one took the place of.
            page.end = self.log_end()?.max(request.after);
        }
        transaction.finish().map_err(|error| self.error(error))?;
        Ok(page)
    }

    fn entries(&self, request: &LogRequest) -> Result<LogPage, StoreError> {
        let texts = self.models().log();
        let number = |model: ModelIndex| self.models().get(model).map(|model| model.layout.model_id);
        // One row more tells whether there is another page.
        let rows = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
        let after = request.after;
        match &request.of {
            LogScope::Everything => self.log_page(request, &texts.everything, params![after, rows]),
            LogScope::Model(model) => {
                self.log_page(request, &texts.of_model, params![number(*model)?, after, rows])
            }
            LogScope::Resource { model, pk, resource_id } => {
                let keys = params![number(*model)?, pk, resource_id, after, rows];
                self.log_page(request, &texts.of_resource, keys)
            }
        }
    }

    /// Rows of types that are not registered count for the limit, so that a page ends even where there is
    /// nothing else.
    fn log_page(&self, request: &LogRequest, sql: &str, keys: impl Params) -> Result<LogPage, StoreError> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(keys).map_err(|error| self.error(error))?;
        let mut page = LogPage { entries: Vec::new(), end: request.after, has_more: false };
        let mut taken = 0;
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            if taken == request.limit {
                page.has_more = true;
                break;
            }
            taken += 1;
            let (position, entry) = row::logged(row, self.models())?;
            page.end = position;
            page.entries.extend(entry);
        }
        Ok(page)
    }

    /// See [`Store::log_end`](crate::store::Store::log_end).
    pub(super) fn log_end(&self) -> Result<i64, StoreError> {
        let mut statement = self.prepare(&self.models().log().last)?;
        let last: Option<i64> =
            statement.query_row([], |row| row.get(0)).map_err(|error| self.error(error))?;
        Ok(last.unwrap_or(0))
    }

    /// See [`Store::acknowledged`](crate::store::Store::acknowledged).
    pub(super) fn acknowledged(&self, subscriber: &str) -> Result<Option<i64>, StoreError> {
        let mut statement = self.prepare(&self.models().log().acknowledged)?;
        let mut rows = statement.query([subscriber]).map_err(|error| self.error(error))?;
        let row = rows.next().map_err(|error| self.error(error))?;
        row.map(|row| row.get(0)).transpose().map_err(|error| self.error(error))
    }

    /// See [`Store::cascaded`](crate::store::Store::cascaded).
    pub(super) fn cascaded(&self, model: ModelIndex, pk: i64) -> Result<Vec<CascadeMember>, StoreError> {
        let mut statement = self.prepare(&self.models().get(model)?.reads.members)?;
        let mut rows = statement.query([pk]).map_err(|error| self.error(error))?;
        let mut members = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            members.extend(row::member(row, self.models())?);
        }
        Ok(members)
    }
}
