//! Bringing the tables of a file to what the program declares.
//!
//! A change goes through three steps, each of which can be interrupted: the columns are changed and the
//! new keys noted as pending, in one transaction; their values are computed in batches, each of which
//! notes how far it came; the indexes are made and the note removed, in one transaction. Constraints are
//! tried on the stored data before the first step, so that one that cannot hold changes nothing.

mod backfill;
mod duplicates;
mod plan;
#[cfg(test)]
mod tests;

pub(super) use plan::plan;

use rusqlite::Connection;
use sea_query::SqliteQueryBuilder;

use super::connection::store_error;
use super::model::{Model, Models};
use super::registry::{self, Registered, StoredIndex, StoredLayout};
use crate::descriptor::ResourceDescriptor;
use crate::store::layout::plan::{Plan, check_names, check_version, columns_of, created};
use crate::store::layout::{LOG_AT, ModelLayout, head_table};
use crate::store::sql::ddl::{self, IndexStatement};
use crate::store::sql::job;
use crate::store::{LayoutReport, ModelLayoutChange, StoreError};

/// Version of the tables themselves, in `user_version` of the file.
const FORMAT: i64 = 1;

/// Creates or adapts the tables of these types.
pub(super) fn ensure(
    connection: &Connection,
    descriptors: &[&'static ResourceDescriptor],
) -> Result<(Models, LayoutReport), StoreError> {
    descriptors.iter().try_for_each(|descriptor| check_names(descriptor))?;
    // Everything that is new comes with one commit, so that a first start does not wait for the disk
    // once per type.
    let created = in_transaction(connection, || {
        create_shared(connection)?;
        descriptors.iter().map(|descriptor| create(connection, descriptor)).collect::<Result<Vec<_>, _>>()
    })?;
    let mut report = LayoutReport::default();
    let mut models = Vec::with_capacity(descriptors.len());
    for (descriptor, created) in descriptors.iter().zip(created) {
        let (model, change) = match created {
            Some((model, change)) => (model, Some(change)),
            None => adapt(connection, descriptor)?,
        };
        models.push(model);
        report.models.extend(change);
    }
    if !report.models.is_empty() {
        checkpoint(connection)?;
    }
    Ok((models.into_iter().collect(), report))
}

/// Tables of a later program are left alone.
fn create_shared(connection: &Connection) -> Result<(), StoreError> {
    let format: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(store_error)?;
    if ![0, FORMAT].contains(&format) {
        return Err(StoreError::Layout(format!(
            "the database has format {format}, this program knows {FORMAT}: use the program that wrote it"
        )));
    }
    let is_older = has_column(connection, "ss_job", "pk")? && !has_column(connection, "ss_job", job::BEHIND)?;
    if is_older {
        run(connection, job::ADD_BEHIND)?;
    }
    // Each only where it is missing: some came to the format later than others.
    for sql in ddl::shared_tables::<SqliteQueryBuilder>() {
        run(connection, &sql)?;
    }
    if format == FORMAT { Ok(()) } else { run(connection, &format!("PRAGMA user_version = {FORMAT}")) }
}

/// The tables of a type that the database does not have yet.
fn create(
    connection: &Connection,
    descriptor: &'static ResourceDescriptor,
) -> Result<Option<(Model, ModelLayoutChange)>, StoreError> {
    if let Some(registered) = registry::load(connection, descriptor.id.name)? {
        check_version(descriptor, registered.schema_version.as_deref())?;
        return add_log_column(connection, &head_table(descriptor.id.name)).map(|()| None);
    }
    let stored = StoredLayout::of(descriptor);
    let id = registry::next_model_id(connection)?;
    let layout = ModelLayout::new(descriptor, id, |key| stored.field(key));
    for sql in ddl::model_tables::<SqliteQueryBuilder>(&layout) {
        run(connection, &sql)?;
    }
    for index in ddl::model_indexes::<SqliteQueryBuilder>(&layout) {
        run(connection, &index.sql)?;
    }
    registry::insert(connection, descriptor, id, &stored)?;
    Ok(Some((Model::new(layout), created(descriptor))))
}

/// Head tables from before the log do not say where its entries stand.
fn add_log_column(connection: &Connection, table: &str) -> Result<(), StoreError> {
    if has_column(connection, table, LOG_AT)? {
        return Ok(());
    }
    run(connection, &ddl::add_log_column::<SqliteQueryBuilder>(table))
}

/// Whether there is a table, and it has a column.
fn has_column(connection: &Connection, table: &str, column: &str) -> Result<bool, StoreError> {
    connection
        .prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?")
        .and_then(|mut statement| statement.exists([table, column]))
        .map_err(store_error)
}

fn adapt(
    connection: &Connection,
    descriptor: &'static ResourceDescriptor,
) -> Result<(Model, Option<ModelLayoutChange>), StoreError> {
    let Registered { id, schema_version, layout: stored } =
        registry::load(connection, descriptor.id.name)?
            .ok_or_else(|| StoreError::Internal(format!("`{}` is not registered", descriptor.id.name)))?;
    let plan = Plan::new(descriptor, &stored);
    let model = Model::new(ModelLayout::new(descriptor, id, |key| plan.target.field(key)));
    let indexes = IndexChanges::find(connection, &model.layout, &plan)?;
    if plan.target == stored && indexes.is_empty() {
        if schema_version.as_deref() != descriptor.schema_version {
            registry::update(connection, descriptor, &stored)?;
        }
        return Ok((model, None));
    }
    for index in &indexes.missing {
        if let Some(unique) = index.unique {
            duplicates::check(connection, &model, unique)?;
        }
    }
    change_tables(connection, &model, &plan, &indexes)?;
    let rows_backfilled = backfill::run(connection, &model, &plan.target)?;
    finish(connection, &model, &plan.target, &indexes)?;
    let change = ModelLayoutChange {
        model: descriptor.id.name.to_owned(),
        created: false,
        indexes_added: plan.target.pending.clone(),
        indexes_removed: plan.removed(),
        rows_backfilled,
    };
    Ok((model, Some(change)))
}

/// Which indexes of the engine are not as declared.
#[derive(Debug)]
struct IndexChanges {
    stale: Vec<String>,
    missing: Vec<IndexStatement>,
}

impl IndexChanges {
    /// An index is stale when it is not declared in this form, and when it covers a column that goes.
    fn find(connection: &Connection, layout: &ModelLayout, plan: &Plan) -> Result<Self, StoreError> {
        let present = present_indexes(connection, &layout.head_table)?;
        let wanted = ddl::model_indexes::<SqliteQueryBuilder>(layout);
        let columns: Vec<_> = plan.dropped.iter().flat_map(columns_of).map(|name| quoted(&name)).collect();
        let is_stale = |name: &str, sql: &str| {
            columns.iter().any(|column| sql.contains(column.as_str()))
                || !wanted.iter().any(|index| index.name == name && index.sql == sql)
        };
        let (stale, kept): (Vec<_>, Vec<_>) = present
            .into_iter()
            .map(|(name, sql)| (is_stale(&name, &sql), name))
            .partition(|(stale, _)| *stale);
        let is_missing = |index: &IndexStatement| !kept.iter().any(|(_, name)| *name == index.name);
        Ok(Self {
            stale: stale.into_iter().map(|(_, name)| name).collect(),
            missing: wanted.into_iter().filter(is_missing).collect(),
        })
    }

    fn is_empty(&self) -> bool {
        self.stale.is_empty() && self.missing.is_empty()
    }
}

/// A name as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The engine keeps the text an index was made with; the ones it made itself have none.
fn present_indexes(connection: &Connection, table: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection
        .prepare(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        )
        .map_err(store_error)?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).map_err(store_error)?;
    rows.collect::<Result<_, _>>().map_err(store_error)
}

