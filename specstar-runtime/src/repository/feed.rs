//! The feed of changes: the log, as far as it concerns a caller.

use std::collections::HashMap;

use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{Action, RowScope};
use crate::change::{ChangeKind, Logged, LoggedChange, ModelIndex};
use crate::error::{Error, Result};
use crate::store::{LogRequest, LogScope};

/// Whose changes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedOf {
    /// Of every type that the caller may search.
    Everything,
    /// Of one type.
    Model(ModelIndex),
    /// Of one resource.
    Resource(ModelIndex, String),
}

/// What there is to tell of a resource to a stream that cannot read its row any more.
#[derive(Debug)]
pub(crate) enum FeedEnd {
    /// The row is there: what was said of it stands.
    There,
    /// It is gone, of which the log does not tell yet: rows are seen at once, entries when nothing before them can come
    /// any more.
    Hidden,
    /// The last entries.
    Told(FeedPage),
}

/// A page of the feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// What happened, in the order of the commits.
    pub changes: Vec<LoggedChange>,
    /// Where the next page begins.
    pub next: i64,
    /// There is at least one more entry behind `next`, which may not concern the caller.
    pub has_more: bool,
    /// The row of the resource, when it is a page of one: another one can get the id of a purged one.
    pub(crate) pk: Option<i64>,
}

impl Service {
    /// A page of what happened behind a position. Resources out of scope are left out, and so are purged ones where
    /// a scope holds: nothing tells any more whether they were in it.
    pub async fn feed(&self, of: &FeedOf, after: i64, limit: usize, caller: &Caller) -> Result<FeedPage> {
        let (scope, scopes) = match of {
            FeedOf::Everything => (LogScope::Everything, self.searchable(caller).await?),
            FeedOf::Model(index) => {
                let model = &self.models()[index.0];
                self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await?;
                (LogScope::Model(*index), HashMap::from([(*index, self.scope(model, caller).await?)]))
            }
            FeedOf::Resource(index, resource_id) => {
                return self.feed_of_one(*index, resource_id, after, limit, caller).await;
            }
        };
        let page = self.store.log(LogRequest { after, of: scope, limit }).await.map_err(store_error)?;
        let mut known: HashMap<(ModelIndex, i64), bool> = HashMap::new();
        let mut changes = Vec::new();
        for change in self::changes(page.entries) {
            let Some(scope) = scopes.get(&change.model) else { continue };
            let key = (change.model, change.pk);
            let seen = match known.get(&key) {
                Some(seen) => *seen,
                None => self.in_scope(scope, &change).await?,
            };
            known.insert(key, seen);
            if seen {
                changes.push(change);
            }
        }
        Ok(FeedPage { changes, next: page.end, has_more: page.has_more, pk: None })
    }

    async fn feed_of_one(
        &self,
        index: ModelIndex,
        resource_id: &str,
        after: i64,
        limit: usize,
        caller: &Caller,
    ) -> Result<FeedPage> {
        let model = &self.models()[index.0];
        let actions = [Action::GET_META, Action::LIST_REVISIONS];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        let pk = self.visible(model, resource_id, true, &gate).await?.pk;
        let of = LogScope::Resource { model: index, pk, resource_id: resource_id.to_owned() };
        let page = self.store.log(LogRequest { after, of, limit }).await.map_err(store_error)?;
        // Once more: what was read may have moved it out of the reach of the caller, and a resource that was purged
        // since has no entries, which are found from its row.
        if self.visible(model, resource_id, true, &gate).await?.pk != pk {
            return Err(Error::NotFound { resource_id: resource_id.to_owned() });
        }
        let changes = changes(page.entries).collect();
        Ok(FeedPage { changes, next: page.end, has_more: page.has_more, pk: Some(pk) })
    }

    /// The last entries of a resource that had this row, for who could read it until it was gone for good; an error for
    /// who may read none.
    pub(crate) async fn feed_end(
        &self,
        index: ModelIndex,
        (resource_id, pk): (&str, i64),
        after: i64,
        limit: usize,
        caller: &Caller,
    ) -> Result<FeedEnd> {
        let model = &self.models()[index.0];
        let actions = [Action::GET_META, Action::LIST_REVISIONS];
        let gate = self.gate(model, caller, Some(resource_id), &actions).await?;
        if self.find(model, resource_id).await?.is_some_and(|head| head.pk == pk) {
            return Ok(FeedEnd::There);
        }
        let mut page = FeedPage { changes: Vec::new(), next: after, has_more: true, pk: Some(pk) };
        while page.has_more {
            // The entries of one resource are found from its row, which is gone.
            let request = LogRequest { after: page.next, of: LogScope::Model(index), limit };
            let read = self.store.log(request).await.map_err(store_error)?;
            (page.next, page.has_more) = (read.end, read.has_more);
            // Where rows are judged, nothing tells whether the last changes had taken it from the caller.
            page.changes.extend(changes(read.entries).filter(|change| {
                change.pk == pk && (!gate.judges_rows() || change.kind == ChangeKind::Purged)
            }));
        }
        let is_told = page.changes.last().is_some_and(|change| change.kind == ChangeKind::Purged);
        Ok(if is_told { FeedEnd::Told(page) } else { FeedEnd::Hidden })
    }

    async fn in_scope(&self, scope: &RowScope, change: &LoggedChange) -> Result<bool> {
        match scope {
            RowScope::All => Ok(true),
            RowScope::None => Ok(false),
            RowScope::Rows(_) => {
                let model = &self.models()[change.model.0];
                let head = self.find(model, &change.resource_id).await?;
                // Another resource can have the id since the one of the entry was purged.
                let same = head.filter(|head| head.pk == change.pk);
                same.map_or(Ok(false), |head| scope.holds(model.descriptor(), &head.as_ref()))
            }
        }
    }

    /// The types that the caller may search, each with its scope; 403 when there is none.
    async fn searchable(&self, caller: &Caller) -> Result<HashMap<ModelIndex, RowScope>> {
        let mut scopes = HashMap::new();
        let mut refused = None;
        for model in self.models() {
            match self.gate(model, caller, None, &[Action::SEARCH_RESOURCES]).await {
                Ok(_) => {
                    scopes.insert(model.index, self.scope(model, caller).await?);
                }
                Err(error @ Error::PermissionDenied { .. }) => refused = refused.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        match refused {
            Some(error) if scopes.is_empty() => Err(error),
            _ => Ok(scopes),
        }
    }

    /// Every declared reference, with the name of the type that has it, in the order of registration.
    pub fn relationships(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static crate::descriptor::ReferenceDescriptor)> {
        self.models()
            .iter()
            .flat_map(|model| model.descriptor().references.iter().map(|reference| (model.name(), reference)))
    }

    /// The model at a position.
    pub(crate) fn model_at(&self, index: ModelIndex) -> &Model {
        &self.models()[index.0]
    }
}

fn changes(entries: Vec<Logged>) -> impl Iterator<Item = LoggedChange> {
    entries.into_iter().filter_map(|entry| match entry {
        Logged::Change(change) => Some(change),
        Logged::Event(_) => None,
    })
}
