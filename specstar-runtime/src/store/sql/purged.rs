//! The highest row number that was removed for good. A change that was planned for a removed row must not find
//! another one under its number, whichever process gives the number.

use sea_query::{
    ColumnDef, Expr, ExprTrait, OnConflict, Query, SelectStatement, Table, TableCreateStatement,
};

use super::{column, hole, model_id, name};
use crate::store::layout::{ModelLayout, PURGED_TABLE};

/// One row per type that ever lost a row.
pub(super) fn table() -> TableCreateStatement {
    Table::create()
        .table(name(PURGED_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("model_id")).big_integer().not_null().primary_key())
        .col(ColumnDef::new(name("pk")).big_integer().not_null())
        .take()
}

/// Remembers a bound `pk`, unless a higher one is remembered.
pub(super) fn note<D: super::Dialect>(layout: &ModelLayout) -> String {
    let higher = "CASE WHEN excluded.pk > ss_purged.pk THEN excluded.pk ELSE ss_purged.pk END";
    let mut insert = Query::insert();
    insert.into_table(name(PURGED_TABLE)).columns([name("model_id"), name("pk")]);
    // The builder only refuses when the numbers of columns and values differ, which they do not.
    let _ = insert.values([model_id(layout), hole()]);
    insert
        .on_conflict(OnConflict::column(name("model_id")).value(name("pk"), Expr::cust(higher)).to_owned())
        .build(D::default())
        .0
}

/// The highest removed number.
pub(super) fn last(layout: &ModelLayout) -> SelectStatement {
    let own = column("model_id").eq(model_id(layout));
    Query::select().column(name("pk")).from(name(PURGED_TABLE)).and_where(own).take()
}
