//! Whether a new unique constraint holds for what is stored.

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::apply::Bound;
use super::super::connection::store_error;
use super::super::model::Model;
use super::run;
use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexRow, IndexValue, fitting_index_row};
use crate::store::StoreError;
use crate::store::layout::plan::duplicate_values;
use crate::store::values::compared;

/// Rows read at a time.
const BATCH: i64 = 500;

/// Fails when two live resources have the same values. They are computed from the payloads, because the
/// columns may not be filled yet, and compared in a temporary table, because they may not fit in memory.
pub(super) fn check(connection: &Connection, model: &Model, unique: usize) -> Result<(), StoreError> {
    let unique = &model.layout.descriptor.uniques[unique];
    let width = unique.indexes.len();
    run(connection, "DROP TABLE IF EXISTS temp.ss_seen")?;
    run(connection, &seen_table(width))?;
    let result = scan(connection, model, unique);
    run(connection, "DROP TABLE IF EXISTS temp.ss_seen")?;
    result
}

/// Each value is a pair of its kind and itself, so that a null is a value like any other.
fn seen_table(width: usize) -> String {
    let columns: Vec<_> = (0..width).map(|at| format!("k{at}, v{at}")).collect();
    let columns = columns.join(", ");
    format!("CREATE TEMP TABLE ss_seen ({columns}, resource_id TEXT, UNIQUE ({columns}))")
}

fn scan(connection: &Connection, model: &Model, unique: &UniqueDescriptor) -> Result<(), StoreError> {
    let mut last = 0;
    loop {
        let batch = live_rows(connection, model, last)?;
        let Some((pk, ..)) = batch.last() else { return Ok(()) };
        last = *pk;
        for (_, resource_id, data) in &batch {
            // A value that does not fit its index is not in it.
            let row = fitting_index_row(model.layout.descriptor, data);
            see(connection, model, unique, resource_id, &row)?;
        }
    }
}

type LiveRow = (i64, String, Vec<u8>);

fn live_rows(connection: &Connection, model: &Model, after: i64) -> Result<Vec<LiveRow>, StoreError> {
    let mut statement = connection.prepare_cached(&model.reads.live_after).map_err(store_error)?;
    let rows = statement
        .query_map([after, BATCH], |row| Ok((row.get(0)?, row.get(1)?, row.get_ref(2)?.as_bytes()?.to_vec())))
        .map_err(store_error)?;
    rows.collect::<Result<_, _>>().map_err(store_error)
}

fn see(
    connection: &Connection,
    model: &Model,
    unique: &UniqueDescriptor,
    resource_id: &str,
    row: &IndexRow,
) -> Result<(), StoreError> {
    let values: Vec<_> = compared(&model.layout, unique, row).collect();
    if !unique.nulls_equal && values.contains(&IndexValue::Null) {
        return Ok(());
    }
    match holder(connection, &values).map_err(store_error)? {
        Some(other) => Err(StoreError::Layout(duplicate_values(
            model.layout.descriptor,
            unique,
            &values,
            &other,
            resource_id,
        ))),
        None => remember(connection, &values, resource_id).map_err(store_error),
    }
}

/// Null and the empty text are different values of one column.
fn keys(values: &[IndexValue]) -> Vec<IndexValue> {
    let key = |value: &IndexValue| match value {
        IndexValue::Null => [IndexValue::Integer(1), IndexValue::Text(String::new())],
        value => [IndexValue::Integer(0), value.clone()],
    };
    values.iter().flat_map(key).collect()
}

fn holder(connection: &Connection, values: &[IndexValue]) -> rusqlite::Result<Option<String>> {
    let conditions: Vec<_> = (0..values.len()).map(|at| format!("k{at} = ? AND v{at} = ?")).collect();
    let sql = format!("SELECT resource_id FROM temp.ss_seen WHERE {}", conditions.join(" AND "));
    let keys = keys(values);
    connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(keys.iter().map(Bound)), |row| row.get(0))
        .optional()
}

fn remember(connection: &Connection, values: &[IndexValue], resource_id: &str) -> rusqlite::Result<()> {
    let holes = vec!["?"; values.len() * 2 + 1].join(", ");
    let mut keys = keys(values);
    keys.push(IndexValue::Text(resource_id.to_owned()));
    connection
        .prepare_cached(&format!("INSERT INTO temp.ss_seen VALUES ({holes})"))?
        .execute(params_from_iter(keys.iter().map(Bound)))?;
    Ok(())
}
