//! Tables and indexes of a resource type.

use sea_query::{
    ColumnDef, ColumnType, ConditionalStatement, Expr, ExprTrait, Index, IndexCreateStatement, Query, Table,
    TableCreateStatement,
};

use super::{Dialect, column, is_deleted, is_live, name};
use crate::descriptor::{IndexKind, UniqueDescriptor};
use crate::store::layout::{
    HEAD_COLUMNS, IndexPlace, LOG_AT, MODEL_TABLE, ModelLayout, REVISION_COLUMNS, REVISION_TABLE,
};

/// A named index and the statement that creates it. Two indexes are the same when both are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexStatement {
    /// The name of the index.
    pub(crate) name: String,
    /// `CREATE INDEX …`
    pub(crate) sql: String,
    /// Position in the descriptor's `uniques`, for a unique index.
    pub(crate) unique: Option<usize>,
}

/// The tables that all resource types share.
pub(crate) fn shared_tables<D: Dialect>() -> Vec<String> {
    let mut models = Table::create();
    models
        .table(name(MODEL_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("model")).text().not_null().primary_key())
        .col(ColumnDef::new(name("model_id")).big_integer().not_null().unique_key())
        .col(ColumnDef::new(name("schema_version")).text())
        .col(ColumnDef::new(name("layout")).text().not_null());
    let tables =
        [models, revision_table(), super::cascade::table(), super::purged::table(), super::import::table()];
    let texts = tables.iter().map(|table| table.to_string(D::default()));
    texts
        .chain(super::log::tables::<D>())
        .chain(super::blob::tables::<D>())
        .chain(super::upload::tables::<D>())
        .chain(super::job::tables("INTEGER PRIMARY KEY"))
        .chain(super::answer::tables::<D>())
        .chain([super::original::table::<D>()])
        .collect()
}

/// Clustered by resource: the history of one is read together and no other index is needed.
fn revision_table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(REVISION_TABLE)).if_not_exists();
    table.col(ColumnDef::new(name("model_id")).big_integer().not_null());
    table.col(ColumnDef::new(name("pk")).big_integer().not_null());
    for text in REVISION_COLUMNS {
        table.col(base_column(text));
    }
    table.primary_key(Index::create().col(name("model_id")).col(name("pk")).col(name("seq")));
    table.extra("WITHOUT ROWID");
    table
}

/// The tables of one resource type.
pub(crate) fn model_tables<D: Dialect>(layout: &ModelLayout) -> Vec<String> {
    let mut statements = vec![head_table(layout).to_string(D::default())];
    if layout.has_lists() {
        statements.push(list_table::<D>(layout));
    }
    statements
}

fn head_table(layout: &ModelLayout) -> TableCreateStatement {
    let (data, metadata) = HEAD_COLUMNS.split_last().unwrap_or((&"data", &[]));
    let mut table = Table::create();
    table.table(name(&layout.head_table));
    for text in metadata {
        table.col(base_column(text));
    }
    table.col(log_column());
    for at in 0..layout.indexes.len() {
        for mut column in index_columns(layout, at) {
            table.col(&mut column);
        }
    }
    table.col(base_column(data));
    table
}

/// The list table of a resource type, created when it is first needed. Clustered by value, because it
/// is read by value; an update knows the full keys it removes.
pub(crate) fn list_table<D: Dialect>(layout: &ModelLayout) -> String {
    Table::create()
        .table(name(&layout.list_table))
        .if_not_exists()
        .col(ColumnDef::new(name("field")).big_integer().not_null())
        .col(ColumnDef::new(name("value")).not_null())
        .col(ColumnDef::new(name("pk")).big_integer().not_null())
        .primary_key(Index::create().col(name("field")).col(name("value")).col(name("pk")))
        .extra("WITHOUT ROWID")
        .to_string(D::default())
}

/// A metadata column, the same in the head and in the revision table.
fn base_column(text: &str) -> ColumnDef {
    let mut column = ColumnDef::new(name(text));
    match text {
        "pk" => return column.big_integer().primary_key().take(),
        "resource_id" => return column.text().not_null().unique_key().take(),
        "rev_parent_seq" | "parent_seq" => return column.big_integer().take(),
        "schema_version" | "parent_schema_version" => return column.text().take(),
        "rev_uid" | "uid" | "data_hash" => column.blob(),
        "created_by" | "updated_by" | "rev_created_by" | "rev_updated_by" | "rev_status" | "status"
        | "data" => column.text(),
        _ => column.big_integer(),
    };
    column.not_null().take()
}

