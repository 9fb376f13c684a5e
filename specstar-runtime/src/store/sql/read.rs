//! Reads of one resource.

use sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};

use super::{Dialect, column, hole, is_bound, is_live, model_id, name};
use crate::store::layout::{HEAD_COLUMNS, ModelLayout, REVISION_COLUMNS, REVISION_TABLE};

/// The read statements of one resource type.
#[derive(Debug)]
pub(crate) struct ReadTexts {
    /// [`HEAD_COLUMNS`] of a bound `resource_id`.
    pub(crate) head: String,
    /// [`REVISION_COLUMNS`] of a bound `pk` and `seq`.
    pub(crate) revision: String,
    /// [`REVISION_COLUMNS`] of a bound `pk`, by number, with an empty payload.
    pub(crate) history: String,
    /// [`REVISION_COLUMNS`] of a bound `pk`, by number.
    pub(crate) revisions: String,
    /// The members of the cascade of a bound `pk`.
    pub(crate) members: String,
    /// See [`log::last_of`](super::log::last_of).
    pub(crate) last_logged: String,
    /// See [`blob::owns`](super::blob::owns).
    pub(crate) owns_blob: String,
    /// See [`blob::resource_of`](super::blob::resource_of).
    pub(crate) resource_of: String,
    /// `pk`, `resource_id` and `data` of a number of live rows after a bound `pk`.
    pub(crate) live_after: String,
    /// `pk` and `data` of a number of rows after a bound `pk`.
    pub(crate) all_after: String,
}

impl ReadTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>(layout: &ModelLayout) -> Self {
        let table = &layout.head_table;
        let mut all_after = rows_after(table, &["pk", "data"]);
        let mut live_after = rows_after(table, &["pk", "resource_id", "data"]);
        Self {
            head: head(table).build(D::default()).0,
            revision: revision(layout).build(D::default()).0,
            history: history(layout).build(D::default()).0,
            revisions: revisions(layout).build(D::default()).0,
            members: super::cascade::members(layout).build(D::default()).0,
            last_logged: super::log::last_of::<D>(layout),
            owns_blob: super::blob::owns::<D>(layout),
            resource_of: super::blob::resource_of::<D>(layout),
            live_after: live_after.and_where(is_live()).build(D::default()).0,
            all_after: all_after.take().build(D::default()).0,
        }
    }
}

fn head(table: &str) -> SelectStatement {
    Query::select()
        .columns(HEAD_COLUMNS.map(Alias::new))
        .from(name(table))
        .and_where(is_bound("resource_id"))
        .take()
}

fn of_model(layout: &ModelLayout) -> Expr {
    column("model_id").eq(model_id(layout))
}

fn revision(layout: &ModelLayout) -> SelectStatement {
    Query::select()
        .columns(REVISION_COLUMNS.map(Alias::new))
        .from(name(REVISION_TABLE))
        .and_where(of_model(layout))
        .and_where(is_bound("pk"))
        .and_where(is_bound("seq"))
        .take()
}

fn history(layout: &ModelLayout) -> SelectStatement {
    let mut select = Query::select();
    for text in REVISION_COLUMNS {
        if text == "data" {
            select.expr(Expr::cust("''"));
        } else {
            select.column(name(text));
        }
    }
    select
        .from(name(REVISION_TABLE))
        .and_where(of_model(layout))
        .and_where(is_bound("pk"))
        .order_by(name("seq"), Order::Asc)
        .take()
}

fn revisions(layout: &ModelLayout) -> SelectStatement {
    Query::select()
        .columns(REVISION_COLUMNS.map(Alias::new))
        .from(name(REVISION_TABLE))
        .and_where(of_model(layout))
        .and_where(is_bound("pk"))
        .order_by(name("seq"), Order::Asc)
        .take()
}

fn rows_after(table: &str, columns: &[&str]) -> SelectStatement {
    Query::select()
        .columns(columns.iter().map(|text| name(text)))
        .from(name(table))
        .and_where(column("pk").gt(hole()))
        .order_by(name("pk"), Order::Asc)
        .limit(0)
        .take()
}
