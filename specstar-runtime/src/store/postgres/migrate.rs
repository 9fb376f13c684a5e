//! Bringing the tables of a database to what the program declares.
//!
//! Several processes may start at once: one of them at a time looks and changes, under a lock that its connection
//! holds. A change of a type goes through three steps, each of which can be interrupted: the columns are changed and
//! the new keys noted as pending, in one transaction; their values are computed in batches, each of which notes how far
//! it came; the indexes are made while others read and write, and the note removed. Constraints are tried on the
//! stored data before the first step, so that one that cannot hold changes nothing.

mod backfill;
mod duplicates;
mod plan;

use std::fmt::Write as _;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use xxhash_rust::xxh3::xxh3_64;

pub(super) use backfill::write_rows;
pub(super) use plan::plan;

use super::db::{execute, is_lock_timeout, quoted, row, rows, run, store_error, values};
use super::ddl::{self, IndexStatement, STATE_TABLE};
use super::model::{Model, Models};
use super::registry;
use super::row::Columns;
use super::session::Session;
use super::text::ENTRY_BITS;
use crate::descriptor::ResourceDescriptor;
use crate::store::layout::plan::{Plan, check_names, check_version, columns_of, created};
use crate::store::layout::stored::{Registered, StoredIndex, StoredLayout};
use crate::store::layout::{LOG_TABLE, ModelLayout};
use crate::store::sql::job;
use crate::store::{LayoutReport, ModelLayoutChange, StoreError};

/// Version of the tables themselves.
const FORMAT: i64 = 1;

/// The oldest engine that has what the statements need: transactions numbered in 64 bits.
const OLDEST: i64 = 130_000;

/// Between two tries to get the lock. Waiting for it in the engine would be a transaction that an index that is made
/// meanwhile has to wait for.
const PAUSE: Duration = Duration::from_millis(20);

/// Creates or adapts the tables of these types.
pub(super) async fn ensure(
    session: &Session,
    descriptors: &[&'static ResourceDescriptor],
) -> Result<(Models, LayoutReport), StoreError> {
    descriptors.iter().try_for_each(|descriptor| check_names(descriptor))?;
    let db = session.db();
    check_engine(db).await?;
    lock(db).await?;
    let mut report = LayoutReport::default();
    let mut models = Vec::with_capacity(descriptors.len());
    for (model, change) in create_all(db, descriptors).await? {
        models.push(model);
        report.models.extend(change);
    }
    for (at, descriptor) in descriptors.iter().enumerate() {
        if models[at].is_none() {
            let (model, change) = adapt(db, descriptor).await?;
            models[at] = Some(model);
            report.models.extend(change);
        }
    }
    raise_base(db).await?;
    Ok((models.into_iter().flatten().collect(), report))
}

async fn check_engine(db: &DatabaseConnection) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding')";
    let Some(found) = row(db, sql, values![]).await.map_err(store_error)? else { return Ok(()) };
    let columns = Columns::of(&found)?;
    let (version, encoding) = (columns.integer(0)?, columns.text(1)?);
    if version < OLDEST {
        return Err(StoreError::Layout(format!("the server has version {}, 13 is needed", version / 10_000)));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Layout(format!("the database has the encoding {encoding}, UTF8 is needed")));
    }
    Ok(())
}

