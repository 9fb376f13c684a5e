//! The registry of a database file: one row per resource type.

use rusqlite::{Connection, OptionalExtension, params};
use sea_query::SqliteQueryBuilder;

use super::connection::store_error;
use crate::descriptor::ResourceDescriptor;
use crate::store::StoreError;
use crate::store::sql::ddl;

pub(super) use crate::store::layout::stored::{Registered, StoredIndex, StoredLayout};

/// The entry of a type, when the database has it.
pub(super) fn load(connection: &Connection, model: &str) -> Result<Option<Registered>, StoreError> {
    let row: Option<(i64, Option<String>, String)> = connection
        .query_row(&ddl::select_model::<SqliteQueryBuilder>(), [model], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(store_error)?;
    row.map(|(id, schema_version, layout)| {
        Ok(Registered { id, schema_version, layout: StoredLayout::from_json(model, &layout)? })
    })
    .transpose()
}

/// Registers a type under a number.
pub(super) fn insert(
    connection: &Connection,
    descriptor: &ResourceDescriptor,
    id: i64,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let values = params![descriptor.id.name, id, descriptor.schema_version, layout.to_json()?];
    connection.execute(&ddl::insert_model::<SqliteQueryBuilder>(), values).map_err(store_error)?;
    Ok(())
}

/// The number the next new type gets.
pub(super) fn next_model_id(connection: &Connection) -> Result<i64, StoreError> {
    let sql = ddl::last_model_id::<SqliteQueryBuilder>();
    let last: Option<i64> = connection.query_row(&sql, [], |row| row.get(0)).map_err(store_error)?;
    Ok(last.unwrap_or(0) + 1)
}

/// Replaces the layout of a registered type.
pub(super) fn update(
    connection: &Connection,
    descriptor: &ResourceDescriptor,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let values = params![descriptor.schema_version, layout.to_json()?, descriptor.id.name];
    connection.execute(&ddl::update_model::<SqliteQueryBuilder>(), values).map_err(store_error)?;
    Ok(())
}
