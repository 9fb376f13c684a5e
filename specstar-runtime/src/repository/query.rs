//! Queries of a program: lists, counts, streams, and changes of all matches.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use xxhash_rust::xxh3::xxh3_64;

use super::batch::{collected, collector, owned};
use super::typed::{Repository, Stored, stored};
use super::{Caller, Model, Selection, Service, Snapshot};
use crate::descriptor::{OnDecodeError, ResourceDescriptor};
use crate::error::{Error, Result};
use crate::meta::Head;
use crate::qb::{self, Context, SortTerm};
use crate::query::cursor;
use crate::query::{DeletedFilter, Field, Scope, Target, UnindexedPolicy};
use crate::resource::{Resource, payload::Payload};
use crate::select::Select;
use crate::store::{Freshness, PageEnd};

/// How many resources a stream reads at once.
const BATCH: u64 = 100;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<R> {
    /// The resources, in order.
    pub items: Vec<Stored<R>>,
    /// Where the next page begins, for [`Select::cursor`]; `None` behind the last one.
    pub next: Option<String>,
}

/// A query that can run.
struct Asked {
    selection: Selection,
    fingerprint: u64,
}

impl<R: Resource> Repository<R> {
    fn asked(&self, select: Select<R>, state: Option<DeletedFilter>, caller: &Caller) -> Result<Asked> {
        let (query, cursor) = select.into_parts();
        let context =
            Context { unindexed: UnindexedPolicy::Error, now: caller.now(), utc_offset: self.utc_offset };
        asked(self.model(), &query, cursor.as_deref(), state, &context)
    }

    /// How many resources match; the page of the selection has no influence.
    pub async fn count(&self, select: impl Into<Select<R>>) -> Result<u64> {
        let caller = self.caller()?;
        let Asked { selection, .. } = self.asked(select.into(), None, &caller)?;
        self.service.count(self.model(), selection.predicate, Freshness::Current, &caller).await
    }

    /// Soft-deletes every live match and what depends on it, or none, and gives them as they are then. At most as many as one commit may
    /// change; more are [`Error::TooManyChanges`].
    pub async fn delete_all(&self, select: impl Into<Select<R>>) -> Result<Vec<Head>> {
        let caller = self.caller()?;
        let Asked { selection, .. } = self.asked(select.into(), Some(DeletedFilter::Live), &caller)?;
        self.service.delete_all(self.model(), selection, &caller).await
    }

    /// Restores every soft-deleted match, with what its delete took along, or none, and gives them as they are then. At most as many as one commit
    /// may change; more are [`Error::TooManyChanges`].
    pub async fn restore_all(&self, select: impl Into<Select<R>>) -> Result<Vec<Head>> {
        let caller = self.caller()?;
        let Asked { selection, .. } = self.asked(select.into(), Some(DeletedFilter::Deleted), &caller)?;
        self.service.restore_all(self.model(), selection, None, &caller).await
    }
}

impl<R: Resource + Payload> Repository<R> {
    /// The selected page. Without a limit it is every match: [`stream`](Self::stream) takes less memory.
    ///
    /// ```no_run
    /// # use specstar_runtime::{repository::Repository, resource::{Resource, payload::Payload}, error::Result};
    /// # async fn example<User: Resource + Payload>(users: Repository<User>) -> Result<()> {
    /// let recent = User::META.updated_time.last_n_days(7).order_by(User::META.updated_time.desc()).limit(20);
    /// let first = users.list(recent.clone()).await?;
    /// if let Some(next) = first.next {
    ///     let second = users.list(recent.cursor(next)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self, select: impl Into<Select<R>>) -> Result<Page<R>> {
        let caller = self.caller()?;
        let Asked { selection, fingerprint } = self.asked(select.into(), None, &caller)?;
        let (heads, end) = self.service.heads(self.model(), selection, &caller).await?;
        let next = end.last.map(|position| cursor::encode(&position, fingerprint));
        Ok(Page { items: decoded(self.model(), heads)?, next })
    }

    /// The first match, if there is one.
    pub async fn first(&self, select: impl Into<Select<R>>) -> Result<Option<Stored<R>>> {
        let page = self.list(select.into().limit(1)).await?;
        Ok(page.items.into_iter().next())
    }

    /// Every match of the selection, one after the other. It is read in pages, each behind the last resource of
    /// the one before: what is created or deleted meanwhile moves nothing else into view twice or out of it. A
    /// resource whose sort key changes is seen where it stands then.
    ///
    /// ```no_run
    /// # use specstar_runtime::{repository::Repository, resource::{Resource, payload::Payload}, error::Result};
    /// use futures_util::TryStreamExt;
    /// use specstar_runtime::select::Select;
    ///
    /// # async fn example<User: Resource + Payload + Send>(users: Repository<User>) -> Result<()> {
    /// let mut everybody = users.stream(Select::all());
    /// while let Some(user) = everybody.try_next().await? {
    ///     println!("{}", user.resource_id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(&self, select: impl Into<Select<R>>) -> BoxStream<'static, Result<Stored<R>>>
    where
        R: Send,
    {
        let walk = Walk { repository: self.clone(), next: Next::Begin(select.into()) };
        stream::try_unfold(walk, Walk::page)
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }
}

