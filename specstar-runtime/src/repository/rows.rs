//! Where rows leave the store: the one place at which content of older schema versions is converted.
//!
//! No other file of this room asks the store for a head, a revision or a search.

use super::service::store_error;
use super::{Model, Selection, Service};
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::meta::{Head, HeadRef, Revision};
use crate::schema;
use crate::store::{PageEnd, Search, Visit};

impl Service {
    /// The head of a resource, deleted or not, when there is one.
    pub(super) async fn find(&self, model: &Model, resource_id: &str) -> Result<Option<Head>> {
        let found = self.store.head(model.index, resource_id).await.map_err(store_error)?;
        Ok(found.map(|head| converted(model, head)))
    }

    /// The head of a resource, deleted or not; 404 when there is none.
    pub(super) async fn head(&self, model: &Model, resource_id: &str) -> Result<Head> {
        let found = self.find(model, resource_id).await?;
        found.ok_or_else(|| Error::NotFound { resource_id: resource_id.to_owned() })
    }

    /// A head, deleted or not, and the revisions before and after it without their content, of one moment; 404 when there
    /// is none.
    pub(super) async fn timeline(&self, model: &Model, resource_id: &str) -> Result<(Head, Vec<Revision>)> {
        let found = self.store.timeline(model.index, resource_id).await.map_err(store_error)?;
        let (head, history) = found.ok_or_else(|| Error::NotFound { resource_id: resource_id.to_owned() })?;
        Ok((converted(model, head), history))
    }

    /// The live head with these values under a unique constraint.
    pub(super) async fn holder(
        &self,
        model: &Model,
        unique: usize,
        values: &[IndexValue],
    ) -> Result<Option<Head>> {
        let found = self.store.find_unique(model.index, unique, values).await.map_err(store_error)?;
        Ok(found.map(|head| converted(model, head)))
    }

    /// A superseded revision.
    pub(super) async fn revision(&self, model: &Model, pk: i64, seq: i64) -> Result<Option<Revision>> {
        let found = self.store.revision(model.index, pk, seq).await.map_err(store_error)?;
        Ok(found.map(|revision| schema::converted(&model.entry, model.settings.blob_ids, revision)))
    }

    /// Hands each selected head to `visit`.
    pub(super) async fn run(&self, model: &Model, selection: Selection, mut visit: Visit) -> Result<PageEnd> {
        let (entry, ids) = (model.entry, model.settings.blob_ids);
        let visit: Visit = Box::new(move |head: HeadRef<'_>| {
            schema::with_converted(&entry, ids, &head, &mut visit);
        });
        self.run_as_stored(model, selection, visit).await
    }

    /// The same for a `visit` that does not look at the content.
    pub(super) async fn run_as_stored(
        &self,
        model: &Model,
        selection: Selection,
        visit: Visit,
    ) -> Result<PageEnd> {
        let Selection { predicate, sorts, limit, offset, after, freshness } = selection;
        let search = Search { model: model.index, predicate, sorts, limit, offset, after, freshness };
        self.store.search(search, visit).await.map_err(store_error)
    }
}

fn converted(model: &Model, head: Head) -> Head {
    let revision = schema::converted(&model.entry, model.settings.blob_ids, head.revision);
    Head { revision, ..head }
}
