//! What the next start would do to the tables.

use sea_orm::DatabaseConnection;

use super::super::db::{quoted, row, store_error, values};
use super::super::model::Model;
use super::super::registry;
use super::super::row::Columns;
use super::{FORMAT, IndexChanges, check_engine, duplicates, is_marked};
use crate::descriptor::ResourceDescriptor;
use crate::store::inspect::{LayoutPlan, VersionChange};
use crate::store::layout::ModelLayout;
use crate::store::layout::plan::{Plan, check_names, check_version, created};
use crate::store::layout::stored::Registered;
use crate::store::{ModelLayoutChange, StoreError};

/// Says it, and changes nothing.
pub(in super::super) async fn plan(
    db: &DatabaseConnection,
    descriptors: &[&'static ResourceDescriptor],
) -> Result<LayoutPlan, StoreError> {
    let mut plan = LayoutPlan::default();
    match check_engine(db).await {
        Err(StoreError::Layout(problem)) => {
            plan.problems.push(problem);
            return Ok(plan);
        }
        other => other?,
    }
    match super::format(db).await? {
        // Nothing is there: everything is made.
        None => {
            plan.report.models = descriptors.iter().map(|descriptor| created(descriptor)).collect();
            return Ok(plan);
        }
        Some(FORMAT) => {}
        Some(format) => {
            plan.problems.push(format!("the database has format {format}, this program knows {FORMAT}"));
            return Ok(plan);
        }
    }
    for &descriptor in descriptors {
        if let Err(error) = check_names(descriptor) {
            plan.problems.push(error.to_string());
            continue;
        }
        match registry::load(db, descriptor.id.name).await? {
            None => plan.report.models.push(created(descriptor)),
            Some(registered) => of_model(db, descriptor, &registered, &mut plan).await?,
        }
    }
    Ok(plan)
}

async fn of_model(
    db: &DatabaseConnection,
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
    let model = Model::new(
        ModelLayout::new(descriptor, registered.id, |key| wanted.target.field(key)),
        wanted.target.mark()?,
    );
    let indexes = IndexChanges::find(db, &model.layout, &wanted).await?;
    if wanted.target == registered.layout && indexes.is_empty() && is_marked(db, &model).await? {
        return Ok(());
    }
    for unique in indexes.missing.iter().filter_map(|index| index.unique) {
        match duplicates::check(db, &model, unique).await {
            Err(StoreError::Layout(problem)) => plan.problems.push(problem),
            other => other?,
        }
    }
    let rows_backfilled = if wanted.target.pending.is_empty() { 0 } else { count(db, &model).await? };
    plan.report.models.push(ModelLayoutChange {
        model: descriptor.id.name.to_owned(),
        created: false,
        indexes_added: wanted.target.pending.clone(),
        indexes_removed: wanted.removed(),
        rows_backfilled,
    });
    Ok(())
}

async fn count(db: &DatabaseConnection, model: &Model) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM {}", quoted(&model.layout.head_table));
    let found = row(db, sql, values![]).await.map_err(store_error)?;
    found.as_ref().map_or(Ok(0), |found| Ok(Columns::of(found)?.integer(0)?.unsigned_abs()))
}
