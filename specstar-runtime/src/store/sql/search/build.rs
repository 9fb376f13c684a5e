//! Texts.

use sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query, SelectStatement, SqliteQueryBuilder, Value};

use super::access::{Access, Hint, IndexUse, Ordering, Paths, Rows, parts};
use super::condition::{Condition, Source, integer};
use super::part::{DRIVER, Form, hidden, is_member};
use super::segment::{Bound, Segment};
use crate::query::{Leaf, Predicate, SortBy, SortKey, Test, ValueTest, ties_descend};
use crate::store::StoreError;
use crate::store::layout::{HEAD_COLUMNS, ModelLayout};
use crate::store::sql::{column, is_deleted, is_live, name};

/// The statement of one way to the rows of a query.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) model: &'a ModelLayout,
    pub(super) predicate: &'a Predicate,
    pub(super) paths: &'a Paths,
    pub(super) access: Access,
}

/// A page of heads, and how many places the text has.
pub(super) fn page(
    way: Way<'_>,
    sorts: &[SortKey],
    segment: &Segment<'_>,
) -> Result<(String, usize), StoreError> {
    if way.orders_numbers() {
        return way.finish(&way.page_of_numbers(segment)?);
    }
    let mut condition = way.condition();
    let mut select = way.select();
    select.columns(HEAD_COLUMNS.map(name));
    for sort in sorts {
        select.expr(condition.sort_key(&sort.by)?);
    }
    way.restrict(&mut select, &mut condition)?;
    way.bound(&mut select, &mut condition, segment)?;
    way.order(&mut select, &mut condition, sorts)?;
    select.limit(condition.next_place()).offset(condition.next_place());
    way.finish(&select)
}

/// The number of matches, and how many places the text has.
pub(super) fn count(way: Way<'_>) -> Result<(String, usize), StoreError> {
    if way.paths.rows == Rows::Live && parts(way.predicate).len() == 1 {
        return finish(&live_rows(way.model));
    }
    if way.needs_no_heads() {
        return finish(&way.members()?);
    }
    let mut condition = way.condition();
    if way.is_decided() {
        let mut numbers = way.numbers(&mut condition, &Segment::default())?;
        return way.finish(numbers.expr(Func::count(Expr::col(Asterisk))));
    }
    let mut select = way.select();
    select.expr(Func::count(Expr::col(Asterisk)));
    way.restrict(&mut select, &mut condition)?;
    way.finish(&select)
}

/// How many entries of an index a candidate leaves, up to a limit, and the last row number among them.
pub(super) fn size(way: Way<'_>, segment: &Segment<'_>) -> Result<(String, usize), StoreError> {
    let mut condition = Condition::new(way.model, Source::Heads);
    let mut entries = match way.member() {
        Some(leaf) => {
            Query::select().from(name(&way.model.list_table)).and_where(condition.members(leaf)?).take()
        }
        None => way.entries(&mut condition, segment)?,
    };
    entries.column(name("pk")).limit(condition.next_place());
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).expr(column("pk").max());
    select.from_subquery(entries, name("entries"));
    way.finish(&select)
}

/// The engine counts a table without looking at its rows, and the deleted ones are few.
fn live_rows(model: &ModelLayout) -> SelectStatement {
    let all = || Func::count(Expr::col(Asterisk));
    let table = || name(&model.head_table);
    let deleted = Query::select().expr(all()).from(table()).and_where(is_deleted()).take();
    let everything = Query::select().expr(all()).from(table()).take();
    Query::select().expr(sub_query(everything).sub(sub_query(deleted))).take()
}

fn deleted_numbers(model: &ModelLayout) -> SelectStatement {
    Query::select().column(name("pk")).from(name(&model.head_table)).and_where(is_deleted()).take()
}

