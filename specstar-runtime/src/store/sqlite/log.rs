//! Reads of the log of changes.

use std::collections::VecDeque;

use rusqlite::{OptionalExtension, Params, params};

use super::pool::Lease;
use super::row;
use crate::change::{CascadeMember, ModelIndex};
use crate::store::{LogPage, LogRequest, LogScope, StoreError};

impl Lease {
    /// See [`Store::log`](crate::store::Store::log).
    pub(super) fn log(&self, request: &LogRequest) -> Result<LogPage, StoreError> {
        // One transaction: the end of the log must be the one of the rows that were looked at.
        let transaction = self.read_transaction()?;
        let mut page = self.entries(request)?;
        if !page.has_more {
            // A position behind the end was read in a file that another one took the place of.
            page.end = self.log_end()?.max(request.after);
        }
        self.finish(transaction)?;
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
                let last = self.last_logged(*model, *pk, resource_id)?;
                self.chain_page(request, last)
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

    /// Where the chain of a resource begins; 0 when there is no such resource.
    fn last_logged(&self, model: ModelIndex, pk: i64, resource_id: &str) -> Result<i64, StoreError> {
        let sql = &self.models().get(model)?.reads.last_logged;
        Ok(self.number(sql, params![resource_id, pk])?.unwrap_or(0))
    }

    /// A page of the entries of a resource whose last one stands at `last`.
    fn chain_page(&self, request: &LogRequest, last: i64) -> Result<LogPage, StoreError> {
        let (positions, has_more) = self.chain(request, last)?;
        let mut page = LogPage { entries: Vec::new(), end: request.after, has_more };
        let mut statement = self.prepare(&self.models().log().entry)?;
        for position in positions {
            let mut rows = statement.query([position]).map_err(|error| self.error(error))?;
            if let Some(row) = rows.next().map_err(|error| self.error(error))? {
                page.end = position;
                page.entries.extend(row::logged(row, self.models())?.1);
            }
        }
        Ok(page)
    }

    /// The positions of a page, and whether there are more behind it. A chain leads from the last entry to the
    /// first one, so that the page ends it: no more positions than that are kept on the way.
    fn chain(&self, request: &LogRequest, last: i64) -> Result<(VecDeque<i64>, bool), StoreError> {
        let mut statement = self.prepare(&self.models().log().previous)?;
        let (mut positions, mut has_more) = (VecDeque::new(), false);
        // Positions begin at 1.
        let (mut position, after) = (last, request.after.max(0));
        while position > after {
            let previous = statement.query_row([position], |row| row.get(0)).optional();
            // What somebody removed ends it.
            let Some(previous) = previous.map_err(|error| self.error(error))? else { break };
            if previous >= position {
                return Err(StoreError::Corrupt(format!("entry {position} of the log follows {previous}")));
            }
            positions.push_front(position);
            if positions.len() > request.limit {
                positions.pop_back();
                has_more = true;
            }
            position = previous;
        }
        Ok((positions, has_more))
    }

    /// The one number of the one row of a statement, if there is one.
    pub(super) fn number(&self, sql: &str, keys: impl Params) -> Result<Option<i64>, StoreError> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(keys).map_err(|error| self.error(error))?;
        let row = rows.next().map_err(|error| self.error(error))?;
        row.map(|row| row.get(0)).transpose().map_err(|error| self.error(error))
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
        self.number(&self.models().log().acknowledged, [subscriber])
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
