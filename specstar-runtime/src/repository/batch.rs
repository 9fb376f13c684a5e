//! Changes of every resource that a filter selects, in one commit.

use std::sync::{Arc, Mutex, PoisonError};

use super::queue::Attempts;
use super::service::{store_error, stored_index};
use super::{Caller, Model, Service};
use crate::access::Action;
use crate::change::Change;
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::meta::{Head, HeadRef};
use crate::query::cursor::{self, CursorError};
use crate::query::{Position, Predicate, SortKey};
use crate::store::{PageEnd, Search, Visit};
use crate::timeline;

/// Which resources of one type, in which order, and which page of them.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Which; the deletion filter is part of it.
    pub predicate: Arc<Predicate>,
    /// In which order.
    pub sorts: Vec<SortKey>,
    /// At most this many.
    pub limit: u64,
    /// After skipping this many.
    pub offset: u64,
    /// Only what stands behind this position.
    pub after: Option<Position>,
}

impl Selection {
    /// The most rows: one more is asked for, and databases take a signed 64-bit limit.
    pub(crate) const MOST_ROWS: u64 = i64::MAX as u64 - 1;

    /// Only what stands behind a cursor, which must be of these filters and this order. What was to be skipped
    /// was skipped before the first page.
    pub(crate) fn continue_behind(
        &mut self,
        cursor: &str,
        fingerprint: u64,
        descriptor: &ResourceDescriptor,
    ) -> Result<()> {
        let refused = |error: CursorError| Error::InvalidQuery(format!("Invalid cursor: {error}"));
        let position = cursor::decode(cursor, fingerprint).map_err(refused)?;
        if !position.fits(&self.sorts, descriptor) {
            return Err(refused(CursorError::Malformed));
        }
        self.offset = 0;
        self.after = Some(position);
        Ok(())
    }
}

impl Service {
    /// Hands each selected head to `visit`.
    pub async fn search(
        &self,
        model: &Model,
        selection: Selection,
        with_data: bool,
        caller: &Caller,
        visit: Visit,
    ) -> Result<PageEnd> {
        self.authorize(model, caller, Action::SEARCH_RESOURCES, None).await?;
        if with_data {
            self.authorize(model, caller, Action::GET_RESOURCE_REVISION, None).await?;
        }
        let selection = self.encoded(selection).await?;
        self.run(model, selection, visit).await
    }

    /// How many resources match.
    pub async fn count(&self, model: &Model, mut predicate: Arc<Predicate>, caller: &Caller) -> Result<u64> {
        self.authorize(model, caller, Action::SEARCH_RESOURCES, None).await?;
        self.encode_query(&mut predicate, &mut []).await?;
        self.store.count(model.index, predicate).await.map_err(store_error)
    }

    /// Soft-deletes every selected resource, or none; the selection must hold live ones only.
    pub async fn delete_all(
        &self,
        model: &Model,
        selection: Selection,
        caller: &Caller,
    ) -> Result<Vec<Head>> {
        self.change_all(model, selection, Action::DELETE, caller, |head| {
            let index = stored_index(model, &head.revision.data)?;
            Ok(timeline::delete(model.index, head, index, &caller.context()))
        })
        .await
    }

    /// Restores every selected resource, or none; the selection must hold deleted ones only.
    pub async fn restore_all(
        &self,
        model: &Model,
        selection: Selection,
        caller: &Caller,
    ) -> Result<Vec<Head>> {
        self.change_all(model, selection, Action::RESTORE, caller, |head| {
            let index = stored_index(model, &head.revision.data)?;
            timeline::restore(model.index, head, index, &caller.context())
                .ok_or_else(|| Error::internal("a selection of deleted resources holds a live one"))
        })
        .await
    }

    async fn run(&self, model: &Model, selection: Selection, visit: Visit) -> Result<PageEnd> {
        let Selection { predicate, sorts, limit, offset, after } = selection;
        let search = Search { model: model.index, predicate, sorts, limit, offset, after };
        self.store.search(search, visit).await.map_err(store_error)
    }

    async fn change_all(
        &self,
        model: &Model,
        selection: Selection,
        action: Action,
        caller: &Caller,
        plan: impl Fn(&Head) -> Result<crate::change::HeadUpdate>,
    ) -> Result<Vec<Head>> {
        self.authorize(model, caller, Action::SEARCH_RESOURCES, None).await?;
        let selection = self.encoded(selection).await?;
        // All batches of one type share a queue: each may meet any resource of it.
        let mut attempts: Attempts<'_> = self.attempts(model, "");
        loop {
            let heads = self.collect(model, selection.clone()).await?;
            if heads.is_empty() {
                return Ok(heads);
            }
            self.authorize(model, caller, action, None).await?;
            let updates = heads.iter().map(&plan).collect::<Result<Vec<_>>>()?;
            let after =
                heads.into_iter().zip(&updates).map(|(head, update)| timeline::apply(head, update)).collect();
            let changes = updates.into_iter().map(|update| Change::Update(Box::new(update))).collect();
            if self.commit(changes).await? {
                return Ok(after);
            }
            attempts.again().await?;
        }
    }

    async fn collect(&self, model: &Model, selection: Selection) -> Result<Vec<Head>> {
        let most = self.settings.max_changes;
        let wanted = selection.limit;
        let limit = wanted.min(most as u64 + 1);
        let found: Arc<Mutex<Vec<Head>>> = Arc::default();
        let sink = Arc::clone(&found);
        let visit: Visit = Box::new(move |head: HeadRef<'_>| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(head.to_owned());
        });
        self.run(model, Selection { limit, ..selection }, visit).await?;
        let heads = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        if heads.len() > most {
            return Err(Error::TooManyChanges { found: heads.len(), limit: most });
        }
        Ok(heads)
    }
}
