//! Blobs: the files, the keys that are no file's, and which revisions name which file.

use sea_query::{
    CaseStatement, ColumnDef, ConditionalStatement, Expr, ExprTrait, Func, Index, IndexCreateStatement,
    OnConflict, Order, Query, SelectStatement, Table, TableCreateStatement, UpdateStatement,
};

use super::{Dialect, column, hole, insert_into, is_bound, model_id, name};
use crate::store::layout::{BLOB_COLUMNS, BLOB_KEY_TABLE, BLOB_REF_TABLE, BLOB_TABLE, ModelLayout};

/// The statements of blobs.
#[derive(Debug)]
pub(crate) struct BlobTexts {
    /// [`BLOB_COLUMNS`] of a bound `file_id`.
    pub(crate) file: String,
    /// Whether there is a file of a bound `file_id`.
    pub(crate) exists: String,
    /// [`BLOB_COLUMNS`], all bound.
    pub(crate) insert: String,
    /// Another upload of a file: `content_type`, `idle_since`, then `file_id`.
    pub(crate) upload: String,
    /// The bytes of a file are elsewhere from now on: the new `key`, `file_id`, then the key they were under.
    pub(crate) move_file: String,
    /// A revision names a file from now on: `file_id`.
    pub(crate) claim: String,
    /// No revision names a file any more, if that is so: `idle_since`, then `file_id`.
    pub(crate) release: String,
    /// `key`, `created_at`, `doomed`: a key that is known gets the new values.
    pub(crate) put_key: String,
    /// Whether the key is doomed.
    pub(crate) is_doomed: String,
    /// Dooms a bound key that is staged.
    pub(crate) doom: String,
    /// A doomed key counts as doomed at another time: `created_at`, then the key.
    pub(crate) postpone: String,
    /// Forgets a bound key, in any state.
    pub(crate) delete_key: String,
    /// Forgets a bound key that is doomed.
    pub(crate) forget: String,
    /// `quarantined_at`, then the latest `idle_since` and how many.
    pub(crate) quarantine: String,
    /// `file_id` and `key` of those in quarantine: the latest `quarantined_at` and how many.
    pub(crate) removable: String,
    /// Deletes the file of a bound `file_id` that no revision names.
    pub(crate) remove: String,
    /// Dooms staged keys: the latest `created_at` and how many.
    pub(crate) expire: String,
    /// A number of doomed keys, the oldest first.
    pub(crate) doomed: String,
    /// `model_id`, `pk`, `seq` of the owners of a bound `file_id` after a bound `model_id`, `pk`, `seq`.
    pub(crate) owners: String,
    /// The six numbers of [`BlobCounts`](crate::store::BlobCounts).
    pub(crate) counts: String,
    /// [`BLOB_COLUMNS`] of a number of files after a bound `file_id`.
    pub(crate) files_after: String,
    /// `key`, `created_at`, `doomed` of a number of keys after a bound one.
    pub(crate) keys_after: String,
}

impl BlobTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        let keys_after = after(BLOB_KEY_TABLE, "key", &["key", "created_at", "doomed"]);
        Self {
            file: of_file(&BLOB_COLUMNS).build(D::default()).0,
            exists: of_file(&["file_id"]).build(D::default()).0,
            insert: insert_into(BLOB_TABLE, BLOB_COLUMNS).build(D::default()).0,
            upload: upload().build(D::default()).0,
            move_file: move_file().build(D::default()).0,
            claim: claim().build(D::default()).0,
            release: release().build(D::default()).0,
            put_key: put_key::<D>(),
            is_doomed: is_doomed().build(D::default()).0,
            doom: doom().and_where(is_bound("key")).build(D::default()).0,
            postpone: postpone().build(D::default()).0,
            delete_key: delete_key(false).build(D::default()).0,
            forget: delete_key(true).build(D::default()).0,
            quarantine: quarantine().build(D::default()).0,
            removable: removable().build(D::default()).0,
            remove: remove().build(D::default()).0,
            expire: expire().build(D::default()).0,
            doomed: doomed().build(D::default()).0,
            owners: owners().build(D::default()).0,
            counts: counts().build(D::default()).0,
            files_after: after(BLOB_TABLE, "file_id", &BLOB_COLUMNS).build(D::default()).0,
            keys_after: keys_after.build(D::default()).0,
        }
    }
}

