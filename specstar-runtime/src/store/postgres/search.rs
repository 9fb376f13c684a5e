//! Searches and counts. What the engine decides exactly is one statement for a page; else the rows that it finds are
//! read with a cursor and evaluated here, in the same order.

mod condition;
mod order;
mod ranked;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, QueryResult, StreamTrait};

pub(super) use self::condition::Condition;
use self::order::Order;
use super::PostgresStore;
use super::db::{Values, one_moment, quoted, row, rows, run, statement, store_error};
use super::model::Model;
use super::pool::Losses;
use super::replica::Replica;
use super::row::{Columns, HEAD_DATA};
use super::slow::Timed;
use crate::change::ModelIndex;
use crate::json::whole_index_row;
use crate::meta::HeadRef;
use crate::query::{Position, Predicate, Row, Truth, parse_instant};
use crate::store::{Freshness, PageEnd, Search, StoreError};

/// Is handed each row of a page.
type Visitor<'a> = dyn FnMut(HeadRef<'_>) + Send + 'a;

/// Rows that a cursor gives at first, and the most that it gives at a time.
const FIRST_ROWS: usize = 32;
const MOST_ROWS: usize = 256;

/// Bytes that a cursor gives at a time, about: rows of a type are mostly of one size.
const BATCH_BYTES: usize = 1 << 20;

/// A page while its rows are read.
struct Page<'a> {
    search: &'a Search,
    skip: u64,
    visited: u64,
    end: PageEnd,
}

impl Page<'_> {
    /// Takes the next row, and says whether the page is full.
    fn take(&mut self, row: Columns<'_>, order: &Order, visit: &mut Visitor<'_>) -> Result<bool, StoreError> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(false);
        }
        if self.visited == self.search.limit {
            self.end.has_more = true;
            return Ok(true);
        }
        self.visited += 1;
        let head = row.head()?;
        if self.visited == self.search.limit {
            let kinds = order.keys.iter().enumerate();
            let values = kinds.map(|(at, (key, _))| row.index_value(HEAD_DATA + 1 + at, key.kind));
            let values = values.collect::<Result<_, _>>()?;
            self.end.last = Some(Position { values, pk: head.pk });
        }
        visit(head);
        Ok(false)
    }

    fn end(self) -> PageEnd {
        let last = self.end.last.filter(|_| self.end.has_more);
        PageEnd { last, ..self.end }
    }
}

impl PostgresStore {
    /// The copy, where what is asked may be late and it can be asked.
    fn copy(&self, freshness: Freshness) -> Option<(&Arc<Replica>, &DatabaseConnection, &Losses)> {
        let replica = self.shared.replica.as_ref().filter(|_| freshness == Freshness::MayLag)?;
        let (db, losses) = replica.ask()?;
        Some((replica, db, losses))
    }

