//! Every statement of the store, built by sea-query for the dialect of an engine. Texts are built
//! once: per resource type at start, and for searches per shape of the predicate.
//!
//! Values are always bound, with one exception: the `0` or `1` of `is_deleted` and the `NULL` of
//! `IS NOT NULL` stand in the text, because a planner can only choose a partial index when it sees
//! them there.

pub(crate) mod answer;
// What is in the modules of both engines but concerns one of them is dead where that one is left out.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
pub(crate) mod blob;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
pub(crate) mod cascade;
#[cfg(feature = "sqlite")]
pub(crate) mod ddl;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
pub(crate) mod import;
pub(crate) mod job;
#[cfg(feature = "sqlite")]
pub(crate) mod log;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
pub(crate) mod original;
#[cfg(feature = "sqlite")]
mod purged;
#[cfg(feature = "sqlite")]
pub(crate) mod read;
#[cfg(feature = "sqlite")]
pub(crate) mod search;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
pub(crate) mod upload;
#[cfg(feature = "sqlite")]
pub(crate) mod write;

use sea_query::{Alias, Expr, ExprTrait, InsertStatement, Query, QueryBuilder, SchemaBuilder};

use crate::store::layout::ModelLayout;

/// The statement builder of an engine.
pub(crate) trait Dialect: QueryBuilder + SchemaBuilder + Default {}

impl<D: QueryBuilder + SchemaBuilder + Default> Dialect for D {}

/// A name from a descriptor, to be quoted by the builder.
fn name(text: &str) -> Alias {
    Alias::new(text)
}

/// A column of that name.
fn column(text: &str) -> Expr {
    Expr::col(name(text))
}

/// A value that is bound when the statement runs; only its place in the text counts.
fn hole() -> Expr {
    Expr::val(0)
}

/// The number of the type is fixed per database, so it stands in the text.
fn model_id(layout: &ModelLayout) -> Expr {
    Expr::cust(layout.model_id.to_string())
}

/// `column = ?`
fn is_bound(text: &str) -> Expr {
    column(text).eq(hole())
}

/// The condition of every partial index: the row is not deleted.
#[cfg(feature = "sqlite")]
pub(crate) fn is_live() -> Expr {
    column("is_deleted").eq(Expr::cust("0"))
}

/// The condition of the index of deleted rows.
#[cfg(feature = "sqlite")]
pub(crate) fn is_deleted() -> Expr {
    column("is_deleted").eq(Expr::cust("1"))
}

/// `INSERT` of one row with every column bound.
fn insert_into<'a>(table: &str, columns: impl IntoIterator<Item = &'a str>) -> InsertStatement {
    let columns: Vec<Alias> = columns.into_iter().map(name).collect();
    let holes: Vec<Expr> = columns.iter().map(|_| hole()).collect();
    // It panics when the numbers of columns and values differ; there is one hole per column.
    Query::insert().into_table(name(table)).columns(columns).values_panic(holes).take()
}