/// A bound `file_id`: all of these.
fn of_file(columns: &[&str]) -> SelectStatement {
    let columns = columns.iter().map(|text| name(text));
    Query::select().columns(columns).from(name(BLOB_TABLE)).and_where(is_bound("file_id")).take()
}

/// A media type that is not given leaves the one that is there, and a file that is named stays so, with the media type
/// that it has: whoever has the same bytes has no say in what others have made of theirs.
fn upload() -> UpdateStatement {
    let named = || column("idle_since").is_null();
    let given = Func::coalesce([hole(), column("content_type")]);
    let content_type = CaseStatement::new().case(named(), column("content_type")).finally(given);
    let idle = CaseStatement::new().case(named(), Expr::cust("NULL")).finally(hole());
    Query::update()
        .table(name(BLOB_TABLE))
        .value(name("content_type"), content_type)
        .value(name("idle_since"), idle)
        .value(name("quarantined_at"), Expr::cust("NULL"))
        .and_where(is_bound("file_id"))
        .take()
}

fn move_file() -> UpdateStatement {
    Query::update()
        .table(name(BLOB_TABLE))
        .value(name("key"), hole())
        .and_where(is_bound("file_id"))
        .and_where(is_bound("key"))
        .take()
}

/// Most files that are named are named already; then it writes nothing.
fn claim() -> UpdateStatement {
    Query::update()
        .table(name(BLOB_TABLE))
        .value(name("idle_since"), Expr::cust("NULL"))
        .value(name("quarantined_at"), Expr::cust("NULL"))
        .and_where(is_bound("file_id"))
        .and_where(column("idle_since").is_not_null())
        .take()
}

fn release() -> UpdateStatement {
    Query::update()
        .table(name(BLOB_TABLE))
        .value(name("idle_since"), hole())
        .and_where(is_bound("file_id"))
        .and_where(column("idle_since").is_null())
        .and_where(is_unnamed())
        .take()
}

/// No revision names the file of the row.
fn is_unnamed() -> Expr {
    let file = Expr::col((name(BLOB_TABLE), name("file_id")));
    let named = Query::select()
        .expr(Expr::cust("1"))
        .from(name(BLOB_REF_TABLE))
        .and_where(Expr::col((name(BLOB_REF_TABLE), name("file_id"))).eq(file))
        .take();
    Expr::exists(named).not()
}

fn put_key<D: Dialect>() -> String {
    let conflict =
        OnConflict::column(name("key")).update_columns([name("created_at"), name("doomed")]).to_owned();
    insert_into(BLOB_KEY_TABLE, ["key", "created_at", "doomed"]).on_conflict(conflict).build(D::default()).0
}

fn is_doomed() -> SelectStatement {
    Query::select().column(name("doomed")).from(name(BLOB_KEY_TABLE)).and_where(is_bound("key")).take()
}

/// A flag stands in the text, where the planner sees that a partial index fits.
fn flag(doomed: bool) -> Expr {
    column("doomed").eq(Expr::cust(if doomed { "1" } else { "0" }))
}

fn doom() -> UpdateStatement {
    Query::update()
        .table(name(BLOB_KEY_TABLE))
        .value(name("doomed"), Expr::cust("1"))
        .and_where(flag(false))
        .take()
}

fn postpone() -> UpdateStatement {
    Query::update()
        .table(name(BLOB_KEY_TABLE))
        .value(name("created_at"), hole())
        .and_where(is_bound("key"))
        .and_where(flag(true))
        .take()
}

fn delete_key(doomed: bool) -> sea_query::DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(name(BLOB_KEY_TABLE)).and_where(is_bound("key"));
    if doomed {
        delete.and_where(flag(true));
    }
    delete
}

/// Of the idle files, those that are not in quarantine.
fn is_loose() -> [Expr; 2] {
    [column("idle_since").is_not_null(), column("quarantined_at").is_null()]
}

