//! The log of changes, and how far subscribers have read it.

use sea_query::{
    ColumnDef, Expr, ExprTrait, Index, OnConflict, Order, Query, SelectStatement, Table, TableCreateStatement,
};

use super::{Dialect, column, hole, insert_into, is_bound, model_id, name};
use crate::store::layout::{LOG_AT, LOG_COLUMNS, LOG_TABLE, ModelLayout, SUBSCRIBER_TABLE};

/// How many of [`LOG_COLUMNS`] a change has.
const CHANGE_COLUMNS: usize = 10;

/// The statements of the log.
#[derive(Debug)]
pub(crate) struct LogTexts {
    /// The first ten of [`LOG_COLUMNS`].
    pub(crate) insert_change: String,
    /// `position`, `at`, `by`, `name`, `body`.
    pub(crate) insert_event: String,
    /// The highest position.
    pub(crate) last: String,
    /// [`LOG_COLUMNS`] of a number of entries after a bound position.
    pub(crate) everything: String,
    /// The same with a `model_id` bound first.
    pub(crate) of_model: String,
    /// [`LOG_COLUMNS`] of the entry at a bound position.
    pub(crate) entry: String,
    /// The position of the entry before the one at a bound position, of the same resource.
    pub(crate) previous: String,
    /// `name`, `position`: a lower position than the one that is there changes nothing.
    pub(crate) acknowledge: String,
    /// The position of a bound `name`.
    pub(crate) acknowledged: String,
}

impl LogTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        let (change, _) = LOG_COLUMNS.split_at(CHANGE_COLUMNS);
        let insert = |columns: &[&str]| insert_into(LOG_TABLE, columns.iter().copied()).build(D::default()).0;
        let last = Query::select().expr(column("position").max()).from(name(LOG_TABLE)).take();
        Self {
            insert_change: insert(change),
            insert_event: insert(&["position", "at", "by", "name", "body"]),
            last: last.build(D::default()).0,
            everything: page(&[]).build(D::default()).0,
            of_model: page(&["model_id"]).build(D::default()).0,
            entry: at_position(&LOG_COLUMNS).build(D::default()).0,
            previous: at_position(&["prev"]).build(D::default()).0,
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

fn at_position(columns: &[&str]) -> SelectStatement {
    let columns = columns.iter().map(|text| name(text));
    Query::select().columns(columns).from(name(LOG_TABLE)).and_where(is_bound("position")).take()
}

/// `INSERT` of an entry of a head that is there: `position`, `kind`, `seq`, `version`, `at` and `by` of the
/// entry, then `pk` and `version` of the head, as it is before the change. It adds nothing when there is no
/// such head, and finds the end of its chain without a statement of its own.
pub(crate) fn insert_next<D: Dialect>(layout: &ModelLayout) -> String {
    let (columns, _) = LOG_COLUMNS.split_at(CHANGE_COLUMNS);
    let mut select = Query::select();
    for &text in columns {
        match text {
            "model_id" => select.expr(model_id(layout)),
            "pk" | "resource_id" => select.column(name(text)),
            "prev" => select.column(name(LOG_AT)),
            _ => select.expr(hole()),
        };
    }
    select.from(name(&layout.head_table)).and_where(is_bound("pk")).and_where(is_bound("version"));
    let mut insert = Query::insert();
    insert.into_table(name(LOG_TABLE)).columns(columns.iter().map(|text| name(text)));
    // `select_from` only refuses when the numbers of columns differ, which they do not.
    let _ = insert.select_from(select);
    insert.build(D::default()).0
}

/// The last position of the resource of a bound `resource_id` and `pk`.
pub(crate) fn last_of<D: Dialect>(layout: &ModelLayout) -> String {
    Query::select()
        .column(name(LOG_AT))
        .from(name(&layout.head_table))
        .and_where(is_bound("resource_id"))
        .and_where(is_bound("pk"))
        .build(D::default())
        .0
}

/// Tells a head where its last entry stands: the position, then `pk` and `version`.
pub(crate) fn set_last<D: Dialect>(layout: &ModelLayout) -> String {
    Query::update()
        .table(name(&layout.head_table))
        .value(name(LOG_AT), hole())
        .and_where(is_bound("pk"))
        .and_where(is_bound("version"))
        .build(D::default())
        .0
}

/// The same, and the head counts as changed.
pub(crate) fn next_version<D: Dialect>(layout: &ModelLayout) -> String {
    Query::update()
        .table(name(&layout.head_table))
        .value(name(LOG_AT), hole())
        .value(name("version"), Expr::cust("version + 1"))
        .and_where(is_bound("pk"))
        .and_where(is_bound("version"))
        .build(D::default())
        .0
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
        index_by_model::<D>(),
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
fn index_by_model<D: Dialect>() -> String {
    Index::create()
        .name("ss_change/model")
        .if_not_exists()
        .table(name(LOG_TABLE))
        .col(name("model_id"))
        .to_string(D::default())
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
