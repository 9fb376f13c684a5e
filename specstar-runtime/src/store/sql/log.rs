//! The log of changes, and how far subscribers have read it.

use sea_query::{
    ColumnDef, Expr, ExprTrait, Index, OnConflict, Order, Query, SelectStatement, Table, TableCreateStatement,
};

use super::{Dialect, column, hole, insert_into, is_bound, name};
use crate::store::layout::{LOG_COLUMNS, LOG_TABLE, SUBSCRIBER_TABLE};

/// The statements of the log.
#[derive(Debug)]
pub(crate) struct LogTexts {
    /// The first nine of [`LOG_COLUMNS`].
    pub(crate) insert_change: String,
    /// `position`, `at`, `by`, `name`, `body`.
    pub(crate) insert_event: String,
    /// The highest position.
    pub(crate) last: String,
    /// [`LOG_COLUMNS`] of a number of entries after a bound position.
    pub(crate) everything: String,
    /// The same with a `model_id` bound first.
    pub(crate) of_model: String,
    /// The same with `model_id`, `pk` and `resource_id` bound first.
    pub(crate) of_resource: String,
    /// `name`, `position`: a lower position than the one that is there changes nothing.
    pub(crate) acknowledge: String,
    /// The position of a bound `name`.
    pub(crate) acknowledged: String,
}

impl LogTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        let (change, _) = LOG_COLUMNS.split_at(9);
        let insert = |columns: &[&str]| insert_into(LOG_TABLE, columns.iter().copied()).build(D::default()).0;
        let last = Query::select().expr(column("position").max()).from(name(LOG_TABLE)).take();
        Self {
            insert_change: insert(change),
            insert_event: insert(&["position", "at", "by", "name", "body"]),
            last: last.build(D::default()).0,
            everything: page(&[]).build(D::default()).0,
            of_model: page(&["model_id"]).build(D::default()).0,
            of_resource: page(&["model_id", "pk", "resource_id"]).build(D::default()).0,
            acknowledge: acknowledge::<D>(),
            acknowledged: acknowledged().build(D::default()).0,
        }
    }
}

fn page(keys: &[&str]) -> SelectStatement {
    let mut select = Query::select();
    select.columns(LOG_COLUMNS.map(name)).from(name(LOG_TABLE));
    for key in keys {
        select.and_where(is_bound(key));
    }
    select.and_where(column("position").gt(hole())).order_by(name("position"), Order::Asc).limit(0).take()
}

fn acknowledge<D: Dialect>() -> String {
    let known = Expr::col((name(SUBSCRIBER_TABLE), name("position")));
    let told = Expr::col((name("excluded"), name("position")));
    let conflict = OnConflict::column(name("name"))
        .update_column(name("position"))
        .action_and_where(told.gt(known))
        .to_owned();
    insert_into(SUBSCRIBER_TABLE, ["name", "position"]).on_conflict(conflict).build(D::default()).0
}

fn acknowledged() -> SelectStatement {
    Query::select().column(name("position")).from(name(SUBSCRIBER_TABLE)).and_where(is_bound("name")).take()
}

/// The tables of the log and their indexes.
pub(crate) fn tables<D: Dialect>() -> Vec<String> {
    vec![
        log_table().to_string(D::default()),
        index::<D>("ss_change/model", &["model_id"]),
        index::<D>("ss_change/resource", &["model_id", "pk"]),
        subscriber_table().to_string(D::default()),
    ]
}

/// The row number is the position. A message has no resource, and a change no name and body.
fn log_table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(LOG_TABLE)).if_not_exists();
    for text in LOG_COLUMNS {
        let mut column = ColumnDef::new(name(text));
        match text {
            "position" => column.big_integer().primary_key(),
            "at" => column.big_integer().not_null(),
            "by" => column.text().not_null(),
            "resource_id" | "name" | "body" => column.text(),
            _ => column.big_integer(),
        };
        table.col(&mut column);
    }
    table
}

/// Entries of an index with equal columns stand in the order of their row numbers, which are the positions.
fn index<D: Dialect>(text: &str, columns: &[&str]) -> String {
    let mut index = Index::create();
    index.name(text).if_not_exists().table(name(LOG_TABLE));
    for column in columns {
        index.col(name(column));
    }
    index.to_string(D::default())
}

fn subscriber_table() -> TableCreateStatement {
    Table::create()
        .table(name(SUBSCRIBER_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("name")).text().not_null().primary_key())
        .col(ColumnDef::new(name("position")).big_integer().not_null())
        .extra("WITHOUT ROWID")
        .take()
}
