//! Writing index values anew, on the thread that writes.

use rusqlite::{Connection, OptionalExtension, params};
use sea_query::SqliteQueryBuilder;

use super::super::apply::{Binder, Bound};
use super::super::connection::{is_duplicate, store_error};
use super::super::migrate::in_transaction;
use super::super::model::Model;
use super::{has_value, quoted};
use crate::json::{IndexEntry, IndexRow, IndexValue, fitting_index_row};
use crate::store::StoreError;
use crate::store::inspect::{Unmended, WrongRow};
use crate::store::layout::IndexPlace;
use crate::store::sql::write;

/// Computes the values of these rows from their documents as they are now.
pub(in crate::store::sqlite) fn mend(
    connection: &Connection,
    model: &Model,
    rows: &[WrongRow],
) -> Result<Vec<Unmended>, StoreError> {
    in_transaction(connection, || {
        let mut unmended = Vec::new();
        for row in rows {
            unmended.extend(mend_row(connection, model, row)?);
        }
        Ok(unmended)
    })
}

fn mend_row(connection: &Connection, model: &Model, row: &WrongRow) -> Result<Option<Unmended>, StoreError> {
    let layout = &model.layout;
    let sql = format!("SELECT resource_id, data FROM {} WHERE pk = ?", quoted(&layout.head_table));
    let found: Option<(String, Vec<u8>)> = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            statement
                .query_row([row.pk], |row| Ok((row.get(0)?, row.get_ref(1)?.as_bytes()?.to_vec())))
                .optional()
        })
        .map_err(store_error)?;
    let index =
        found.as_ref().map(|(_, data)| fitting_index_row(layout.descriptor, data)).unwrap_or_default();
    let extra = row.extra.iter().filter(|(field, value)| !has_value(layout, &index, *field, value));
    for (field, value) in extra {
        let mut statement = connection.prepare_cached(&model.writes.delete_value).map_err(store_error)?;
        statement.execute(params![field, Bound(value), row.pk]).map_err(store_error)?;
    }
    let Some((resource_id, _)) = found else { return Ok(None) };
    match write_columns(connection, model, row.pk, &index) {
        Ok(()) => {}
        Err(error) if is_duplicate(&error) => {
            let reason =
                format!("its value is taken by another live resource ({error}): change one of the two");
            return Ok(Some(Unmended { resource_id, reason }));
        }
        Err(error) => return Err(store_error(error)),
    }
    write_values(connection, model, row.pk, &index).map_err(store_error)?;
    Ok(None)
}

fn write_columns(connection: &Connection, model: &Model, pk: i64, index: &IndexRow) -> rusqlite::Result<()> {
    let columns = model.layout.indexes.iter().enumerate();
    let columns: Vec<usize> =
        columns.filter(|(_, place)| matches!(place, IndexPlace::Column { .. })).map(|(at, _)| at).collect();
    let Some(sql) = write::backfill::<SqliteQueryBuilder>(&model.layout, &columns) else { return Ok(()) };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut bind = Binder::new(&mut statement);
    bind.columns(model, index, |_| true)?;
    bind.value(pk)?;
    statement.raw_execute().map(|_| ())
}

fn write_values(connection: &Connection, model: &Model, pk: i64, index: &IndexRow) -> rusqlite::Result<()> {
    for (place, entry) in model.layout.indexes.iter().zip(&index.entries) {
        let (IndexPlace::List { field }, IndexEntry::List(Some(values))) = (place, entry) else { continue };
        for value in values.iter().filter(|value| **value != IndexValue::Null) {
            let mut statement = connection.prepare_cached(&model.writes.insert_value)?;
            statement.execute(params![field, Bound(value), pk])?;
        }
    }
    Ok(())
}

/// Has the engine write its indexes on the tables of a type anew.
pub(in crate::store::sqlite) fn rebuild(connection: &Connection, model: &Model) -> Result<(), StoreError> {
    let layout = &model.layout;
    let lists = layout.has_lists().then_some(&layout.list_table);
    in_transaction(connection, || {
        for table in [&layout.head_table].into_iter().chain(lists) {
            connection.execute_batch(&format!("REINDEX {}", quoted(table))).map_err(store_error)?;
        }
        Ok(())
    })
}
