//! What revisions were before they were migrated: the last step of each is on top of the ones before.

use sea_query::{ColumnDef, Expr, ExprTrait, Func, Index, Order, Query, SelectStatement, Table, UnionType};

use super::{Dialect, column, hole, is_bound, model_id, name};
use crate::store::layout::{ModelLayout, ORIGINAL_COLUMNS, ORIGINAL_TABLE, REVISION_TABLE};

/// The statements of one resource type.
#[derive(Debug)]
pub(crate) struct OriginalTexts {
    /// The hash of what comes, then `pk` and `version`: keeps the current revision of a head.
    pub(crate) keep_current: String,
    /// The hash of what comes, then `pk` and `seq`: keeps a superseded revision.
    pub(crate) keep_superseded: String,
    /// [`ORIGINAL_COLUMNS`] of a bound `pk` and `seq`, of as many of the last ones as the third value says.
    pub(crate) last: String,
    /// `pk`, `seq`, `pk`, `seq`: forgets the last ones.
    pub(crate) forget_last: String,
    /// `pk`, `seq`.
    pub(crate) forget: String,
    /// `pk`.
    pub(crate) forget_all: String,
    /// `pk` and `seq` of at most a bound number of revisions that were migrated.
    pub(crate) some: String,
    /// `pk`, `seq`, `pk`, `seq`: what a revision says now, whether it is the current one or not.
    pub(crate) content: String,
    /// The versions of the current revisions, each with how many there are.
    pub(crate) current: String,
    /// The same of the superseded ones.
    pub(crate) superseded: String,
}

impl OriginalTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>(layout: &ModelLayout) -> Self {
        let mut of_head = Query::select();
        of_head.from(name(&layout.head_table)).and_where(is_bound("pk")).and_where(is_bound("version"));
        let mut of_revision = Query::select();
        of_revision
            .from(name(REVISION_TABLE))
            .and_where(of_model(layout))
            .and_where(is_bound("pk"))
            .and_where(is_bound("seq"));
        let mut superseded = versions(REVISION_TABLE);
        superseded.and_where(of_model(layout));
        let mut forget_last = delete(layout, &["pk", "seq"]);
        let last = Query::select()
            .expr(Func::max(column("step")))
            .from(name(ORIGINAL_TABLE))
            .and_where(of_model(layout))
            .and_where(is_bound("pk"))
            .and_where(is_bound("seq"))
            .take();
        forget_last.and_where(column("step").eq(Expr::SubQuery(None, Box::new(last.into()))));
        Self {
            keep_current: keep::<D>(layout, of_head, &layout.head_table, "rev_seq"),
            keep_superseded: keep::<D>(layout, of_revision, REVISION_TABLE, "seq"),
            last: Query::select()
                .columns(ORIGINAL_COLUMNS.map(name))
                .from(name(ORIGINAL_TABLE))
                .and_where(of_model(layout))
                .and_where(is_bound("pk"))
                .and_where(is_bound("seq"))
                .order_by(name("step"), Order::Desc)
                .limit(1)
                .build(D::default())
                .0,
            forget_last: forget_last.build(D::default()).0,
            forget: delete(layout, &["pk", "seq"]).build(D::default()).0,
            some: Query::select()
                .distinct()
                .columns(["pk", "seq"].map(name))
                .from(name(ORIGINAL_TABLE))
                .and_where(of_model(layout))
                .limit(0)
                .build(D::default())
                .0,
            content: content(layout).build(D::default()).0,
            forget_all: delete(layout, &["pk"]).build(D::default()).0,
            current: versions(&layout.head_table).build(D::default()).0,
            superseded: superseded.build(D::default()).0,
        }
    }
}

fn of_model(layout: &ModelLayout) -> Expr {
    column("model_id").eq(model_id(layout))
}

/// The payload moves inside the database and never crosses into the program.
fn keep<D: Dialect>(layout: &ModelLayout, mut select: SelectStatement, table: &str, seq: &str) -> String {
    let of = |text: &str| Expr::col((name(table), name(text)));
    let kept = |text: &str| Expr::col((name(ORIGINAL_TABLE), name(text)));
    let before = Query::select()
        .expr(Func::count(Expr::cust("*")))
        .from(name(ORIGINAL_TABLE))
        .and_where(kept("model_id").eq(model_id(layout)))
        .and_where(kept("pk").eq(of("pk")))
        .and_where(kept("seq").eq(of(seq)))
        .take();
    select.expr(hole()).expr(model_id(layout)).expr(of("pk")).expr(of(seq));
    select.expr(Expr::SubQuery(None, Box::new(before.into())));
    select.columns(["schema_version", "parent_schema_version", "data_hash", "data"].map(name));
    let mut insert = Query::insert();
    let columns = ["migrated_hash", "model_id", "pk", "seq", "step"];
    let copied = ["schema_version", "parent_schema_version", "data_hash", "data"];
    insert.into_table(name(ORIGINAL_TABLE)).columns(columns.into_iter().chain(copied).map(name));
    // `select_from` only refuses when the numbers of columns differ, which they do not.
    let _ = insert.select_from(select);
    insert.build(D::default()).0
}

fn delete(layout: &ModelLayout, keys: &[&str]) -> sea_query::DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(name(ORIGINAL_TABLE)).and_where(of_model(layout));
    for key in keys {
        delete.and_where(is_bound(key));
    }
    delete
}

fn content(layout: &ModelLayout) -> SelectStatement {
    let current = Query::select()
        .column(name("data"))
        .from(name(&layout.head_table))
        .and_where(is_bound("pk"))
        .and_where(is_bound("rev_seq"))
        .take();
    Query::select()
        .column(name("data"))
        .from(name(REVISION_TABLE))
        .and_where(of_model(layout))
        .and_where(is_bound("pk"))
        .and_where(is_bound("seq"))
        .union(UnionType::All, current)
        .take()
}

fn versions(table: &str) -> SelectStatement {
    Query::select()
        .column(name("schema_version"))
        .expr(Func::count(Expr::cust("*")))
        .from(name(table))
        .group_by_col(name("schema_version"))
        .take()
}

/// Clustered by revision.
pub(super) fn table<D: Dialect>() -> String {
    let mut table = Table::create();
    table.table(name(ORIGINAL_TABLE)).if_not_exists();
    let mut key = Index::create();
    for text in ["model_id", "pk", "seq", "step"] {
        table.col(ColumnDef::new(name(text)).big_integer().not_null());
        key.col(name(text));
    }
    for text in ORIGINAL_COLUMNS {
        let mut column = ColumnDef::new(name(text));
        match text {
            "data_hash" | "migrated_hash" => column.blob().not_null(),
            "data" => column.text().not_null(),
            _ => column.text(),
        };
        table.col(&mut column);
    }
    table.primary_key(&mut key).extra("WITHOUT ROWID").to_string(D::default())
}
