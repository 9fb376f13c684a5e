//! Which unique constraint a refused write violates, and who has the value.

use rusqlite::Connection;

use super::apply::{Binder, Bound};
use super::connection::store_error;
use super::model::Model;
use crate::change::ModelIndex;
use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::store::values::{compared, scalar};
use crate::store::{CommitError, StoreError};

/// The first constraint, in declared order, whose values another live row has. The engine only names
/// the index it happened to check first.
pub(super) fn find(
    connection: &Connection,
    model: &Model,
    index: ModelIndex,
    change: usize,
    row: &IndexRow,
    pk: i64,
) -> Result<Option<CommitError>, StoreError> {
    for (at, unique) in model.layout.descriptor.uniques.iter().enumerate() {
        let sql = &model.writes.uniques[at];
        let holder = holder(connection, model, sql, unique, row, pk).map_err(store_error)?;
        if let Some(conflicting_resource_id) = holder {
            let values = unique.indexes.iter().map(|&at| scalar(row, at).clone()).collect();
            return Ok(Some(CommitError::Unique {
                change,
                model: index,
                unique: at,
                values,
                conflicting_resource_id,
            }));
        }
    }
    Ok(None)
}

fn holder(
    connection: &Connection,
    model: &Model,
    sql: &str,
    unique: &UniqueDescriptor,
    row: &IndexRow,
    pk: i64,
) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut bind = Binder::new(&mut statement);
    for value in compared(&model.layout, unique, row) {
        if unique.nulls_equal {
            let is_null = value == IndexValue::Null;
            bind.value(is_null)?;
            let value = if is_null { IndexValue::Text(String::new()) } else { value };
            bind.value(Bound(&value))?;
        } else {
            bind.value(Bound(&value))?;
        }
    }
    bind.value(pk)?;
    let mut rows = statement.raw_query();
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// The live resource that has these values under the constraint at that position.
pub(super) fn owner(
    connection: &Connection,
    model: &Model,
    unique: usize,
    values: &[IndexValue],
) -> rusqlite::Result<Option<String>> {
    let descriptor = model.layout.descriptor;
    let Some(constraint) = descriptor.uniques.get(unique) else { return Ok(None) };
    let mut row = IndexRow { entries: vec![IndexEntry::Scalar(IndexValue::Null); descriptor.indexes.len()] };
    for (&at, value) in constraint.indexes.iter().zip(values) {
        row.entries[at] = IndexEntry::Scalar(value.clone());
    }
    // Rows are numbered from 1, so this excludes none.
    holder(connection, model, &model.writes.uniques[unique], constraint, &row, 0)
}
