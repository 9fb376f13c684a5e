//! The registry of a database: one row per resource type.

use sea_orm::ConnectionTrait;

use super::db::{execute, row, rows, store_error, values};
use super::row::Columns;
use crate::descriptor::ResourceDescriptor;
use crate::store::StoreError;
use crate::store::layout::MODEL_TABLE;
use crate::store::layout::stored::{Registered, StoredLayout};

/// The entry of a type, when the database has it.
pub(super) async fn load(on: &impl ConnectionTrait, model: &str) -> Result<Option<Registered>, StoreError> {
    let sql = format!("SELECT model_id, schema_version, layout FROM {MODEL_TABLE} WHERE model = $1");
    let found = row(on, sql, values![model]).await.map_err(store_error)?;
    let Some(found) = &found else { return Ok(None) };
    let columns = Columns::of(found)?;
    let layout = StoredLayout::from_json(model, columns.text(2)?)?;
    Ok(Some(Registered { id: columns.integer(0)?, schema_version: columns.get(1)?, layout }))
}

/// Registers a type under a number.
pub(super) async fn insert(
    on: &impl ConnectionTrait,
    descriptor: &ResourceDescriptor,
    id: i64,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {MODEL_TABLE} (model, model_id, schema_version, layout) VALUES ($1, $2, $3, $4)"
    );
    let version = descriptor.schema_version.map(str::to_owned);
    let values = values![descriptor.id.name, id, version, layout.to_json()?];
    execute(on, sql, values).await.map(|_| ()).map_err(store_error)
}

/// The number the next new type gets.
pub(super) async fn next_model_id(on: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let sql = format!("SELECT coalesce(max(model_id), 0) + 1 FROM {MODEL_TABLE}");
    match rows(on, sql, values![]).await.map_err(store_error)?.first() {
        Some(found) => Columns::of(found)?.integer(0),
        None => Ok(1),
    }
}

/// Replaces the layout of a registered type.
pub(super) async fn update(
    on: &impl ConnectionTrait,
    descriptor: &ResourceDescriptor,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let sql = format!("UPDATE {MODEL_TABLE} SET schema_version = $1, layout = $2 WHERE model = $3");
    let version = descriptor.schema_version.map(str::to_owned);
    let values = values![version, layout.to_json()?, descriptor.id.name];
    execute(on, sql, values).await.map(|_| ()).map_err(store_error)
}
