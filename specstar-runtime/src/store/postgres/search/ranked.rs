//! Pages in the order of a similarity or a distance, which are computed here: the best are kept while all rows are
//! read, and then read again.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use sea_orm::DatabaseConnection;

use super::super::db::{one_moment, quoted, rows, store_error, values};
use super::super::model::Model;
use super::super::row::Columns;
use super::super::{Shared, slow::Timed};
use super::condition::Condition;
use super::{Cursor, Visitor, left, selected};
use crate::json::{IndexValue, whole_index_row};
use crate::query::{Position, Row, SortKey, Truth, parse_instant, ties_descend};
use crate::store::{PageEnd, Search, StoreError};

/// Heads that are read again at a time.
const BATCH: usize = 250;

/// A row that may be on the page. The greatest is the last.
struct Candidate<'a> {
    position: Position,
    sorts: &'a [SortKey],
}

impl Candidate<'_> {
    fn order(&self, other: &Position) -> Ordering {
        for ((a, b), sort) in self.position.values.iter().zip(&other.values).zip(self.sorts) {
            let order = compare(a, b);
            let order = if sort.descending { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        let order = self.position.pk.cmp(&other.pk);
        if ties_descend(self.sorts) { order.reverse() } else { order }
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate<'_> {}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(&other.position)
    }
}

/// Null stands before all values.
fn compare(a: &IndexValue, b: &IndexValue) -> Ordering {
    match (a, b) {
        (IndexValue::Text(a), IndexValue::Text(b)) => a.cmp(b),
        (IndexValue::Integer(a), IndexValue::Integer(b)) => a.cmp(b),
        (IndexValue::Float(a), IndexValue::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (IndexValue::Null, IndexValue::Null) => Ordering::Equal,
        (IndexValue::Null, _) => Ordering::Less,
        // The values of one key are all of one type.
        _ => Ordering::Greater,
    }
}

pub(super) async fn search(
    (db, shared): (&DatabaseConnection, &Arc<Shared>),
    model: &Model,
    search: &Search,
    visit: &mut Visitor<'_>,
    deadline: Instant,
) -> Result<PageEnd, StoreError> {
    if let Some(after) = &search.after
        && !after.fits(&search.sorts, model.layout.descriptor)
    {
        return Err(StoreError::Internal("a position does not fit the order of its search".into()));
    }
    let condition = Condition::of(&model.layout, &search.predicate);
    let head = quoted(&model.layout.head_table);
    let sql = format!("SELECT {} FROM {head} h WHERE {}", selected(model), condition.sql);
    let transaction = one_moment(db, left(deadline)?.as_millis()).await.map_err(store_error)?;
    let most =
        usize::try_from(search.limit.saturating_add(search.offset).saturating_add(1)).unwrap_or(usize::MAX);
    let mut best: BinaryHeap<Candidate<'_>> = BinaryHeap::new();
    let timed = Timed::new(shared, &sql, condition.values.len());
    let mut cursor = Cursor::open(&transaction, "heads", &sql, condition.values, deadline).await?;
    while let Some(batch) = cursor.next().await? {
        for found in &batch {
            let head = Columns::of(found)?.head()?;
            let values = whole_index_row(model.layout.descriptor, head.revision.data, parse_instant);
            let row = Row { head, values: &values.entries };
            if search.predicate.eval(&row) != Truth::True {
                continue;
            }
            let values = search.sorts.iter().map(|sort| sort.value(&row)).collect();
            let candidate = Candidate { position: Position { values, pk: head.pk }, sorts: &search.sorts };
            if search.after.as_ref().is_some_and(|after| candidate.order(after).is_le()) {
                continue;
            }
            best.push(candidate);
            if best.len() > most {
                best.pop();
            }
        }
    }
    cursor.close().await?;
    drop(timed);
    let skip = usize::try_from(search.offset).unwrap_or(usize::MAX);
    let mut page: Vec<Position> =
        best.into_sorted_vec().into_iter().skip(skip).map(|candidate| candidate.position).collect();
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let has_more = page.len() > limit;
    page.truncate(limit);
    let sql = format!("SELECT {} FROM {head} h WHERE h.pk = ANY($1)", selected(model));
    for part in page.chunks(BATCH) {
        let pks: Vec<i64> = part.iter().map(|position| position.pk).collect();
        let found = rows(&transaction, sql.as_str(), values![pks]).await.map_err(store_error)?;
        let mut by_pk = HashMap::with_capacity(found.len());
        for row in &found {
            let columns = Columns::of(row)?;
            by_pk.insert(columns.integer(0)?, columns);
        }
        for position in part {
            if let Some(columns) = by_pk.get(&position.pk) {
                visit(columns.head()?);
            }
        }
    }
    let _ = transaction.rollback().await;
    Ok(PageEnd { has_more, last: page.pop().filter(|_| has_more) })
}
