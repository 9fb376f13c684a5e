//! One page, while its rows are read.

use rusqlite::Row;

use super::row;
use crate::query::Position;
use crate::store::sql::search::Window;
use crate::store::{PageEnd, Search, StoreError, Visit};

/// A page as far as it has come. Its rows may come from more than one statement.
pub(super) struct Page<'a> {
    pub(super) search: &'a Search,
    visit: &'a mut Visit,
    /// Rows that are still to be skipped by us: what several statements skip together, none of them knows.
    skip: u64,
    visited: u64,
    /// Rows of the segment at hand that were skipped or visited.
    taken: u64,
    end: PageEnd,
}

impl<'a> Page<'a> {
    pub(super) fn new(search: &'a Search, visit: &'a mut Visit) -> Self {
        let skip = if search.after.is_some() { search.offset } else { 0 };
        Self { search, visit, skip, visited: 0, taken: 0, end: PageEnd::default() }
    }

    /// What comes next is behind everything that was taken.
    pub(super) const fn begin_segment(&mut self) {
        self.taken = 0;
    }

    /// What the next statement has to read: one row more tells whether there is another page.
    pub(super) fn window(&self) -> Window {
        let left = self.search.limit - self.visited;
        let offset = if self.search.after.is_some() { 0 } else { self.search.offset };
        let rows = left.saturating_add(1).saturating_add(self.skip);
        // Another statement for the same rows goes on where the first one stopped.
        Window { rows, offset: offset.saturating_add(self.taken) }
    }

    /// Takes the next row, and says whether the page is full.
    pub(super) fn take(&mut self, row: &Row<'_>) -> Result<bool, StoreError> {
        if self.skip > 0 {
            self.skip -= 1;
            self.taken += 1;
            return Ok(false);
        }
        if self.visited == self.search.limit {
            self.end.has_more = true;
            return Ok(true);
        }
        self.visited += 1;
        self.taken += 1;
        if self.visited == self.search.limit {
            self.end.last = Some(row::position(row, self.search.sorts.len())?);
        }
        (self.visit)(row::head(row)?);
        Ok(false)
    }

    /// How it ended.
    pub(super) fn end(self) -> PageEnd {
        let last: Option<Position> = self.end.last.filter(|_| self.end.has_more);
        PageEnd { last, ..self.end }
    }
}
