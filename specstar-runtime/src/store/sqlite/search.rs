//! Searches and counts: which way to the rows is taken.
//!
//! Where one index answers a condition and another one gives the order, neither is always right. Walking the
//! order finds a page at once when many rows match; collecting the matches and sorting them is right when few
//! do. Nobody knows beforehand, but it can be found out at little cost:
//!
//! 1. the entries of each index are counted, up to a few: few matches are collected;
//! 2. else the order is walked, within a budget of engine steps;
//! 3. when the budget is spent before the page is full, counting goes on until the index with the fewest
//!    entries is known, and that one is used. Rows that were visited are skipped: each way has the same order.
//!
//! So whatever the values are, the time is that of the best way and a bounded remainder.

use rusqlite::{CachedStatement, ErrorCode};

use super::page::Page;
use super::pool::Lease;
use crate::change::ModelIndex;
use crate::query::Predicate;
use crate::store::layout::ModelLayout;
use crate::store::sql::search::{
    Access, BindValue, Paths, Segment, Statement, count_key, count_sql, page_sql, segments, size_sql,
};
use crate::store::{PageEnd, Search, StoreError, Visit};

/// Fewer rows are collected and sorted without asking whether there is a better way. In tests, few rows have
/// to be enough to go the other ways.
const FEW: u64 = if cfg!(test) { 4 } else { 256 };

/// Each time no index was small enough, so many times as many entries are counted.
const GROWTH: u64 = 4;

/// Rows that are read one here and one there cost about so many times as much as rows that lie together.
const SCATTERED: u64 = 2;

/// Engine steps a walk may take: some thousand rows.
const BUDGET: u64 = 50_000;

/// How reading a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The page is full.
    Full,
    /// There are no more rows.
    Exhausted,
    /// The budget is spent.
    Spent,
}

/// The entries a candidate leaves in its index.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// How many, up to the limit; scattered rows count as more.
    entries: u64,
    /// The last row number among the counted ones: where it is higher, there are fewer.
    reach: i64,
}

impl Lease {
    /// See [`Store::search`](crate::store::Store::search).
    pub(super) fn search(&self, search: &Search, visit: &mut Visit) -> Result<PageEnd, StoreError> {
        let model = &self.models().get(search.model)?.layout;
        let segments = segments(model, search)?;
        let mut page = Page::new(search, visit);
        let part = |segment| Part {
            lease: self,
            model,
            predicate: &search.predicate,
            segment,
            paths: Paths::of_page(model, &search.predicate, &search.sorts, segment),
        };
        let mut parts: Vec<_> = segments.iter().map(part).collect();
        if let [part] = &mut parts[..]
            && let Some(access) = part.paths.only()
        {
            part.read(&mut page, access)?;
            return Ok(page.end());
        }
        // One transaction, so that all statements see the same rows.
        let transaction = self.read_transaction()?;
        for part in &parts {
            page.begin_segment();
            if part.run(&mut page)? == Outcome::Full {
                break;
            }
        }
        self.finish(transaction)?;
        Ok(page.end())
    }

    /// See [`Store::count`](crate::store::Store::count).
    pub(super) fn count(&self, model: ModelIndex, predicate: &Predicate) -> Result<u64, StoreError> {
        let model = &self.models().get(model)?.layout;
        let key = count_key(model, predicate)?;
        // One transaction, so that the version is the one of the rows that are counted.
        let transaction = self.connection()?.unchecked_transaction().map_err(|error| self.error(error))?;
        let version = self.data_version()?;
        let known = self.with_counts(|counts| counts.get(version, &key))?;
        let count = match known {
            Some(count) => count,
            None => self.count_rows(model, predicate)?,
        };
        if known.is_none() {
            self.with_counts(|counts| counts.insert(key, count))?;
        }
        transaction.finish().map_err(|error| self.error(error))?;
        Ok(count)
    }

    fn data_version(&self) -> Result<i64, StoreError> {
        let mut statement = self.prepare("PRAGMA data_version")?;
        statement.query_row([], |row| row.get(0)).map_err(|error| self.error(error))
    }

    fn count_rows(&self, model: &ModelLayout, predicate: &Predicate) -> Result<u64, StoreError> {
        let segment = &Segment::default();
        let paths = Paths::of_count(model, predicate);
        let part = Part { lease: self, model, predicate, segment, paths };
        let access = match part.paths.only() {
            Some(access) => access,
            None => Access::Index(part.smallest(FEW)?),
        };
        let text = count_sql(model, predicate, (&part.paths, access))?;
        let (count, _) = self.two_numbers(&text)?;
        u64::try_from(count).map_err(|_| StoreError::Internal("a count was negative".into()))
    }

