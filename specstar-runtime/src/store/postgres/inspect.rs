//! Comparing index values with documents, and mending them. It reads one state, on a connection of its own, and may
//! take as long as it needs.

mod compare;
mod mend;

use futures_util::future::BoxFuture;

use self::compare::Comparison;
use super::PostgresStore;
use super::db::{Fault, one_moment, quoted, rows, run, store_error, values, write};
use super::migrate;
use super::row::Columns;
use crate::change::ModelIndex;
use crate::descriptor::ResourceDescriptor;
use crate::store::StoreError;
use crate::store::inspect::{IndexReport, Inspect, LayoutPlan, Told, Unmended, WrongRow};

/// The most faults that are told.
const FAULTS: usize = 100;

impl Inspect for PostgresStore {
    fn plan_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutPlan, StoreError>> {
        Box::pin(async move {
            let session = self.session().await?;
            let plan = migrate::plan(session.db(), models).await;
            session.close().await;
            plan
        })
    }

    /// The engine looks after its own files. What it finds in the indexes is told where its extension `amcheck` is
    /// there and may be used.
    fn check_file(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            let session = self.session().await?;
            let faults = check_indexes(&session).await;
            session.close().await;
            faults
        })
    }

    fn check_indexes(
        &self,
        model: ModelIndex,
        at_most: usize,
        mut progress: Told,
    ) -> BoxFuture<'_, Result<IndexReport, StoreError>> {
        Box::pin(async move {
            let (session, models) = (self.session().await?, self.models());
            let model = models.get(model)?;
            let transaction = one_moment(session.db(), 0).await.map_err(store_error)?;
            let report = Comparison::new(&transaction, model, at_most).run(&mut progress).await;
            let _ = transaction.rollback().await;
            session.close().await;
            report
        })
    }

    fn mend_indexes(
        &self,
        model: ModelIndex,
        rows: Vec<WrongRow>,
    ) -> BoxFuture<'_, Result<Vec<Unmended>, StoreError>> {
        Box::pin(async move {
            write!(self, |on, models| async {
                let model = models.get(model)?;
                let mut unmended = Vec::new();
                for row in &rows {
                    unmended.extend(mend::row(on, model, row).await?);
                }
                Ok::<_, Fault>(unmended)
            })
        })
    }

    fn rebuild_indexes(&self, model: ModelIndex) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (session, models) = (self.session().await?, self.models());
            let layout = &models.get(model)?.layout;
            let lists = layout.has_lists().then_some(&layout.list_table);
            let mut result = Ok(());
            for table in [&layout.head_table].into_iter().chain(lists) {
                result = run(session.db(), &format!("REINDEX TABLE {}", quoted(table))).await;
                if result.is_err() {
                    break;
                }
            }
            session.close().await;
            result.map_err(store_error)
        })
    }
}

async fn check_indexes(session: &super::session::Session) -> Result<Vec<String>, StoreError> {
    let db = session.db();
    let sql = "SELECT c.oid::bigint, c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid \
               AND c.relnamespace = current_schema()::regnamespace \
               AND EXISTS (SELECT 1 FROM pg_extension e JOIN pg_proc p ON p.pronamespace = e.extnamespace \
               WHERE e.extname = 'amcheck' AND p.proname = 'bt_index_check' \
               AND has_function_privilege(p.oid, 'EXECUTE')) ORDER BY 2";
    let mut faults = Vec::new();
    for found in rows(db, sql, values![]).await.map_err(store_error)? {
        let columns = Columns::of(&found)?;
        let (index, name) = (columns.integer(0)?, columns.text(1)?);
        let checked = rows(db, "SELECT bt_index_check($1::oid::regclass)::text", values![index]).await;
        match checked.map_err(Fault::from) {
            Ok(_) => {}
            Err(Fault::Lost(error)) => return Err(error),
            Err(fault) => faults.push(format!("index {name}: {}", fault.into_error())),
        }
        if faults.len() == FAULTS {
            break;
        }
    }
    Ok(faults)
}
