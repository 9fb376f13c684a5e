//! Whether a new unique constraint holds for what is stored.

use sea_orm::DatabaseConnection;
use serde_json::{Value as Json, json};

use super::super::db::{row, rows, run, store_error, values};
use super::super::model::Model;
use super::super::row::Columns;
use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexValue, fitting_index_row};
use crate::store::StoreError;
use crate::store::layout::plan::duplicate_values;
use crate::store::values::compared;

/// Rows read at a time.
const BATCH: i64 = 500;

/// Fails when two live resources have the same values. They are computed from the payloads, because the columns may
/// not be filled yet, and hashes of them are compared in a temporary table, because they may not fit in memory.
pub(super) async fn check(db: &DatabaseConnection, model: &Model, unique: usize) -> Result<(), StoreError> {
    let unique = &model.layout.descriptor.uniques[unique];
    let table = "DROP TABLE IF EXISTS pg_temp.ss_seen; \
                 CREATE TEMP TABLE ss_seen (k text PRIMARY KEY, resource_id text NOT NULL)";
    run(db, table).await.map_err(store_error)?;
    let result = scan(db, model, unique).await;
    run(db, "DROP TABLE IF EXISTS pg_temp.ss_seen").await.map_err(store_error)?;
    result
}

struct Seen {
    key: String,
    resource_id: String,
    values: Vec<IndexValue>,
}

async fn scan(db: &DatabaseConnection, model: &Model, unique: &UniqueDescriptor) -> Result<(), StoreError> {
    let mut last = 0;
    loop {
        let sql = model.texts.live_after.as_str();
        let found = rows(db, sql, values![last, BATCH]).await.map_err(store_error)?;
        let mut batch = Vec::with_capacity(found.len());
        for row in &found {
            let columns = Columns::of(row)?;
            last = columns.integer(0)?;
            // A value that does not fit its index is not in it.
            let index = fitting_index_row(model.layout.descriptor, columns.text(2)?.as_bytes());
            let values: Vec<_> = compared(&model.layout, unique, &index).collect();
            if unique.nulls_equal || !values.contains(&IndexValue::Null) {
                batch.push(Seen { key: key(&values), resource_id: columns.get(1)?, values });
            }
        }
        see(db, model, unique, &batch).await?;
        if found.is_empty() {
            return Ok(());
        }
    }
}

/// Equal for equal values, with null as a value of its own.
fn key(values: &[IndexValue]) -> String {
    let parts: Vec<Json> = values
        .iter()
        .map(|value| match value {
            IndexValue::Null => Json::Null,
            IndexValue::Text(text) => text.as_str().into(),
            IndexValue::Integer(number) => (*number).into(),
            // The sum makes zero of minus zero, which is equal to it.
            IndexValue::Float(number) => (number + 0.0).into(),
        })
        .collect();
    blake3::hash(Json::Array(parts).to_string().as_bytes()).to_hex().to_string()
}

async fn see(
    db: &DatabaseConnection,
    model: &Model,
    unique: &UniqueDescriptor,
    batch: &[Seen],
) -> Result<(), StoreError> {
    let json: Vec<Json> =
        batch.iter().map(|seen| json!({"k": seen.key, "resource_id": seen.resource_id})).collect();
    let sql = "INSERT INTO ss_seen SELECT u.k, u.resource_id FROM json_to_recordset($1::json) \
               AS u(k text, resource_id text) ON CONFLICT DO NOTHING RETURNING resource_id";
    let added = rows(db, sql, values![Json::Array(json).to_string()]).await.map_err(store_error)?;
    let mut added_ids = Vec::with_capacity(added.len());
    for row in &added {
        added_ids.push(Columns::of(row)?.text(0)?);
    }
    if added_ids.len() == batch.len() {
        return Ok(());
    }
    let Some(second) = batch.iter().find(|seen| !added_ids.contains(&seen.resource_id.as_str())) else {
        return Ok(());
    };
    let sql = "SELECT resource_id FROM ss_seen WHERE k = $1";
    let first = row(db, sql, values![second.key.as_str()]).await.map_err(store_error)?;
    let first = first.as_ref().map(|first| Columns::of(first)?.text(0)).transpose()?.unwrap_or_default();
    let text = duplicate_values(model.layout.descriptor, unique, &second.values, first, &second.resource_id);
    Err(StoreError::Layout(text))
}