fn quarantine() -> UpdateStatement {
    let [idle, free] = is_loose();
    let longest = Query::select()
        .column(name("file_id"))
        .from(name(BLOB_TABLE))
        .and_where(idle)
        .and_where(free)
        .and_where(column("idle_since").lte(hole()))
        .order_by(name("idle_since"), Order::Asc)
        .limit(0)
        .take();
    Query::update()
        .table(name(BLOB_TABLE))
        .value(name("quarantined_at"), hole())
        .and_where(column("file_id").in_subquery(longest))
        .take()
}

fn removable() -> SelectStatement {
    Query::select()
        .columns([name("file_id"), name("key")])
        .from(name(BLOB_TABLE))
        .and_where(column("quarantined_at").is_not_null())
        .and_where(column("quarantined_at").lte(hole()))
        .order_by(name("quarantined_at"), Order::Asc)
        .limit(0)
        .take()
}

fn remove() -> sea_query::DeleteStatement {
    Query::delete().from_table(name(BLOB_TABLE)).and_where(is_bound("file_id")).and_where(is_unnamed()).take()
}

fn expire() -> UpdateStatement {
    let oldest = Query::select()
        .column(name("key"))
        .from(name(BLOB_KEY_TABLE))
        .and_where(flag(false))
        .and_where(column("created_at").lte(hole()))
        .order_by(name("created_at"), Order::Asc)
        .limit(0)
        .take();
    doom().and_where(column("key").in_subquery(oldest)).take()
}

fn doomed() -> SelectStatement {
    Query::select()
        .column(name("key"))
        .from(name(BLOB_KEY_TABLE))
        .and_where(flag(true))
        .order_by(name("created_at"), Order::Asc)
        .limit(0)
        .take()
}

fn owners() -> SelectStatement {
    let place = || Expr::tuple(["model_id", "pk", "seq"].map(column));
    Query::select()
        .columns(["model_id", "pk", "seq"].map(name))
        .from(name(BLOB_REF_TABLE))
        .and_where(is_bound("file_id"))
        .and_where(place().gt(Expr::tuple([hole(), hole(), hole()])))
        .order_by(name("model_id"), Order::Asc)
        .order_by(name("pk"), Order::Asc)
        .order_by(name("seq"), Order::Asc)
        .limit(0)
        .take()
}

fn counts() -> SelectStatement {
    let keys = |doomed: bool| {
        let keys = Query::select()
            .expr(Expr::cust("count(*)"))
            .from(name(BLOB_KEY_TABLE))
            .and_where(flag(doomed))
            .take();
        Expr::SubQuery(None, Box::new(keys.into()))
    };
    Query::select()
        .expr(Expr::cust("count(*)"))
        .expr(Expr::cust("CAST(coalesce(sum(size), 0) AS bigint)"))
        .expr(Expr::cust("count(idle_since)"))
        .expr(Expr::cust("count(quarantined_at)"))
        .expr(keys(false))
        .expr(keys(true))
        .from(name(BLOB_TABLE))
        .take()
}

fn after(table: &str, key: &str, columns: &[&str]) -> SelectStatement {
    Query::select()
        .columns(columns.iter().map(|text| name(text)))
        .from(name(table))
        .and_where(column(key).gt(hole()))
        .order_by(name(key), Order::Asc)
        .limit(0)
        .take()
}

/// `file_id` of the references of a bound `pk` and `seq`.
pub(crate) fn named_by<D: Dialect>(layout: &ModelLayout) -> String {
    of_model(layout, true).build(D::default()).0
}

/// `file_id` of the references of all revisions of a bound `pk`.
pub(crate) fn named_by_all<D: Dialect>(layout: &ModelLayout) -> String {
    of_model(layout, false).build(D::default()).0
}

fn of_model(layout: &ModelLayout, revision: bool) -> SelectStatement {
    let mut select = Query::select();
    select.column(name("file_id")).from(name(BLOB_REF_TABLE));
    select.and_where(column("model_id").eq(model_id(layout))).and_where(is_bound("pk"));
    if revision {
        select.and_where(is_bound("seq"));
    }
    select
}

/// `INSERT` of a reference that may be there: `pk`, `seq`, `file_id`.
pub(crate) fn name_file<D: Dialect>(layout: &ModelLayout) -> String {
    let mut insert = Query::insert();
    insert.into_table(name(BLOB_REF_TABLE)).columns(["model_id", "pk", "seq", "file_id"].map(name));
    // The builder only refuses when the numbers of columns and values differ, which they do not.
    let _ = insert.values([model_id(layout), hole(), hole(), hole()]);
    insert.on_conflict(OnConflict::new().do_nothing().to_owned()).build(D::default()).0
}