fn change_tables(
    connection: &Connection,
    model: &Model,
    plan: &Plan,
    indexes: &IndexChanges,
) -> Result<(), StoreError> {
    let layout = &model.layout;
    in_transaction(connection, || {
        for name in &indexes.stale {
            run(connection, &ddl::drop_index::<SqliteQueryBuilder>(name))?;
        }
        if layout.has_lists() {
            run(connection, &ddl::list_table::<SqliteQueryBuilder>(layout))?;
        }
        for index in &plan.dropped {
            drop_values(connection, model, index)?;
        }
        for (at, index) in layout.descriptor.indexes.iter().enumerate() {
            if plan.added.iter().any(|key| key == index.key) {
                for sql in ddl::add_columns::<SqliteQueryBuilder>(layout, at) {
                    run(connection, &sql)?;
                }
            }
        }
        registry::update(connection, layout.descriptor, &plan.target)
    })
}

fn drop_values(connection: &Connection, model: &Model, index: &StoredIndex) -> Result<(), StoreError> {
    for column in columns_of(index) {
        run(connection, &ddl::drop_column::<SqliteQueryBuilder>(&model.layout.head_table, &column))?;
    }
    if index.list && !index.vector {
        connection.execute(&model.writes.delete_field, [index.field]).map_err(store_error)?;
    }
    Ok(())
}

fn finish(
    connection: &Connection,
    model: &Model,
    target: &StoredLayout,
    indexes: &IndexChanges,
) -> Result<(), StoreError> {
    let done = StoredLayout { pending: Vec::new(), done_pk: 0, ..target.clone() };
    in_transaction(connection, || {
        for index in &indexes.missing {
            run(connection, &index.sql)?;
        }
        registry::update(connection, model.layout.descriptor, &done)
    })
}

/// All of it, or nothing when it fails.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let result = work().and_then(|value| run(connection, "COMMIT").map(|()| value));
    if result.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK")?;
    }
    result
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.execute_batch(sql).map_err(store_error)
}

/// New tables go into the file itself, so that the file alone is a database that can be opened.
fn checkpoint(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA wal_checkpoint(PASSIVE)").map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    while rows.next().map_err(store_error)?.is_some() {}
    Ok(())
}