/// Rows from before this column have no entry in the log.
fn log_column() -> ColumnDef {
    ColumnDef::new(name(LOG_AT)).big_integer().not_null().default(0).take()
}

/// `ALTER TABLE … ADD COLUMN` for head tables from before the log.
pub(crate) fn add_log_column<D: Dialect>(table: &str) -> String {
    Table::alter().table(name(table)).add_column(log_column()).to_string(D::default())
}

/// The columns of one scalar index; none for a list.
pub(crate) fn index_columns(layout: &ModelLayout, at: usize) -> Vec<ColumnDef> {
    let IndexPlace::Column { name: column, folded } = &layout.indexes[at] else {
        return Vec::new();
    };
    let mut columns =
        vec![ColumnDef::new_with_type(name(column), column_type(layout.descriptor.indexes[at].kind))];
    columns.extend(folded.iter().map(|text| ColumnDef::new_with_type(name(text), ColumnType::Text)));
    columns
}

fn column_type(kind: IndexKind) -> ColumnType {
    match kind {
        IndexKind::Text => ColumnType::Text,
        IndexKind::Integer | IndexKind::Boolean | IndexKind::DateTime => ColumnType::BigInteger,
        IndexKind::Float => ColumnType::Double,
    }
}

/// `ALTER TABLE … ADD COLUMN` for each column of one scalar index.
pub(crate) fn add_columns<D: Dialect>(layout: &ModelLayout, at: usize) -> Vec<String> {
    index_columns(layout, at)
        .into_iter()
        .map(|column| {
            Table::alter().table(name(&layout.head_table)).add_column(column).to_string(D::default())
        })
        .collect()
}

/// `ALTER TABLE … DROP COLUMN`.
pub(crate) fn drop_column<D: Dialect>(table: &str, text: &str) -> String {
    Table::alter().table(name(table)).drop_column(name(text)).to_string(D::default())
}

/// `DROP INDEX …`
pub(crate) fn drop_index<D: Dialect>(text: &str) -> String {
    Index::drop().name(quoted(text)).to_string(D::default())
}

/// Every index of a head table.
pub(crate) fn model_indexes<D: Dialect>(layout: &ModelLayout) -> Vec<IndexStatement> {
    let mut statements = vec![
        time_index::<D>(layout, "created", "created_at"),
        time_index::<D>(layout, "updated", "updated_at"),
        deleted_index::<D>(layout),
    ];
    for place in &layout.indexes {
        if let IndexPlace::Column { name, .. } = place {
            statements.push(value_index::<D>(layout, name));
        }
    }
    for (at, unique) in layout.descriptor.uniques.iter().enumerate() {
        statements.push(unique_index::<D>(layout, at, unique));
    }
    statements
}

/// The index on a column of values.
pub(crate) fn value_index_name(layout: &ModelLayout, column: &str) -> String {
    format!("{}/{column}", layout.head_table)
}

/// The index on a time, `created` or `updated`.
pub(crate) fn time_index_name(layout: &ModelLayout, label: &str) -> String {
    format!("ms_{}/{label}", layout.descriptor.id.name)
}

/// The index of deleted rows.
pub(crate) fn deleted_index_name(layout: &ModelLayout) -> String {
    format!("ms_{}/deleted", layout.descriptor.id.name)
}

/// The index on resource ids, as `SQLite` names the index of the first unique column of a table.
pub(crate) fn id_index_name(layout: &ModelLayout) -> String {
    format!("sqlite_autoindex_{}_1", layout.head_table)
}

/// For lists in the order of creation or change, which also show deleted resources.
fn time_index<D: Dialect>(layout: &ModelLayout, label: &str, time: &str) -> IndexStatement {
    let name = time_index_name(layout, label);
    let mut index = index_on(layout, &name);
    index.col(super::name(time)).col(super::name("pk"));
    IndexStatement { name, sql: index.to_string(D::default()), unique: None }
}