    pub(super) async fn run_search(
        &self,
        search: &Search,
        visit: &mut Visitor<'_>,
    ) -> Result<PageEnd, StoreError> {
        let shared = &self.shared;
        if let Some((replica, copy, losses)) = self.copy(search.freshness) {
            // What was handed over cannot be taken back.
            let mut begun = false;
            let mut counted = |head: HeadRef<'_>| {
                begun = true;
                visit(head);
            };
            match shared.answered(losses, self.search_on(copy, search, &mut counted)).await {
                Err(error @ StoreError::Unavailable(_)) => {
                    replica.failed(&error);
                    if begun {
                        return Err(error);
                    }
                }
                answer => {
                    replica.answered();
                    return answer;
                }
            }
        }
        shared.answered(&shared.losses, self.search_on(&shared.db, search, visit)).await
    }

    pub(super) async fn run_count(
        &self,
        model: ModelIndex,
        predicate: &Predicate,
        freshness: Freshness,
    ) -> Result<u64, StoreError> {
        let shared = &self.shared;
        if let Some((replica, copy, losses)) = self.copy(freshness) {
            match shared.answered(losses, self.count_on(copy, model, predicate)).await {
                Err(error @ StoreError::Unavailable(_)) => replica.failed(&error),
                answer => {
                    replica.answered();
                    return answer;
                }
            }
        }
        shared.answered(&shared.losses, self.count_on(&shared.db, model, predicate)).await
    }

    async fn search_on(
        &self,
        db: &DatabaseConnection,
        search: &Search,
        visit: &mut Visitor<'_>,
    ) -> Result<PageEnd, StoreError> {
        let models = self.models();
        let model = models.get(search.model)?;
        let deadline = Instant::now() + self.shared.options.statement_timeout;
        let Some(order) = Order::of(&model.layout, search) else {
            let reads = (db, &self.shared);
            return ranked::search(reads, model, search, visit, deadline).await;
        };
        let mut page = Page { search, skip: search.offset, visited: 0, end: PageEnd::default() };
        let is_exact = Condition::of(&model.layout, &search.predicate).is_exact;
        let segments = order.segments(search);
        if is_exact && segments == 1 && !self.shared.foreign {
            let (sql, values) = page_sql(model, search, &order, 0, &mut page, true)?.unwrap_or_default();
            let _timed = Timed::new(&self.shared, &sql, values.len());
            read_all(db, sql, values, &order, &mut page, visit).await?;
            return Ok(page.end());
        }
        // One transaction, so that all statements see the same rows.
        let transaction = one_moment(db, left(deadline)?.as_millis()).await.map_err(store_error)?;
        for at in 0..segments {
            let Some((sql, values)) = page_sql(model, search, &order, at, &mut page, is_exact)? else {
                continue;
            };
            let _timed = Timed::new(&self.shared, &sql, values.len());
            let full = if is_exact {
                read_all(&transaction, sql, values, &order, &mut page, visit).await?
            } else {
                let mut cursor = Cursor::open(&transaction, &order.columns(), &sql, values, deadline).await?;
                let mut full = false;
                'rows: while let Some(batch) = cursor.next().await? {
                    for found in &batch {
                        let columns = Columns::of(found)?;
                        if holds(model, &search.predicate, columns.head()?)
                            && page.take(columns, &order, visit)?
                        {
                            full = true;
                            break 'rows;
                        }
                    }
                }
                cursor.close().await?;
                full
            };
            if full {
                break;
            }
        }
        // It only read: there is nothing that the end could lose.
        let _ = transaction.rollback().await;
        Ok(page.end())
    }

    async fn count_on(
        &self,
        db: &DatabaseConnection,
        index: ModelIndex,
        predicate: &Predicate,
    ) -> Result<u64, StoreError> {
        let models = self.models();
        let model = models.get(index)?;
        let deadline = Instant::now() + self.shared.options.statement_timeout;
        let condition = Condition::of(&model.layout, predicate);
        let head = quoted(&model.layout.head_table);
        if condition.is_exact && !self.shared.foreign {
            let sql = format!("SELECT count(*) FROM {head} h WHERE {}", condition.sql);
            let _timed = Timed::new(&self.shared, &sql, condition.values.len());
            return count(db, sql, condition.values).await;
        }
        let transaction = one_moment(db, left(deadline)?.as_millis()).await.map_err(store_error)?;
        if condition.is_exact {
            let sql = format!("SELECT count(*) FROM {head} h WHERE {}", condition.sql);
            let _timed = Timed::new(&self.shared, &sql, condition.values.len());
            let found = count(&transaction, sql, condition.values).await?;
            let _ = transaction.rollback().await;
            return Ok(found);
        }
        let sql = format!("SELECT {} FROM {head} h WHERE {}", selected(model), condition.sql);
        let _timed = Timed::new(&self.shared, &sql, condition.values.len());
        let mut cursor = Cursor::open(&transaction, "heads", &sql, condition.values, deadline).await?;
        let mut found = 0;
        while let Some(batch) = cursor.next().await? {
            for row in &batch {
                found += u64::from(holds(model, predicate, Columns::of(row)?.head()?));
            }
        }
        let _ = transaction.rollback().await;
        Ok(found)
    }
}

async fn count(on: &impl ConnectionTrait, sql: String, values: Values) -> Result<u64, StoreError> {
    let found = row(on, sql, values).await.map_err(store_error)?;
    found.as_ref().map_or(Ok(0), |found| Ok(Columns::of(found)?.integer(0)?.unsigned_abs()))
}

fn selected(model: &Model) -> &str {
    &model.texts.head_columns
}

