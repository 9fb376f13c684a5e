//! Changes of every resource that a filter selects, in one commit.

use std::sync::{Arc, Mutex, PoisonError};

use super::answer::Outcome;
use super::enqueue::refuse_calls;
use super::gate::Gate;
use super::queue::Attempts;
use super::reference::Way;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::Action;
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::meta::{Head, HeadRef};
use crate::query::cursor::{self, CursorError};
use crate::query::{Position, Predicate, SortKey};
use crate::store::{Freshness, PageEnd, Visit};

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
    /// Whether a copy of the database may be asked.
    pub freshness: Freshness,
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
    /// Hands each selected head that exists for the caller to `visit`.
    pub async fn search(
        &self,
        model: &Model,
        selection: Selection,
        with_data: bool,
        caller: &Caller,
        visit: Visit,
    ) -> Result<PageEnd> {
        let mut gate = self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await?;
        if with_data {
            gate.ask(Action::GET_RESOURCE_REVISION).await?;
        }
        let selection = self.encoded(narrowed(selection, &gate)).await?;
        if with_data {
            self.run(model, selection, visit).await
        } else {
            self.run_as_stored(model, selection, visit).await
        }
    }

    /// How many of the resources that exist for the caller match.
    pub async fn count(
        &self,
        model: &Model,
        predicate: Arc<Predicate>,
        freshness: Freshness,
        caller: &Caller,
    ) -> Result<u64> {
        let gate = self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await?;
        let mut predicate = gate.narrow(predicate);
        self.encode_query(&mut predicate, &mut []).await?;
        self.store.count(model.index, predicate, freshness).await.map_err(store_error)
    }

    /// Soft-deletes every selected resource and what depends on it, or none; the selection must hold live ones
    /// only.
    pub async fn delete_all(
        &self,
        model: &Model,
        selection: Selection,
        caller: &Caller,
    ) -> Result<Vec<Head>> {
        let mut batch = self.batch(model, selection, Action::DELETE, caller).await?;
        loop {
            let Some(heads) = batch.heads().await? else { return Ok(Vec::new()) };
            let mut deletion = self.plan_deletion(model, heads, Way::Soft, caller).await?;
            deletion.plan.answer = caller.answer(model, &Outcome::Many(&deletion.roots));
            if self.commit(deletion.plan, caller).await? {
                return Ok(deletion.roots);
            }
            batch.attempts.again().await?;
        }
    }

    /// Restores every selected resource, or none; the selection must hold deleted ones only.
    pub async fn restore_all(
        &self,
        model: &Model,
        selection: Selection,
        cascade: Option<bool>,
        caller: &Caller,
    ) -> Result<Vec<Head>> {
        refuse_calls(model, caller)?;
        let cascade = cascade.unwrap_or(self.settings.restore_cascades);
        let mut batch = self.batch(model, selection, Action::RESTORE, caller).await?;
        loop {
            let Some(heads) = batch.heads().await? else { return Ok(Vec::new()) };
            let mut restoration = self.plan_restoration(model, heads, cascade, caller).await?;
            restoration.plan.answer = caller.answer(model, &Outcome::Many(&restoration.roots));
            if self.commit(restoration.plan, caller).await? {
                return Ok(restoration.roots);
            }
            batch.attempts.again().await?;
        }
    }

    async fn batch<'a>(
        &'a self,
        model: &'a Model,
        selection: Selection,
        action: Action,
        caller: &'a Caller,
    ) -> Result<Batch<'a>> {
        let gate = self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await?;
        let selection = self.encoded(narrowed(selection, &gate)).await?;
        // All batches of one type share a queue: each may meet any resource of it.
        let attempts = self.attempts(model, "");
        Ok(Batch { service: self, model, selection, action, gate, attempts })
    }

    /// Every head that matches, at most so many: more are an error.
    pub(super) async fn heads_where(
        &self,
        model: &Model,
        predicate: Predicate,
        most: usize,
    ) -> Result<Vec<Head>> {
        let heads = self.heads_upto(model, predicate, most.saturating_add(1)).await?;
        if heads.len() > most {
            return Err(Error::TooManyChanges { found: heads.len(), limit: most });
        }
        Ok(heads)
    }

    /// The first heads that match, in the order of creation.
    pub(super) async fn heads_upto(
        &self,
        model: &Model,
        predicate: Predicate,
        limit: usize,
    ) -> Result<Vec<Head>> {
        let predicate = Arc::new(predicate);
        let selection = Selection {
            predicate,
            sorts: Vec::new(),
            limit: limit as u64,
            offset: 0,
            after: None,
            freshness: Freshness::Current,
        };
        Ok(self.rows(model, selection, owned).await?.0)
    }

    /// The ids of a page.
    pub(super) async fn ids(&self, model: &Model, selection: Selection) -> Result<(Vec<String>, bool)> {
        let (ids, end) = self.rows(model, selection, |head| head.resource_id.to_owned()).await?;
        Ok((ids, end.has_more))
    }

    /// What is taken of each row of a page.
    pub(super) async fn rows<T: Send + 'static>(
        &self,
        model: &Model,
        selection: Selection,
        take: fn(&HeadRef<'_>) -> T,
    ) -> Result<(Vec<T>, PageEnd)> {
        let (sink, found) = collector(take);
        let end = self.run(model, selection, sink).await?;
        Ok((collected(&found), end))
    }
}

/// Takes all of a row.
pub(super) fn owned(head: &HeadRef<'_>) -> Head {
    head.to_owned()
}

/// Collects what is taken of each row, on whatever thread the store reads.
pub(super) fn collector<T: Send + 'static>(
    take: impl Fn(&HeadRef<'_>) -> T + Send + 'static,
) -> (Visit, Arc<Mutex<Vec<T>>>) {
    let found: Arc<Mutex<Vec<T>>> = Arc::default();
    let sink = Arc::clone(&found);
    let visit: Visit = Box::new(move |head: HeadRef<'_>| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(take(&head));
    });
    (visit, found)
}

/// What was collected.
pub(super) fn collected<T>(found: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner))
}

fn narrowed(selection: Selection, gate: &Gate<'_>) -> Selection {
    Selection { predicate: gate.narrow(Arc::clone(&selection.predicate)), ..selection }
}

/// A change of every resource that a selection holds.
struct Batch<'a> {
    service: &'a Service,
    model: &'a Model,
    selection: Selection,
    action: Action,
    gate: Gate<'a>,
    attempts: Attempts<'a>,
}

impl Batch<'_> {
    /// What the selection holds now, all of which the caller may change; `None` when it holds nothing.
    async fn heads(&mut self) -> Result<Option<Vec<Head>>> {
        let most = self.service.settings.max_changes;
        let limit = self.selection.limit.min(most as u64 + 1);
        let selection = Selection { limit, ..self.selection.clone() };
        let (heads, _) = self.service.rows(self.model, selection, owned).await?;
        if heads.len() > most {
            return Err(Error::TooManyChanges { found: heads.len(), limit: most });
        }
        if heads.is_empty() {
            return Ok(None);
        }
        for head in &heads {
            self.gate.admit_to(self.action, head).await?;
        }
        Ok(Some(heads))
    }
}
