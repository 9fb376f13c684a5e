//! The parts of a conjunction: as an index answers them, or as tests of rows that are found in another way.

use sea_query::{Expr, ExprTrait, Query};

use super::access::member_kind;
use super::condition::{Condition, List, integer, is_listed, truth};
use super::shape::misfit;
use crate::query::{Leaf, Predicate, ValueTest};
use crate::store::StoreError;
use crate::store::layout::ModelLayout;
use crate::store::sql::{column, is_live, name};

/// How a part of a conjunction stands in a text.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// As an index answers it.
    Shown,
    /// As a test of the rows that are found in another way.
    Tested,
    /// The same, where the planner chooses the indexes and must not choose one for it.
    Hidden,
    /// As what drives the join.
    Driver,
}

/// The columns of the list values that drive a join.
pub(super) const DRIVER: [(&str, &str); 3] =
    [("field", "member_field"), ("value", "member_value"), ("pk", "member")];

impl Condition<'_> {
    /// One part of the conjunction. `live`: the text only finds live rows.
    pub(super) fn part(&mut self, part: &Predicate, form: Form, live: bool) -> Result<Expr, StoreError> {
        match (form, part) {
            (Form::Driver, Predicate::Leaf(leaf)) => self.driver(leaf),
            (Form::Tested | Form::Hidden, Predicate::Leaf(leaf)) if is_member(self.model, leaf) => {
                self.probe(leaf)
            }
            (Form::Hidden, part) => Ok(hidden(self.of(part)?)),
            (Form::Shown, Predicate::Or(branches)) if live => self.live_branches(branches),
            (_, part) => self.of(part),
        }
    }

    /// The engine looks for a partial index in each branch by itself, so each has to say what the index is
    /// restricted to.
    fn live_branches(&mut self, branches: &[Predicate]) -> Result<Expr, StoreError> {
        let mut joined: Option<Expr> = None;
        for branch in branches {
            let branch = self.of(branch)?.and(is_live());
            joined = Some(match joined {
                Some(joined) => joined.or(branch),
                None => branch,
            });
        }
        Ok(joined.unwrap_or_else(|| truth(false)))
    }

    /// The rows of one list value, in the order of their numbers.
    fn driver(&mut self, leaf: &Leaf) -> Result<Expr, StoreError> {
        let (kind, field, test) = self.listed(leaf)?;
        let [(_, of_field), (_, value), (_, pk)] = DRIVER;
        let found = column(of_field).eq(integer(field)).and(self.value_test(column(value), kind, &test.test));
        Ok(found.and(column(pk).eq(column("pk"))))
    }

    /// Whether a row that is found in another way has such a list value: looked up by its full key, or, for
    /// a range of values, in its document.
    fn probe(&mut self, leaf: &Leaf) -> Result<Expr, StoreError> {
        let (kind, field, test) = self.listed(leaf)?;
        if matches!(test.test, ValueTest::StartsWith(_)) {
            let Some(List { document, .. }) = self.list(leaf.field)? else { return Err(misfit(leaf)) };
            let passes = self.element_test(kind, test);
            return Ok(document.when_list(document.some_element(passes)));
        }
        let own = || name("own");
        let row = self.pk();
        let values = Query::select()
            .expr(integer(1))
            .from_as(name(&self.model.list_table), own())
            .and_where(Expr::col((own(), name("field"))).eq(integer(field)))
            .and_where(self.value_test(Expr::col((own(), name("value"))), kind, &test.test))
            .and_where(Expr::col((own(), name("pk"))).eq(row))
            .take();
        // The engine would make a loop of it, and skip each match of a row instead of the row (3.51).
        Ok(hidden(Expr::exists(values)))
    }

    /// The list values a membership asks for.
    pub(super) fn members(&mut self, leaf: &Leaf) -> Result<Expr, StoreError> {
        let (kind, field, test) = self.listed(leaf)?;
        Ok(self.values(kind, field, &test.test))
    }
}

/// A condition the planner does not look for an index for: the unary plus changes nothing else.
pub(super) fn hidden(condition: Expr) -> Expr {
    Expr::cust_with_expr("+(?)", condition)
}

pub(super) fn is_member(model: &ModelLayout, leaf: &Leaf) -> bool {
    member_kind(model, leaf).is_some_and(|kind| is_listed(&leaf.test, kind))
}