/// `DELETE` of the references of a bound `pk` and `seq`.
pub(crate) fn unname<D: Dialect>(layout: &ModelLayout) -> String {
    deletion(layout).and_where(is_bound("seq")).build(D::default()).0
}

/// `DELETE` of the references of all revisions of a bound `pk`.
pub(crate) fn unname_all<D: Dialect>(layout: &ModelLayout) -> String {
    deletion(layout).build(D::default()).0
}

fn deletion(layout: &ModelLayout) -> sea_query::DeleteStatement {
    Query::delete()
        .from_table(name(BLOB_REF_TABLE))
        .and_where(column("model_id").eq(model_id(layout)))
        .and_where(is_bound("pk"))
        .take()
}

/// Whether a revision of a bound `pk` names a bound file: `file_id`, `pk`.
pub(crate) fn owns<D: Dialect>(layout: &ModelLayout) -> String {
    Query::select()
        .expr(Expr::cust("1"))
        .from(name(BLOB_REF_TABLE))
        .and_where(is_bound("file_id"))
        .and_where(column("model_id").eq(model_id(layout)))
        .and_where(is_bound("pk"))
        .build(D::default())
        .0
}

/// The `resource_id` of a bound `pk`.
pub(crate) fn resource_of<D: Dialect>(layout: &ModelLayout) -> String {
    Query::select()
        .column(name("resource_id"))
        .from(name(&layout.head_table))
        .and_where(is_bound("pk"))
        .build(D::default())
        .0
}

/// The tables of blobs and their indexes.
pub(crate) fn tables<D: Dialect>() -> Vec<String> {
    let [idle, free] = is_loose();
    let mut texts: Vec<String> =
        [blob_table(), ref_table(), key_table()].iter().map(|table| table.to_string(D::default())).collect();
    texts.extend(
        [
            index(BLOB_REF_TABLE, "file", "file_id"),
            index(BLOB_TABLE, "idle", "idle_since").and_where(idle).and_where(free).take(),
            index(BLOB_TABLE, "quarantined", "quarantined_at")
                .and_where(column("quarantined_at").is_not_null())
                .take(),
            index(BLOB_KEY_TABLE, "staged", "created_at").and_where(flag(false)).take(),
            index(BLOB_KEY_TABLE, "doomed", "created_at").and_where(flag(true)).take(),
        ]
        .iter()
        .map(|index| index.to_string(D::default())),
    );
    texts
}

fn blob_table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(BLOB_TABLE)).if_not_exists();
    for text in BLOB_COLUMNS {
        let mut column = ColumnDef::new(name(text));
        match text {
            "file_id" => column.text().not_null().primary_key(),
            "key" => column.text().not_null().unique_key(),
            "content_type" => column.text(),
            "idle_since" | "quarantined_at" => column.big_integer(),
            _ => column.big_integer().not_null(),
        };
        table.col(&mut column);
    }
    table.extra("WITHOUT ROWID");
    table
}

/// Clustered by revision: what a revision names is written and removed together.
fn ref_table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(BLOB_REF_TABLE)).if_not_exists();
    let mut key = Index::create();
    for text in ["model_id", "pk", "seq"] {
        table.col(ColumnDef::new(name(text)).big_integer().not_null());
        key.col(name(text));
    }
    table.col(ColumnDef::new(name("file_id")).text().not_null());
    table.primary_key(key.col(name("file_id"))).extra("WITHOUT ROWID");
    table
}

fn key_table() -> TableCreateStatement {
    Table::create()
        .table(name(BLOB_KEY_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("key")).text().not_null().primary_key())
        .col(ColumnDef::new(name("created_at")).big_integer().not_null())
        .col(ColumnDef::new(name("doomed")).big_integer().not_null())
        .extra("WITHOUT ROWID")
        .take()
}

fn index(table: &str, label: &str, text: &str) -> IndexCreateStatement {
    Index::create().name(format!("{table}/{label}")).if_not_exists().table(name(table)).col(name(text)).take()
}