/// The one value a statement selects.
fn sub_query(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

impl<'a> Way<'a> {
    fn condition(&self) -> Condition<'a> {
        let joined = self.paths.driver(self.access).is_some();
        Condition::new(self.model, if joined { Source::Join } else { Source::Heads })
    }

    /// Whether a part is what [`Paths::rows`] says, which a text may say in another way. The opposite of it is a
    /// condition like any other.
    fn says_rows(&self, part: &Predicate) -> bool {
        match self.paths.rows {
            Rows::Live => *part == Predicate::is_deleted(false),
            Rows::Deleted => *part == Predicate::is_deleted(true),
            Rows::All => false,
        }
    }

    /// Whether list values alone say which rows match.
    fn needs_no_heads(&self) -> bool {
        let looked_up = |part: &Predicate| match part {
            Predicate::Leaf(leaf) => is_member(self.model, leaf) && !is_prefix(leaf),
            _ => false,
        };
        let chosen = self.paths.chosen(self.access).and_then(|candidate| candidate.parts.first());
        let mut rest = parts(self.predicate).iter().enumerate().filter(|(_, part)| !self.says_rows(part));
        self.paths.rows != Rows::Deleted
            && self.member().is_some()
            && rest.all(|(at, part)| chosen == Some(&at) || looked_up(part))
    }

    /// The number of rows that list values lead to. The values of deleted rows are in the table too.
    fn members(&self) -> Result<SelectStatement, StoreError> {
        let mut condition = Condition::new(self.model, Source::Members);
        let mut select = Query::select();
        select.from(name(&self.model.list_table)).expr(match self.paths.driver(self.access) {
            Some(_) => Func::count(Expr::col(Asterisk)),
            None => Func::count_distinct(column("pk")),
        });
        let chosen = self.paths.chosen(self.access).and_then(|candidate| candidate.parts.first());
        for (at, part) in parts(self.predicate).iter().enumerate() {
            match part {
                Predicate::Leaf(leaf) if chosen == Some(&at) => select.and_where(condition.members(leaf)?),
                part if self.says_rows(part) => &mut select,
                part => select.and_where(condition.part(part, Form::Tested, false)?),
            };
        }
        if self.paths.rows == Rows::Live {
            select.and_where(column("pk").not_in_subquery(deleted_numbers(self.model)));
        }
        Ok(select)
    }

    /// From the heads, or from list values that lead to them.
    fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        if self.paths.driver(self.access).is_none() {
            return select.from(name(&self.model.head_table)).take();
        }
        let mut values = Query::select();
        values.from(name(&self.model.list_table));
        for (text, alias) in DRIVER {
            values.expr_as(column(text), name(alias));
        }
        // The engine does not reorder a cross join.
        select.from_subquery(values, name("members")).cross_join(name(&self.model.head_table)).take()
    }

    /// The membership that finds the rows.
    fn member(&self) -> Option<&'a Leaf> {
        let candidate = self.paths.chosen(self.access)?;
        match parts(self.predicate).get(*candidate.parts.first()?)? {
            Predicate::Leaf(leaf) if candidate.index == IndexUse::Members => Some(leaf),
            _ => None,
        }
    }

    fn restrict(
        &self,
        select: &mut SelectStatement,
        condition: &mut Condition<'_>,
    ) -> Result<(), StoreError> {
        let live = self.live_branches();
        for (at, part) in parts(self.predicate).iter().enumerate() {
            select.and_where(condition.part(part, self.form(at, part), live)?);
        }
        Ok(())
    }

    fn form(&self, at: usize, part: &Predicate) -> Form {
        let chosen = || self.paths.chosen(self.access).is_some_and(|candidate| candidate.parts.contains(&at));
        if self.paths.driver(self.access) == Some(at) {
            Form::Driver
        } else if self.access == Access::Scan {
            // An index of live rows is worth to be read through when it has all that is asked for.
            let hidden = is_deletion(part) && !self.paths.is_covered(self.predicate);
            if hidden { Form::Hidden } else { Form::Shown }
        } else if chosen() {
            Form::Shown
        } else if self.has_branches() {
            Form::Hidden
        } else {
            Form::Tested
        }
    }

    /// Whether several indexes are used together. Only the planner can do that.
    fn has_branches(&self) -> bool {
        self.paths.chosen(self.access).is_some_and(|candidate| candidate.index == IndexUse::Branches)
    }

    fn live_branches(&self) -> bool {
        self.paths.rows == Rows::Live && self.has_branches()
    }

    fn bound(
        &self,
        select: &mut SelectStatement,
        condition: &mut Condition<'_>,
        segment: &Segment<'_>,
    ) -> Result<(), StoreError> {
        // A list of row numbers must not give way to a range of them.
        let listed = self.member().is_some() && self.paths.driver(self.access).is_none();
        let hide = listed || self.has_branches() || self.access == Access::Scan;
        let show = |bound: Expr| if hide { hidden(bound) } else { bound };
        for (by, bound) in &segment.bounds {
            let value = condition.sort_key(by)?;
            select.and_where(show(condition.bound(value, bound)));
        }
        if let Some(bound) = &segment.pk {
            select.and_where(show(condition.bound(condition.pk(), bound)));
        }
        Ok(())
    }

    /// Nulls are the smallest values here, as the order of results wants it. An index on `(column, pk)` gives
    /// this order forwards and backwards.
    fn order(
        &self,
        select: &mut SelectStatement,
        condition: &mut Condition<'_>,
        sorts: &[SortKey],
    ) -> Result<(), StoreError> {
        let show = |key: Expr| if self.has_branches() { hidden(key) } else { key };
        for (at, sort) in sorts.iter().enumerate() {
            let key = match sort.by {
                SortBy::Field(_) => show(condition.sort_key(&sort.by)?),
                // The number of the selected column, so that what takes long is computed once.
                SortBy::Rank(_) => integer((HEAD_COLUMNS.len() + at + 1) as i64),
            };
            select.order_by_expr(key, order(sort.descending));
        }
        select.order_by_expr(show(condition.pk()), order(ties_descend(sorts)));
        Ok(())
    }

    /// Whether the index has all that decides which rows match. Which rows are deleted, their own index knows.
    fn is_decided(&self) -> bool {
        let Some(candidate) = self.paths.chosen(self.access) else { return false };
        let mut rest = parts(self.predicate).iter().enumerate();
        self.paths.rows != Rows::Deleted
            && matches!(candidate.index, IndexUse::Column(_))
            && rest.all(|(at, part)| self.says_rows(part) || candidate.parts.contains(&at))
    }

    /// Whether an index decides on a page in the order of creation, but has another order: then row numbers are
    /// sorted, and only the heads of the page are read.
    fn orders_numbers(&self) -> bool {
        let Access::Index(at) = self.access else { return false };
        self.paths.order == Ordering::Creation && !self.paths.gives_order(at) && self.is_decided()
    }

    fn page_of_numbers(&self, segment: &Segment<'_>) -> Result<SelectStatement, StoreError> {
        let mut condition = Condition::new(self.model, Source::Heads);
        let mut numbers = self.numbers(&mut condition, segment)?;
        if let Some(bound) = &segment.pk {
            numbers.and_where(condition.bound(condition.pk(), bound));
        }
        numbers.column(name("pk")).order_by(name("pk"), Order::Asc);
        numbers.limit(condition.next_place()).offset(condition.next_place());
        let mut select = Query::select();
        select.columns(HEAD_COLUMNS.map(name)).from_as(name(&self.model.head_table), name("heads"));
        Ok(select.and_where(column("pk").in_subquery(numbers)).order_by(name("pk"), Order::Asc).take())
    }

    /// The entries of the index that decides.
    fn numbers(
        &self,
        condition: &mut Condition<'_>,
        segment: &Segment<'_>,
    ) -> Result<SelectStatement, StoreError> {
        let mut entries = self.entries(condition, segment)?;
        if let (Rows::Live, Access::Index(at)) = (self.paths.rows, self.access)
            && !self.paths.is_partial(at)
        {
            entries.and_where(column("pk").not_in_subquery(deleted_numbers(self.model)));
        }
        Ok(entries)
    }

    /// The entries of an index of heads that a candidate leaves.
    fn entries(
        &self,
        condition: &mut Condition<'_>,
        segment: &Segment<'_>,
    ) -> Result<SelectStatement, StoreError> {
        let mut select = Query::select();
        select.from(name(&self.model.head_table));
        for part in self.chosen_parts() {
            select.and_where(condition.part(part, Form::Shown, self.live_branches())?);
        }
        if let Some((by, bound)) = self.leading_bound(segment) {
            let value = condition.sort_key(by)?;
            select.and_where(condition.bound(value, bound));
        }
        if matches!(self.access, Access::Index(at) if self.paths.is_partial(at)) {
            select.and_where(is_live());
        }
        Ok(select)
    }

    /// Says which index to use, behind the table of heads where it first stands under its own name: the builder
    /// has no word for that in this dialect.
    fn finish(&self, select: &SelectStatement) -> Result<(String, usize), StoreError> {
        let (text, places) = finish(select)?;
        let hint = match self.paths.hint(self.model, self.access) {
            Hint::None => return Ok((text, places)),
            Hint::RowNumber => "NOT INDEXED".to_owned(),
            Hint::Index(index) => format!("INDEXED BY {}", quoted(&index)),
        };
        let table = quoted(&self.model.head_table);
        for word in ["FROM", "JOIN"] {
            let from = format!("{word} {table}");
            let own = |at: &(usize, &str)| !text[at.0 + from.len()..].starts_with(" AS ");
            if let Some((at, _)) = text.match_indices(&from).find(own) {
                let (before, after) = text.split_at(at + from.len());
                return Ok((format!("{before} {hint}{after}"), places));
            }
        }
        Ok((text, places))
    }

    /// The conditions its index answers.
    pub(super) fn chosen_parts(&self) -> impl Iterator<Item = &'a Predicate> {
        let chosen = self.paths.chosen(self.access).into_iter().flat_map(|candidate| &candidate.parts);
        let all = parts(self.predicate);
        chosen.filter_map(move |&at| all.get(at))
    }

    /// The bound its index answers.
    pub(super) fn leading_bound<'s, 'q>(
        &self,
        segment: &'s Segment<'q>,
    ) -> Option<&'s (&'q SortBy, Bound<'q>)> {
        let Access::Index(at) = self.access else { return None };
        let leads = self.paths.gives_order(at) && matches!(self.paths.order, Ordering::Column(_));
        segment.bounds.first().filter(|_| leads)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A range of list values, which is not looked up by row.
fn is_prefix(leaf: &Leaf) -> bool {
    matches!(&leaf.test, Test::Any(test) if matches!(test.test, ValueTest::StartsWith(_)))
}

fn is_deletion(part: &Predicate) -> bool {
    [false, true].into_iter().any(|deleted| *part == Predicate::is_deleted(deleted))
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
