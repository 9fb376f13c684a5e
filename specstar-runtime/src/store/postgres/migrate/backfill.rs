//! Computing the values of new indexes for rows that were stored before.

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde_json::{Map, Value as Json};

use super::super::db::{execute, quoted, rows, store_error, values};
use super::super::ddl::MARK;
use super::super::model::Model;
use super::super::registry;
use super::super::row::Columns;
use super::super::value::{Kind, column_text};
use crate::json::{IndexEntry, IndexRow, IndexValue, fitting_index_row, index_row};
use crate::store::StoreError;
use crate::store::layout::stored::StoredLayout;
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::values::{folded, scalar};

/// Rows per transaction: they are locked for a moment only, and no more is lost by a crash.
const BATCH: i64 = 500;

/// Computes the pending values, from the row on where an earlier run stopped.
pub(super) async fn run(
    db: &DatabaseConnection,
    model: &Model,
    layout: &StoredLayout,
) -> Result<u64, StoreError> {
    if layout.pending.is_empty() {
        return Ok(0);
    }
    let indexes = model.layout.descriptor.indexes.iter().enumerate();
    let pending: Vec<usize> = indexes
        .filter(|(_, index)| layout.pending.iter().any(|key| key == index.key))
        .map(|(at, _)| at)
        .collect();
    let mut state = layout.clone();
    let mut done = 0;
    loop {
        match batch(db, model, &pending, &mut state).await? {
            0 => return Ok(done),
            more => done += more,
        }
    }
}

/// Computes the next rows and notes how far it came; says how many there were.
async fn batch(
    db: &DatabaseConnection,
    model: &Model,
    pending: &[usize],
    state: &mut StoredLayout,
) -> Result<u64, StoreError> {
    let transaction = db.begin().await.map_err(store_error)?;
    // Nobody changes them between the look and the write.
    let sql = format!("{} FOR NO KEY UPDATE", model.texts.all_after);
    let found = rows(&transaction, sql, values![state.done_pk, BATCH]).await.map_err(store_error)?;
    let mut computed = Vec::with_capacity(found.len());
    for row in &found {
        let columns = Columns::of(row)?;
        let pk = columns.integer(0)?;
        computed.push((pk, index_of(model, pk, columns.text(1)?.as_bytes())));
    }
    if let Some((pk, _)) = computed.last() {
        state.done_pk = *pk;
        write_rows(&transaction, model, &computed, pending).await.map_err(store_error)?;
        registry::update(&transaction, model.layout.descriptor, state).await?;
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(computed.len() as u64)
}

/// A payload that does not fit an index stays findable by everything else. Content of an older schema version is
/// read as it stands: what becomes of it is in the index once it is migrated.
fn index_of(model: &Model, pk: i64, data: &[u8]) -> IndexRow {
    let descriptor = model.layout.descriptor;
    if let Err(error) = index_row(descriptor, data) {
        let model = descriptor.id.name;
        tracing::debug!(model, pk, %error, "a stored payload does not fit an index and is left out of it");
    }
    fitting_index_row(descriptor, data)
}

/// Writes the values of the chosen indexes of these rows; list values that are there stay.
pub(in super::super) async fn write_rows(
    on: &impl ConnectionTrait,
    model: &Model,
    computed: &[(i64, IndexRow)],
    chosen: &[usize],
) -> Result<(), sea_orm::DbErr> {
    let layout = &model.layout;
    let columns = columns(layout, chosen);
    if !columns.is_empty() {
        let set: Vec<String> =
            columns.iter().enumerate().map(|(n, (name, ..))| format!("{} = u.c{n}", quoted(name))).collect();
        let types: Vec<String> =
            columns.iter().enumerate().map(|(n, (_, kind, ..))| format!("c{n} {}", kind.sql())).collect();
        let sql = format!(
            "UPDATE {} h SET {}, {MARK} = {} FROM json_to_recordset($1::json) AS u(pk bigint, {}) WHERE h.pk = u.pk",
            quoted(&layout.head_table),
            set.join(", "),
            model.mark,
            types.join(", ")
        );
        let json = Json::Array(computed.iter().map(|(pk, index)| row_json(*pk, index, &columns)).collect());
        execute(on, sql, values![json.to_string()]).await?;
    }
    let lists = computed.iter().flat_map(|(pk, index)| list_values(layout, *pk, index, chosen));
    let lists = Json::Array(lists.collect());
    if lists.as_array().is_some_and(|lists| !lists.is_empty()) {
        let sql = format!(
            "INSERT INTO {} (field, pk, t, i, f) SELECT u.field, u.pk, u.t, u.i, u.f FROM json_to_recordset($1::json) \
             AS u(field bigint, pk bigint, t text, i bigint, f double precision) ON CONFLICT DO NOTHING",
            quoted(&layout.list_table)
        );
        execute(on, sql, values![lists.to_string()]).await?;
    }
    Ok(())
}

/// The columns of the chosen indexes: the name, what it holds, of which index, and whether it is the folded copy.
fn columns<'a>(layout: &'a ModelLayout, chosen: &[usize]) -> Vec<(&'a str, Kind, usize, bool)> {
    let mut columns = Vec::new();
    for &at in chosen {
        if let IndexPlace::Column { name, folded } = &layout.indexes[at] {
            columns.push((name.as_str(), layout.descriptor.indexes[at].kind.into(), at, false));
            columns.extend(folded.as_deref().map(|copy| (copy, Kind::Text, at, true)));
        }
    }
    columns
}

fn row_json(pk: i64, index: &IndexRow, columns: &[(&str, Kind, usize, bool)]) -> Json {
    let mut row = Map::new();
    row.insert("pk".into(), pk.into());
    for (n, (_, _, at, copy)) in columns.iter().enumerate() {
        let value = scalar(index, *at);
        let value =
            if *copy { folded(value).map_or(IndexValue::Null, IndexValue::Text) } else { value.clone() };
        row.insert(format!("c{n}"), json_of(&value));
    }
    Json::Object(row)
}

fn json_of(value: &IndexValue) -> Json {
    match value {
        IndexValue::Null => Json::Null,
        IndexValue::Text(text) => column_text(text).into(),
        IndexValue::Integer(number) => (*number).into(),
        IndexValue::Float(number) => (*number).into(),
    }
}

fn list_values(layout: &ModelLayout, pk: i64, index: &IndexRow, chosen: &[usize]) -> Vec<Json> {
    let mut rows = Vec::new();
    for &at in chosen {
        let (IndexPlace::List { field }, Some(IndexEntry::List(Some(items)))) =
            (&layout.indexes[at], index.entries.get(at))
        else {
            continue;
        };
        let column = Kind::from(layout.descriptor.indexes[at].kind).list_column();
        for item in items.iter().filter(|item| **item != IndexValue::Null) {
            rows.push(serde_json::json!({"field": field, "pk": pk, column: json_of(item)}));
        }
    }
    rows
}