    fn start(&self, text: &Statement) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.prepare(&text.sql)?;
        bind(&mut statement, text).map_err(|error| self.error(error))?;
        Ok(statement)
    }

    /// The first row, which has one column or two; a null is a zero.
    fn two_numbers(&self, text: &Statement) -> Result<(i64, i64), StoreError> {
        let _timed = self.timed(&text.sql);
        let mut statement = self.start(text)?;
        let second = statement.column_count() > 1;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next().map_err(|error| self.error(error))? else { return Ok((0, 0)) };
        let number = |at| row.get::<_, Option<i64>>(at).map(Option::unwrap_or_default);
        let numbers = number(0).and_then(|first| Ok((first, if second { number(1)? } else { 0 })));
        numbers.map_err(|error| self.error(error))
    }
}

/// One segment of a query.
struct Part<'a> {
    lease: &'a Lease,
    model: &'a ModelLayout,
    predicate: &'a Predicate,
    segment: &'a Segment<'a>,
    paths: Paths,
}

impl Part<'_> {
    /// Finds a way and reads.
    fn run(&self, page: &mut Page<'_>) -> Result<Outcome, StoreError> {
        if let Some(access) = self.paths.only() {
            return self.read(page, access);
        }
        let sizes = self.sizes(FEW)?;
        if let Some(few) = below(FEW, &sizes) {
            return self.read(page, Access::Index(few));
        }
        if self.paths.has_order() {
            let outcome = self.lease.within(BUDGET, || self.read(page, self.walk(&sizes)))?;
            if outcome != Outcome::Spent {
                return Ok(outcome);
            }
        }
        self.read(page, Access::Index(self.smallest(FEW * GROWTH)?))
    }

    /// The way that gives rows in order. Among indexes that all do, the one whose entries are farther apart.
    fn walk(&self, sizes: &[Size]) -> Access {
        let in_order = (0..sizes.len()).filter(|&candidate| self.paths.gives_order(candidate));
        let sparsest = in_order.max_by_key(|&candidate| sizes[candidate].reach);
        sparsest.map_or(Access::Order, Access::Index)
    }

    /// The candidate with the fewest entries.
    fn smallest(&self, first: u64) -> Result<usize, StoreError> {
        if self.paths.candidates() == 1 {
            return Ok(0);
        }
        let mut most = first;
        loop {
            let sizes = self.sizes(most)?;
            if let Some(smallest) = below(most, &sizes) {
                return Ok(smallest);
            }
            most = most.saturating_mul(GROWTH);
        }
    }

    fn sizes(&self, most: u64) -> Result<Vec<Size>, StoreError> {
        (0..self.paths.candidates()).map(|candidate| self.size(candidate, most)).collect()
    }

    fn size(&self, candidate: usize, most: u64) -> Result<Size, StoreError> {
        let weight = if self.paths.reads_along(candidate) { 1 } else { SCATTERED };
        let most = most / weight;
        let text = size_sql(self.model, self.predicate, self.segment, (&self.paths, candidate), most)?;
        let (entries, reach) = self.lease.two_numbers(&text)?;
        Ok(Size { entries: u64::try_from(entries).unwrap_or_default() * weight, reach })
    }

    fn read(&self, page: &mut Page<'_>, access: Access) -> Result<Outcome, StoreError> {
        let text = page_sql(self.model, page.search, self.segment, (&self.paths, access), page.window())?;
        let _timed = self.lease.timed(&text.sql);
        let mut statement = self.lease.start(&text)?;
        let mut rows = statement.raw_query();
        loop {
            match rows.next() {
                Ok(Some(row)) if page.take(row)? => return Ok(Outcome::Full),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Outcome::Exhausted),
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
                        && self.lease.is_spent() =>
                {
                    return Ok(Outcome::Spent);
                }
                Err(error) => return Err(self.lease.error(error)),
            }
        }
    }
}

/// The smallest of those that have fewer entries than were looked for.
fn below(most: u64, sizes: &[Size]) -> Option<usize> {
    let smaller = sizes.iter().enumerate().filter(|(_, size)| size.entries < most);
    smaller.min_by_key(|(_, size)| size.entries).map(|(at, _)| at)
}

fn bind(statement: &mut CachedStatement<'_>, text: &Statement) -> rusqlite::Result<()> {
    for (at, value) in text.values.iter().enumerate() {
        match value {
            BindValue::Integer(number) => statement.raw_bind_parameter(at + 1, number),
            BindValue::Float(number) => statement.raw_bind_parameter(at + 1, number),
            BindValue::Text(value) => statement.raw_bind_parameter(at + 1, value),
            BindValue::Blob(value) => statement.raw_bind_parameter(at + 1, value),
        }?;
    }
    Ok(())
}
