//! Reads of the log of changes.

use super::row::Columns;
use super::{PostgresStore, follow, is_text};
use crate::change::ModelIndex;
use crate::store::layout::LOG_COLUMNS;
use crate::store::postgres::db::{Values, row, rows, store_error, values};
use crate::store::postgres::model::Models;
use crate::store::postgres::watched::Watched;
use crate::store::{LogPage, LogRequest, LogScope, StoreError};
use sea_orm::ConnectionTrait;

impl PostgresStore {
    pub(super) async fn read_log(&self, request: &LogRequest) -> Result<LogPage, StoreError> {
        follow::settle(&self.shared).await;
        let models = self.models();
        Watched::new(&self.shared.losses, page(&self.shared.db, &models, request)).await
    }
}

/// A page, in one statement: the end of the log is the one of the rows that were looked at.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    models: &Models,
    request: &LogRequest,
) -> Result<LogPage, StoreError> {
    let number = |model: ModelIndex| models.get(model).map(|model| model.layout.model_id);
    // One row more tells whether there is another page.
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
    let after = request.after;
    let (sql, values): (&str, Values) = match &request.of {
        LogScope::Everything => (&models.log().everything, values![after, limit]),
        LogScope::Model(model) => (&models.log().of_model, values![number(*model)?, after, limit]),
        LogScope::Resource { model, pk, resource_id } => {
            let id = if is_text(resource_id) { resource_id.as_str() } else { "" };
            // Positions begin at 1, and a chain ends with 0.
            (&models.get(*model)?.texts.log, values![id, *pk, after.max(0), limit])
        }
    };
    let found = rows(on, sql, values).await.map_err(store_error)?;
    let mut page = LogPage { entries: Vec::new(), end: after, has_more: false };
    let mut last = after;
    for (taken, row) in found.iter().enumerate() {
        let columns = Columns::of(row)?;
        last = columns.integer(LOG_COLUMNS.len())?;
        if columns.get::<Option<i64>>(0)?.is_none() {
            break;
        }
        if taken == request.limit {
            page.has_more = true;
            break;
        }
        // Rows of types that are not registered count for the limit, so that a page ends even where there is nothing
        // else.
        let (position, entry) = columns.logged(models)?;
        page.end = position;
        page.entries.extend(entry);
    }
    if !page.has_more {
        // A position behind the end was read in another database.
        page.end = last.max(after);
    }
    Ok(page)
}

/// The end of the log in this snapshot.
pub(super) async fn end(on: &impl ConnectionTrait, models: &Models) -> Result<i64, StoreError> {
    let found = row(on, models.log().last.as_str(), values![]).await.map_err(store_error)?;
    found.as_ref().map_or(Ok(0), |found| Columns::of(found)?.integer(0))
}
