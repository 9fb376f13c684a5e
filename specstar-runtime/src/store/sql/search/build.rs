//! Texts.

use sea_query::{Asterisk, Expr, Func, Order, Query, SelectStatement, SqliteQueryBuilder, Value};

use super::condition::{Condition, integer};
use super::segment::Segment;
use crate::query::{Predicate, SortBy, ties_descend};
use crate::store::layout::{HEAD_COLUMNS, ModelLayout};
use crate::store::sql::{column, name};
use crate::store::{Search, StoreError};

/// A page of heads, and how many places the text has.
pub(super) fn page(
    model: &ModelLayout,
    search: &Search,
    segment: &Segment<'_>,
) -> Result<(String, usize), StoreError> {
    let mut condition = Condition::new(model);
    let mut select = Query::select();
    select.columns(HEAD_COLUMNS.map(name)).from(name(&model.head_table));
    for sort in &search.sorts {
        select.expr(condition.sort_key(&sort.by)?);
    }
    restrict(&mut select, &mut condition, &search.predicate)?;
    for (by, bound) in &segment.bounds {
        let value = condition.sort_key(by)?;
        select.and_where(condition.bound(value, bound));
    }
    if let Some(bound) = &segment.pk {
        select.and_where(condition.bound(column("pk"), bound));
    }
    for (at, sort) in search.sorts.iter().enumerate() {
        let value = match sort.by {
            SortBy::Field(_) => condition.sort_key(&sort.by)?,
            // The number of the selected column, so that what takes long is computed once.
            SortBy::Rank(_) => integer((HEAD_COLUMNS.len() + at + 1) as i64),
        };
        select.order_by_expr(value, order(sort.descending));
    }
    // Nulls are the smallest values here, as the order of results wants it. An index on `(column, pk)`
    // gives this order forwards and backwards.
    select.order_by(name("pk"), order(ties_descend(&search.sorts)));
    select.limit(condition.next_place()).offset(condition.next_place());
    finish(&select)
}

/// The number of matches, and how many places the text has.
pub(super) fn count(model: &ModelLayout, predicate: &Predicate) -> Result<(String, usize), StoreError> {
    let mut condition = Condition::new(model);
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from(name(&model.head_table));
    restrict(&mut select, &mut condition, predicate)?;
    finish(&select)
}

fn restrict(
    select: &mut SelectStatement,
    condition: &mut Condition<'_>,
    predicate: &Predicate,
) -> Result<(), StoreError> {
    if let Predicate::And(parts) = predicate {
        for part in parts {
            select.and_where(condition.of(part)?);
        }
    } else {
        select.and_where(condition.of(predicate)?);
    }
    Ok(())
}

const fn order(descending: bool) -> Order {
    if descending { Order::Desc } else { Order::Asc }
}

/// While a text is built, each place holds its own number. They come out in the order of the text, which has
/// to be the order the values were collected in.
fn finish(select: &SelectStatement) -> Result<(String, usize), StoreError> {
    let (text, places) = select.build(SqliteQueryBuilder);
    let number = |value: &Value| match value {
        Value::BigInt(Some(number)) => u64::try_from(*number).ok(),
        Value::BigUnsigned(Some(number)) => Some(*number),
        _ => None,
    };
    let in_order = places.iter().enumerate().all(|(at, place)| number(place) == Some(at as u64));
    if !in_order {
        return Err(StoreError::Internal("the places of a search text are out of order".to_owned()));
    }
    Ok((text, places.iter().count()))
}