/// Few rows are deleted, and whoever looks for them wants no others.
fn deleted_index<D: Dialect>(layout: &ModelLayout) -> IndexStatement {
    let name = deleted_index_name(layout);
    let mut index = index_on(layout, &name);
    index.col(super::name("pk")).and_where(is_deleted());
    IndexStatement { name, sql: index.to_string(D::default()), unique: None }
}

/// The row number is part of the index, so that it also answers a sort with its tie-break.
fn value_index<D: Dialect>(layout: &ModelLayout, column: &str) -> IndexStatement {
    let name = value_index_name(layout, column);
    let mut index = index_on(layout, &name);
    index.col(super::name(column)).col(super::name("pk")).and_where(is_live());
    IndexStatement { name, sql: index.to_string(D::default()), unique: None }
}

fn unique_index<D: Dialect>(layout: &ModelLayout, at: usize, unique: &UniqueDescriptor) -> IndexStatement {
    let columns: Vec<&str> = layout.unique_columns(unique).collect();
    let name = format!("ux_{}/{}", layout.descriptor.id.name, columns.join("+"));
    let sql = if unique.nulls_equal {
        equal_nulls_index::<D>(layout, &name, &columns)
    } else {
        let mut index = index_on(layout, &name);
        index.unique().and_where(is_live());
        for text in columns {
            index.col(super::name(text)).and_where(column(text).is_not_null());
        }
        index.to_string(D::default())
    };
    IndexStatement { name, sql, unique: Some(at) }
}

/// An index tells nulls apart, so that this one is over two expressions per column: whether it is null,
/// and what it is otherwise. The builder has no indexes over expressions for this engine.
fn equal_nulls_index<D: Dialect>(layout: &ModelLayout, name: &str, columns: &[&str]) -> String {
    let keys = columns.iter().flat_map(|text| [null_flag(text), null_as_empty(text)]);
    let keys = Query::select().exprs(keys).to_string(D::default());
    let keys = keys.trim_start_matches("SELECT ");
    let table = quoted(&layout.head_table);
    format!("CREATE UNIQUE INDEX \"{}\" ON \"{table}\" ({keys}) WHERE \"is_deleted\" = 0", quoted(name))
}

fn index_on(layout: &ModelLayout, text: &str) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(quoted(text)).table(name(&layout.head_table));
    index
}

/// An index tells nulls apart; together with [`null_as_empty`] this makes them equal to one another
/// and different from every value.
pub(crate) fn null_flag(text: &str) -> Expr {
    Expr::cust_with_expr("(? IS NULL)", column(text))
}

/// The value, or the empty text in place of null.
pub(crate) fn null_as_empty(text: &str) -> Expr {
    Expr::cust_with_expr("ifnull(?, '')", column(text))
}

/// The builder puts the name of an index between quotes but does not escape it.
fn quoted(text: &str) -> String {
    text.replace('"', "\"\"")
}

/// `INSERT` of a registry row, with `model`, `model_id`, `schema_version` and `layout` bound.
pub(crate) fn insert_model<D: Dialect>() -> String {
    super::insert_into(MODEL_TABLE, ["model", "model_id", "schema_version", "layout"]).build(D::default()).0
}

/// `UPDATE` of a registry row, with `schema_version`, `layout` and `model` bound.
pub(crate) fn update_model<D: Dialect>() -> String {
    Query::update()
        .table(name(MODEL_TABLE))
        .value(name("schema_version"), super::hole())
        .value(name("layout"), super::hole())
        .and_where(super::is_bound("model"))
        .build(D::default())
        .0
}

/// `SELECT model_id, schema_version, layout` of the registry row of a bound `model`.
pub(crate) fn select_model<D: Dialect>() -> String {
    Query::select()
        .columns([name("model_id"), name("schema_version"), name("layout")])
        .from(name(MODEL_TABLE))
        .and_where(super::is_bound("model"))
        .build(D::default())
        .0
}

/// The highest `model_id` in the registry.
pub(crate) fn last_model_id<D: Dialect>() -> String {
    Query::select().expr(column("model_id").max()).from(name(MODEL_TABLE)).build(D::default()).0
}
