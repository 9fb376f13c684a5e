//! Upload sessions, their parts, and who has uploaded which file.

use sea_query::{
    ColumnDef, ConditionalStatement, Expr, ExprTrait, Index, IndexCreateStatement, OnConflict, Order, Query,
    SelectStatement, Table, TableCreateStatement, UpdateStatement,
};

use super::{Dialect, column, hole, insert_into, is_bound, name};
use crate::store::layout::{UPLOAD_COLUMNS, UPLOAD_PART_TABLE, UPLOAD_TABLE, UPLOADER_TABLE};

/// What a change of a session sets, in the order it is bound.
const CHANGED: [&str; 7] =
    ["state", "is_open", "file_id", "file_size", "idempotency_key", "lease_until", "changed_at"];

/// The statements of upload sessions.
#[derive(Debug)]
pub(crate) struct UploadTexts {
    /// [`UPLOAD_COLUMNS`], all bound.
    pub(crate) insert: String,
    /// [`UPLOAD_COLUMNS`] of a bound `upload_id`.
    pub(crate) session: String,
    /// `number`, `key`, `size` of the parts of a bound `upload_id`, by ascending number.
    pub(crate) parts: String,
    /// [`CHANGED`], then `upload_id` and `version`.
    pub(crate) change: String,
    /// `upload_id`, `number`, `key`, `size`: a part of that number is replaced.
    pub(crate) put_part: String,
    /// The key of a bound `upload_id` and `number`.
    pub(crate) part_key: String,
    /// The keys of a bound `upload_id`.
    pub(crate) part_keys: String,
    /// Every key of a session, and every key of a part.
    pub(crate) every_key: [String; 2],
    /// Leaves the parts of a bound `upload_id` without a key.
    pub(crate) join_parts: String,
    /// Forgets the parts of a bound `upload_id`.
    pub(crate) drop_parts: String,
    /// `upload_id` of those that are open: the latest `expires_at` and how many.
    pub(crate) due: String,
    /// `upload_id` and `key` of those that are over and have one: the latest `expires_at` and how many.
    pub(crate) keyed: String,
    /// Leaves a bound `upload_id` without a key.
    pub(crate) unkey: String,
    /// `upload_id` of those that are over and have no key: the latest `changed_at` and how many.
    pub(crate) closed: String,
    /// Forgets a bound `upload_id`.
    pub(crate) forget: String,
    /// `file_id`, `owner`, which may be there.
    pub(crate) put_uploader: String,
    /// Whether there is a row of a bound `file_id` and `owner`.
    pub(crate) is_uploader: String,
    /// Forgets who has uploaded a bound `file_id`.
    pub(crate) forget_uploaders: String,
}

impl UploadTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        Self {
            insert: insert_into(UPLOAD_TABLE, UPLOAD_COLUMNS).build(D::default()).0,
            session: of_session(UPLOAD_TABLE, &UPLOAD_COLUMNS).build(D::default()).0,
            parts: of_session(UPLOAD_PART_TABLE, &["number", "key", "size"])
                .order_by(name("number"), Order::Asc)
                .build(D::default())
                .0,
            change: change().build(D::default()).0,
            put_part: put_part::<D>(),
            part_key: of_session(UPLOAD_PART_TABLE, &["key"])
                .and_where(is_bound("number"))
                .build(D::default())
                .0,
            part_keys: of_session(UPLOAD_PART_TABLE, &["key"]).build(D::default()).0,
            every_key: [UPLOAD_TABLE, UPLOAD_PART_TABLE].map(|table| {
                let mut keys = Query::select();
                keys.column(name("key")).from(name(table)).and_where(column("key").is_not_null());
                keys.build(D::default()).0
            }),
            join_parts: without_key(UPLOAD_PART_TABLE).build(D::default()).0,
            drop_parts: forget(UPLOAD_PART_TABLE, "upload_id").build(D::default()).0,
            due: over(true, "expires_at", &["upload_id"]).build(D::default()).0,
            keyed: over(false, "expires_at", &["upload_id", "key"])
                .and_where(column("key").is_not_null())
                .build(D::default())
                .0,
            unkey: without_key(UPLOAD_TABLE).build(D::default()).0,
            closed: over(false, "changed_at", &["upload_id"])
                .and_where(column("key").is_null())
                .build(D::default())
                .0,
            forget: forget(UPLOAD_TABLE, "upload_id").build(D::default()).0,
            put_uploader: insert_into(UPLOADER_TABLE, ["file_id", "owner"])
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .build(D::default())
                .0,
            is_uploader: is_uploader().build(D::default()).0,
            forget_uploaders: forget(UPLOADER_TABLE, "file_id").build(D::default()).0,
        }
    }
}