/// Held until the connection ends.
async fn lock(db: &DatabaseConnection) -> Result<(), StoreError> {
    let Some(schema) = schema(db).await? else {
        return Err(StoreError::Layout(
            "there is no schema to create tables in: check the search_path".into(),
        ));
    };
    let key = xxh3_64(format!("specstar layout of {schema}").as_bytes()).cast_signed();
    let mut waited = 0_u32;
    loop {
        let got = row(db, "SELECT pg_try_advisory_lock($1)", values![key]).await.map_err(store_error)?;
        if got.as_ref().map(Columns::of).transpose()?.map_or(Ok(false), |columns| columns.get(0))? {
            return Ok(());
        }
        waited += 1;
        if waited.is_multiple_of(500) {
            tracing::info!("waiting for another process that adapts the tables");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The schema that tables are created in.
pub(super) async fn schema(db: &impl ConnectionTrait) -> Result<Option<String>, StoreError> {
    let found = row(db, "SELECT current_schema()::text", values![]).await.map_err(store_error)?;
    found.as_ref().map_or(Ok(None), |found| Columns::of(found)?.get(0))
}

/// The format of the tables; none where there are none.
async fn format(db: &impl ConnectionTrait) -> Result<Option<i64>, StoreError> {
    let sql = format!("SELECT to_regclass(quote_ident(current_schema()) || '.{STATE_TABLE}') IS NOT NULL");
    let known = row(db, sql, values![]).await.map_err(store_error)?;
    if !known.as_ref().map(Columns::of).transpose()?.map_or(Ok(false), |columns| columns.get(0))? {
        return Ok(None);
    }
    let found = row(db, format!("SELECT format FROM {STATE_TABLE}"), values![]).await.map_err(store_error)?;
    found.as_ref().map(|found| Columns::of(found)?.integer(0)).transpose()
}

type Created = Vec<(Option<Model>, Option<ModelLayoutChange>)>;

/// What is new comes with one commit.
async fn create_all(
    db: &DatabaseConnection,
    descriptors: &[&'static ResourceDescriptor],
) -> Result<Created, StoreError> {
    let transaction = db.begin().await.map_err(store_error)?;
    match format(&transaction).await? {
        Some(FORMAT) => add_behind(&transaction).await?,
        Some(format) => {
            return Err(StoreError::Layout(format!(
                "the database has format {format}, this program knows {FORMAT}: use the program that wrote it"
            )));
        }
        None => {
            run(&transaction, &ddl::shared_tables()).await.map_err(store_error)?;
            let state = format!("INSERT INTO {STATE_TABLE} (format, base) VALUES ({FORMAT}, 0)");
            run(&transaction, &state).await.map_err(store_error)?;
        }
    }
    let mut made = Vec::with_capacity(descriptors.len());
    for descriptor in descriptors {
        made.push(create(&transaction, descriptor).await?);
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(made)
}

/// Tables of jobs from before one could be behind others.
async fn add_behind(on: &impl ConnectionTrait) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM information_schema.columns \
               WHERE table_schema = current_schema() AND table_name = 'ss_job' AND column_name = $1";
    if row(on, sql, values![job::BEHIND]).await.map_err(store_error)?.is_some() {
        return Ok(());
    }
    run(on, job::ADD_BEHIND).await.map_err(store_error)?;
    run(on, &ddl::shared_tables()).await.map_err(store_error)
}

/// The tables of a type that the database does not have yet.
async fn create(
    on: &impl ConnectionTrait,
    descriptor: &'static ResourceDescriptor,
) -> Result<(Option<Model>, Option<ModelLayoutChange>), StoreError> {
    if let Some(registered) = registry::load(on, descriptor.id.name).await? {
        check_version(descriptor, registered.schema_version.as_deref())?;
        return Ok((None, None));
    }
    let stored = StoredLayout::of(descriptor);
    let id = registry::next_model_id(on).await?;
    let model = Model::new(ModelLayout::new(descriptor, id, |key| stored.field(key)), stored.mark()?);
    let mut sql = ddl::model_tables(&model.layout, model.mark);
    for index in ddl::model_indexes(&model.layout) {
        let _ = writeln!(sql, "{};\n{};", index.sql(""), index.comment());
    }
    run(on, &sql).await.map_err(store_error)?;
    registry::insert(on, descriptor, id, &stored).await?;
    Ok((Some(model), Some(created(descriptor))))
}

async fn adapt(
    db: &DatabaseConnection,
    descriptor: &'static ResourceDescriptor,
) -> Result<(Model, Option<ModelLayoutChange>), StoreError> {
    let Registered { id, schema_version, layout: stored } = registry::load(db, descriptor.id.name)
        .await?
        .ok_or_else(|| StoreError::Internal(format!("`{}` is not registered", descriptor.id.name)))?;
    let plan = Plan::new(descriptor, &stored);
    let model =
        Model::new(ModelLayout::new(descriptor, id, |key| plan.target.field(key)), plan.target.mark()?);
    let indexes = IndexChanges::find(db, &model.layout, &plan).await?;
    if plan.target == stored && indexes.is_empty() && is_marked(db, &model).await? {
        if schema_version.as_deref() != descriptor.schema_version {
            registry::update(db, descriptor, &stored).await?;
        }
        return Ok((model, None));
    }
    for unique in indexes.missing.iter().filter_map(|index| index.unique) {
        duplicates::check(db, &model, unique).await?;
    }
    change_tables(db, &model, &plan, &indexes).await?;
    let rows_backfilled = backfill::run(db, &model, &plan.target).await?;
    finish(db, &model, &plan.target, &indexes).await?;
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
    /// An index is stale when it is not declared in this form, when it covers a column that goes, and when it was not
    /// finished.
    async fn find(on: &impl ConnectionTrait, layout: &ModelLayout, plan: &Plan) -> Result<Self, StoreError> {
        let present = present_indexes(on, &layout.head_table).await?;
        let wanted = ddl::model_indexes(layout);
        let columns: Vec<_> =
            plan.dropped.iter().flat_map(columns_of).map(|name| quoted(&ddl::short(name))).collect();
        let is_stale = |name: &str, note: &str| {
            columns.iter().any(|column| note.contains(column.as_str()))
                || !wanted.iter().any(|index| index.name == name && index.note() == note)
        };
        let (stale, kept): (Vec<_>, Vec<_>) = present
            .into_iter()
            .map(|(name, note)| (is_stale(&name, &note), name))
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

/// The indexes of a table with what is noted beside them, without those of its constraints. What is noted of one that
/// was not finished is nothing.
async fn present_indexes(
    on: &impl ConnectionTrait,
    table: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT c.relname::text, CASE WHEN i.indisvalid THEN coalesce(obj_description(c.oid, 'pg_class'), '') \
               ELSE '' END FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               WHERE i.indrelid = to_regclass($1) \
               AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";
    let found = rows(on, sql, values![quoted(table)]).await.map_err(store_error)?;
    found
        .iter()
        .map(|row| {
            let columns = Columns::of(row)?;
            Ok((columns.get(0)?, columns.get(1)?))
        })
        .collect()
}

/// Whether the table takes rows for the indexes of this program.
pub(super) async fn is_marked(on: &impl ConnectionTrait, model: &Model) -> Result<bool, StoreError> {
    let sql = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2";
    let values = values![quoted(&model.layout.head_table), ddl::MARK];
    let found = row(on, sql, values).await.map_err(store_error)?;
    let Some(found) = &found else { return Ok(false) };
    Ok(Columns::of(found)?.text(0)?.contains(&format!("({} = {})", ddl::MARK, model.mark)))
}

async fn change_tables(
    db: &DatabaseConnection,
    model: &Model,
    plan: &Plan,
    indexes: &IndexChanges,
) -> Result<(), StoreError> {
    let layout = &model.layout;
    let head = quoted(&layout.head_table);
    // Before the list table and its indexes: writers come in that order.
    let mut sql = format!("LOCK TABLE {head} IN ACCESS EXCLUSIVE MODE;\n");
    for name in &indexes.stale {
        let _ = writeln!(sql, "DROP INDEX IF EXISTS {};", quoted(name));
    }
    if layout.has_lists() {
        sql.push_str(&ddl::list_table(layout));
    }
    for index in &plan.dropped {
        for column in columns_of(index) {
            let _ = writeln!(sql, "ALTER TABLE {head} DROP COLUMN {};", quoted(&ddl::short(column)));
        }
    }
    for (at, index) in layout.descriptor.indexes.iter().enumerate() {
        if plan.added.iter().any(|key| key == index.key) {
            for column in ddl::index_columns(layout, at) {
                let _ = writeln!(sql, "ALTER TABLE {head} ADD COLUMN {column};");
            }
        }
    }
    sql.push_str(&ddl::mark_again(layout, model.mark));
    let transaction = altered(db, &sql).await?;
    for index in &plan.dropped {
        drop_values(&transaction, model, index).await?;
    }
    registry::update(&transaction, layout.descriptor, &plan.target).await?;
    transaction.commit().await.map_err(store_error)
}

/// A transaction in which the tables were changed. Whoever waits for a table has everybody else wait behind him, so it
/// is tried for a moment at a time.
async fn altered(db: &DatabaseConnection, sql: &str) -> Result<DatabaseTransaction, StoreError> {
    loop {
        let transaction = db.begin().await.map_err(store_error)?;
        if sql.is_empty() {
            return Ok(transaction);
        }
        let done = run(&transaction, &format!("SET LOCAL lock_timeout = '200ms';\n{sql}")).await;
        let Err(error) = done else { return Ok(transaction) };
        let _ = transaction.rollback().await;
        if !is_lock_timeout(&error) {
            return Err(store_error(error));
        }
        tracing::info!("a table is in use: its change waits");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn drop_values(
    on: &impl ConnectionTrait,
    model: &Model,
    index: &StoredIndex,
) -> Result<(), StoreError> {
    if index.list && !index.vector {
        execute(on, model.texts.delete_field.as_str(), values![index.field]).await.map_err(store_error)?;
    }
    Ok(())
}

/// Others go on reading and writing while an index is made.
async fn finish(
    db: &DatabaseConnection,
    model: &Model,
    target: &StoredLayout,
    indexes: &IndexChanges,
) -> Result<(), StoreError> {
    for index in &indexes.missing {
        run(db, &index.sql("CONCURRENTLY")).await.map_err(store_error)?;
        run(db, &index.comment()).await.map_err(store_error)?;
    }
    let done = StoredLayout { pending: Vec::new(), done_pk: 0, ..target.clone() };
    registry::update(db, model.layout.descriptor, &done).await
}

/// A database that came from another cluster may have entries with positions that the transactions of this one do not
/// reach yet.
async fn raise_base(db: &DatabaseConnection) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE {STATE_TABLE} SET base = l.last - (pg_current_xact_id()::text::bigint << {ENTRY_BITS}) + {entries} \
         FROM (SELECT max(position) AS last FROM {LOG_TABLE}) l \
         WHERE l.last >= base + (pg_current_xact_id()::text::bigint << {ENTRY_BITS})",
        entries = 1_i64 << ENTRY_BITS,
    );
    if execute(db, sql, values![]).await.map_err(store_error)? > 0 {
        tracing::warn!("the log comes from another cluster: its positions go on behind the highest one");
    }
    Ok(())
}