/// The evaluation of a row here.
#[allow(clippy::large_types_passed_by_value)] // it goes into the row that is asked
pub(super) fn holds(model: &Model, predicate: &Predicate, head: HeadRef<'_>) -> bool {
    let values = whole_index_row(model.layout.descriptor, head.revision.data, parse_instant);
    predicate.eval(&Row { head, values: &values.entries }) == Truth::True
}

/// The time that is left.
fn left(deadline: Instant) -> Result<Duration, StoreError> {
    let left = deadline.saturating_duration_since(Instant::now());
    // No limit is what 0 would be.
    if left < Duration::from_millis(1) { Err(StoreError::Timeout) } else { Ok(left) }
}

/// The statement of a part of a page; `None` when nothing can be in it. With a limit only where each row counts.
fn page_sql(
    model: &Model,
    search: &Search,
    order: &Order,
    at: usize,
    page: &mut Page<'_>,
    limited: bool,
) -> Result<Option<(String, Values)>, StoreError> {
    let mut condition = Condition::of(&model.layout, &search.predicate);
    let Some(segment) = order.segment(&model.layout, search, at, &mut condition)? else { return Ok(None) };
    let mut sql = format!(
        "SELECT {}{} FROM {} h WHERE {} AND {segment} {}",
        selected(model),
        order.selected(),
        quoted(&model.layout.head_table),
        condition.sql,
        order.sql(),
    );
    if limited {
        // One row more tells whether there is another page.
        let rows = (search.limit - page.visited).saturating_add(1);
        let mut skip = 0;
        if order.segments(search) == 1 {
            skip = std::mem::take(&mut page.skip);
        }
        let rows = rows.saturating_add(page.skip);
        let (rows, skip) = (condition.place(bounded(rows)), condition.place(bounded(skip)));
        let _ = write!(sql, " LIMIT {rows} OFFSET {skip}");
    }
    Ok(Some((sql, condition.values)))
}

fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Hands every row of a limited statement over, and says whether the page is full.
async fn read_all(
    on: &impl StreamTrait,
    sql: String,
    values: Values,
    order: &Order,
    page: &mut Page<'_>,
    visit: &mut Visitor<'_>,
) -> Result<bool, StoreError> {
    let mut found = std::pin::pin!(on.stream_raw(statement(sql, values)).await.map_err(store_error)?);
    let mut full = false;
    while let Some(row) = found.try_next().await.map_err(store_error)? {
        full = full || page.take(Columns::of(&row)?, order, visit)?;
    }
    Ok(full)
}

/// The rows of a statement, some at a time: the others stay with the engine.
pub(super) struct Cursor<'a> {
    on: &'a DatabaseTransaction,
    name: String,
    deadline: Option<Instant>,
    /// How many are given next.
    pub(super) batch: usize,
    /// The most that are given at a time.
    pub(super) most: usize,
}

impl<'a> Cursor<'a> {
    /// The columns name the cursor: a connection keeps what it knows of the columns of a `FETCH` by its text.
    pub(super) async fn open(
        on: &'a DatabaseTransaction,
        columns: &str,
        sql: &str,
        values: Values,
        deadline: impl Into<Option<Instant>>,
    ) -> Result<Self, StoreError> {
        let name = quoted(&format!("found {columns}"));
        let sql = format!("DECLARE {name} NO SCROLL CURSOR FOR {sql}");
        super::db::execute(on, sql, values).await.map_err(store_error)?;
        Ok(Self { on, name, deadline: deadline.into(), batch: FIRST_ROWS, most: MOST_ROWS })
    }

    /// The next ones; none behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<QueryResult>>, StoreError> {
        if let Some(deadline) = self.deadline {
            left(deadline)?;
        }
        let found = rows(self.on, format!("FETCH {} FROM {}", self.batch, self.name), Vec::new())
            .await
            .map_err(store_error)?;
        let mut bytes = 1;
        for row in &found {
            bytes += Columns::of(row)?.size();
        }
        let fitting = (BATCH_BYTES * found.len() / bytes).clamp(1, self.most);
        // Each number is a statement of its own: few of them.
        self.batch = 1 << fitting.ilog2();
        // The evaluation of many rows must not keep everything else from being done.
        tokio::task::yield_now().await;
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        run(self.on, &format!("CLOSE {}", self.name)).await.map_err(store_error)
    }
}