fn of_session(table: &str, columns: &[&str]) -> SelectStatement {
    let columns = columns.iter().map(|text| name(text));
    Query::select().columns(columns).from(name(table)).and_where(is_bound("upload_id")).take()
}

fn change() -> UpdateStatement {
    let mut update = Query::update();
    update.table(name(UPLOAD_TABLE));
    for text in CHANGED {
        update.value(name(text), hole());
    }
    update
        .value(name("version"), Expr::cust("version + 1"))
        .and_where(is_bound("upload_id"))
        .and_where(is_bound("version"))
        .take()
}

fn put_part<D: Dialect>() -> String {
    let conflict = OnConflict::columns([name("upload_id"), name("number")])
        .update_columns([name("key"), name("size")])
        .to_owned();
    insert_into(UPLOAD_PART_TABLE, ["upload_id", "number", "key", "size"])
        .on_conflict(conflict)
        .build(D::default())
        .0
}

fn without_key(table: &str) -> UpdateStatement {
    Query::update()
        .table(name(table))
        .value(name("key"), Expr::cust("NULL"))
        .and_where(is_bound("upload_id"))
        .take()
}

fn forget(table: &str, by: &str) -> sea_query::DeleteStatement {
    Query::delete().from_table(name(table)).and_where(is_bound(by)).take()
}

/// A flag stands in the text, where the planner sees that a partial index fits.
fn is_open(open: bool) -> Expr {
    column("is_open").eq(Expr::cust(if open { "1" } else { "0" }))
}

/// A number of sessions up to a bound instant, the oldest first.
fn over(open: bool, time: &str, columns: &[&str]) -> SelectStatement {
    Query::select()
        .columns(columns.iter().map(|text| name(text)))
        .from(name(UPLOAD_TABLE))
        .and_where(is_open(open))
        .and_where(column(time).lte(hole()))
        .order_by(name(time), Order::Asc)
        .limit(0)
        .take()
}

fn is_uploader() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from(name(UPLOADER_TABLE))
        .and_where(is_bound("file_id"))
        .and_where(is_bound("owner"))
        .take()
}

/// The tables of upload sessions and their indexes.
pub(crate) fn tables<D: Dialect>() -> Vec<String> {
    let tables = [upload_table(), part_table(), uploader_table()];
    let mut texts: Vec<String> = tables.iter().map(|table| table.to_string(D::default())).collect();
    let indexes = [
        index("open", "expires_at").and_where(is_open(true)).take(),
        index("closed", "changed_at").and_where(is_open(false)).take(),
        index("keyed", "expires_at").and_where(is_open(false)).and_where(column("key").is_not_null()).take(),
    ];
    texts.extend(indexes.iter().map(|index| index.to_string(D::default())));
    texts
}

fn upload_table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(UPLOAD_TABLE)).if_not_exists();
    for text in UPLOAD_COLUMNS {
        let mut column = ColumnDef::new(name(text));
        match text {
            "upload_id" => column.text().not_null().primary_key(),
            "owner" | "state" | "method" => column.text().not_null(),
            "content_type" | "checksum" | "key" | "file_id" | "idempotency_key" => column.text(),
            "is_open" | "created_at" | "changed_at" | "version" => column.big_integer().not_null(),
            _ => column.big_integer(),
        };
        table.col(&mut column);
    }
    table.extra("WITHOUT ROWID");
    table
}

fn part_table() -> TableCreateStatement {
    Table::create()
        .table(name(UPLOAD_PART_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("upload_id")).text().not_null())
        .col(ColumnDef::new(name("number")).big_integer().not_null())
        .col(ColumnDef::new(name("key")).text())
        .col(ColumnDef::new(name("size")).big_integer().not_null())
        .primary_key(Index::create().col(name("upload_id")).col(name("number")))
        .extra("WITHOUT ROWID")
        .take()
}

fn uploader_table() -> TableCreateStatement {
    Table::create()
        .table(name(UPLOADER_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("file_id")).text().not_null())
        .col(ColumnDef::new(name("owner")).text().not_null())
        .primary_key(Index::create().col(name("file_id")).col(name("owner")))
        .extra("WITHOUT ROWID")
        .take()
}

fn index(label: &str, text: &str) -> IndexCreateStatement {
    Index::create()
        .name(format!("{UPLOAD_TABLE}/{label}"))
        .if_not_exists()
        .table(name(UPLOAD_TABLE))
        .col(name(text))
        .take()
}