/// A stream between two pages.
struct Walk<R> {
    repository: Repository<R>,
    next: Next<R>,
}

enum Next<R> {
    Begin(Select<R>),
    Page(Box<(Selection, Caller)>),
    End,
}

impl<R: Resource + Payload> Walk<R> {
    async fn page(self) -> Result<Option<(Vec<Stored<R>>, Self)>> {
        let Self { repository, next } = self;
        let (mut selection, caller) = match next {
            Next::End => return Ok(None),
            Next::Page(rest) => *rest,
            // The calendar is that of the beginning, however long the walk takes.
            Next::Begin(select) => {
                let caller = repository.caller()?;
                (repository.asked(select, None, &caller)?.selection, caller)
            }
        };
        let wanted = selection.limit;
        selection.limit = wanted.min(BATCH);
        let (heads, end) = repository.service.heads(repository.model(), selection.clone(), &caller).await?;
        let left = wanted - heads.len() as u64;
        let next = if end.has_more && left > 0 {
            behind(&mut selection, end, heads.len() as u64);
            selection.limit = left;
            Next::Page(Box::new((selection, caller)))
        } else {
            Next::End
        };
        let items = decoded(repository.model(), heads)?;
        Ok(Some((items, Self { repository, next })))
    }
}

/// The rest of a selection. An order without positions goes on by count.
fn behind(selection: &mut Selection, end: PageEnd, read: u64) {
    match end.last {
        Some(position) => {
            selection.after = Some(position);
            selection.offset = 0;
        }
        None => selection.offset += read,
    }
}

/// One that cannot be read fails them all, unless they are to be left out.
fn decoded<R: Payload>(model: &Model, mut heads: Vec<Head>) -> Result<Vec<Stored<R>>> {
    if model.settings.on_decode_error == OnDecodeError::Skip {
        heads.retain(|head| head.revision.problem().is_none());
    }
    heads.into_iter().map(|head| stored(Snapshot { head, older: None })).collect()
}

impl Service {
    /// The heads of one page.
    async fn heads(
        &self,
        model: &Model,
        selection: Selection,
        caller: &Caller,
    ) -> Result<(Vec<Head>, PageEnd)> {
        let (visit, found) = collector(owned);
        let end = self.search(model, selection, true, caller, visit).await?;
        Ok((collected(&found), end))
    }
}

/// Checks a query. A state that is given is the only one that is looked at.
fn asked(
    model: &Model,
    query: &qb::Query,
    cursor: Option<&str>,
    state: Option<DeletedFilter>,
    context: &Context,
) -> Result<Asked> {
    let checked = query.check(model.descriptor(), context)?;
    refuse_unsorted(query, model.descriptor())?;
    let state = state.unwrap_or_else(|| checked.default_state());
    let mut selection = Selection {
        predicate: Arc::new(state.predicate() & checked.predicate),
        sorts: checked.sorts,
        limit: query.limit.unwrap_or(Selection::MOST_ROWS).min(Selection::MOST_ROWS),
        offset: query.offset.unwrap_or(0).min(Selection::MOST_ROWS),
        after: None,
        freshness: Freshness::Current,
    };
    let fingerprint = fingerprint(model, query);
    if let Some(cursor) = cursor {
        selection.continue_behind(cursor, fingerprint, model.descriptor())?;
    }
    Ok(Asked { selection, fingerprint })
}

/// Of the condition and the order as text, and not of the page: `today()` is another day tomorrow, and the
/// pages go on.
fn fingerprint(model: &Model, query: &qb::Query) -> u64 {
    let mut unpaged = query.clone();
    (unpaged.limit, unpaged.offset) = (None, None);
    xxh3_64(format!("{} {unpaged}", model.name()).as_bytes())
}

/// A client may sort by what has no order, without effect; a program that does has a mistake in it.
fn refuse_unsorted(query: &qb::Query, descriptor: &ResourceDescriptor) -> Result<()> {
    for sort in &query.sorts {
        let SortTerm::Field(name) = &sort.by else { continue };
        match Target::find(descriptor, name, Scope::Everything).found() {
            Some((Field::Meta(field), _)) if !field.is_sort_key() => {}
            Some(_) => continue,
            None => {}
        }
        return Err(Error::InvalidQuery(format!("nothing can be sorted by `{name}`")));
    }
    Ok(())
}
