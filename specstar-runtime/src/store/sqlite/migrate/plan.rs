//! What the next start would do to the tables.

use rusqlite::Connection;

use super::super::connection::store_error;
use super::super::model::Model;
use super::super::registry::{self, Registered};
use super::{FORMAT, IndexChanges, duplicates};
use crate::descriptor::ResourceDescriptor;
use crate::store::inspect::{LayoutPlan, VersionChange};
use crate::store::layout::ModelLayout;
use crate::store::layout::plan::{Plan, check_names, check_version, created};
use crate::store::{ModelLayoutChange, StoreError};

/// Says it, and changes nothing.
pub(in crate::store::sqlite) fn plan(
    connection: &Connection,
    descriptors: &[&'static ResourceDescriptor],
) -> Result<LayoutPlan, StoreError> {
    let mut plan = LayoutPlan::default();
    let format: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(store_error)?;
    if format == 0 {
        // An empty file: everything is made.
        plan.report.models = descriptors.iter().map(|descriptor| created(descriptor)).collect();
        return Ok(plan);
    }
    if format != FORMAT {
        plan.problems.push(format!("the database has format {format}, this program knows {FORMAT}"));
        return Ok(plan);
    }
    for &descriptor in descriptors {
        if let Err(error) = check_names(descriptor) {
            plan.problems.push(error.to_string());
            continue;
        }
        match registry::load(connection, descriptor.id.name)? {
            None => plan.report.models.push(created(descriptor)),
            Some(registered) => of_model(connection, descriptor, &registered, &mut plan)?,
        }
    }
    Ok(plan)
}

fn of_model(
    connection: &Connection,
    descriptor: &'static ResourceDescriptor,
    registered: &Registered,
    plan: &mut LayoutPlan,
) -> Result<(), StoreError> {
    let last = registered.schema_version.as_deref();
    match check_version(descriptor, last) {
        Err(StoreError::Layout(problem)) => {
            plan.problems.push(problem);
            return Ok(());
        }
        other => other?,
    }
    if last != descriptor.schema_version {
        plan.versions.push(VersionChange {
            model: descriptor.id.name.to_owned(),
            from: last.map(str::to_owned),
            to: descriptor.schema_version.map(str::to_owned),
        });
    }
    let wanted = Plan::new(descriptor, &registered.layout);
    let model = Model::new(ModelLayout::new(descriptor, registered.id, |key| wanted.target.field(key)));
    let indexes = IndexChanges::find(connection, &model.layout, &wanted)?;
    if wanted.target == registered.layout && indexes.is_empty() {
        return Ok(());
    }
    for unique in indexes.missing.iter().filter_map(|index| index.unique) {
        match duplicates::check(connection, &model, unique) {
            Err(StoreError::Layout(problem)) => plan.problems.push(problem),
            other => other?,
        }
    }
    let rows_backfilled = if wanted.target.pending.is_empty() { 0 } else { rows(connection, &model)? };
    plan.report.models.push(ModelLayoutChange {
        model: descriptor.id.name.to_owned(),
        created: false,
        indexes_added: wanted.target.pending.clone(),
        indexes_removed: wanted.removed(),
        rows_backfilled,
    });
    Ok(())
}

fn rows(connection: &Connection, model: &Model) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM {}", super::quoted(&model.layout.head_table));
    connection.query_row(&sql, [], |row| row.get(0)).map(i64::unsigned_abs).map_err(store_error)
}
