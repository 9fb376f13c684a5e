//! The operations with types.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{
    Caller, FeedOf, FeedPage, Mode, Model, PatchDocument, ReadOptions, Referrers, ReplaceOptions, Selection,
    Service, Snapshot, Written,
};
use crate::access::Principal;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::id;
use crate::json::IndexValue;
use crate::meta::{Head, Revision, RevisionStatus};
use crate::resource::{Resource, payload::Payload};
use crate::schema::readable_revision;
use crate::store::{JobLine, JobRow};
use crate::timeline::{Direction, HistoryRequest, Keep, Preconditions};

/// The resources of one type, for the program itself.
///
/// What it does is not asked of the access control; what it writes is recorded in the name of
/// [`acting_as`](Self::acting_as).
pub struct Repository<R> {
    pub(super) service: Arc<Service>,
    clock: Arc<dyn Clock>,
    /// Seconds east of UTC of the calendar.
    pub(super) utc_offset: i32,
    model: usize,
    principal: Principal,
    resource: PhantomData<fn() -> R>,
}

/// A resource as it was read.
#[derive(Clone, Debug)]
pub struct Stored<R> {
    /// The content of the revision that was asked for.
    pub data: R,
    /// That revision, its payload left empty.
    pub revision: Revision,
    /// The resource as it is now, payload left empty.
    pub head: Head,
}

impl<R> Stored<R> {
    /// The id of the resource.
    pub fn resource_id(&self) -> &str {
        &self.head.resource_id
    }

    /// The id of the revision.
    pub fn revision_id(&self) -> String {
        id::revision_id(&self.head.resource_id, self.revision.seq)
    }
}

impl<R> Clone for Repository<R> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
            clock: Arc::clone(&self.clock),
            utc_offset: self.utc_offset,
            model: self.model,
            principal: self.principal.clone(),
            resource: PhantomData,
        }
    }
}

impl<R> std::fmt::Debug for Repository<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("model", &self.model().name()).finish_non_exhaustive()
    }
}

impl<R> Repository<R> {
    /// The same resources, written in the name of `user`.
    #[must_use]
    pub fn acting_as(mut self, user: impl Into<String>) -> Self {
        self.principal = Principal::user(user);
        self
    }

    /// The same resources, written in the name of somebody whose roles are known as well.
    pub(crate) fn in_the_name_of(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    pub(super) fn model(&self) -> &Model {
        &self.service.models()[self.model]
    }

    pub(super) fn caller(&self) -> Result<Caller> {
        Ok(Caller::program(self.principal.clone(), self.clock.now(None)?))
    }

    /// Soft-deletes a resource, with what depends on it.
    pub async fn delete(&self, resource_id: &str) -> Result<Head> {
        self.service.delete(self.model(), resource_id, &Preconditions::none(), &self.caller()?).await
    }

    /// Ends a soft delete, with what it took along; a live resource stays as it is.
    pub async fn restore(&self, resource_id: &str) -> Result<Head> {
        let expected = Preconditions::none();
        self.service.restore(self.model(), resource_id, &expected, None, &self.caller()?).await
    }

    /// The same, and says whether what the delete took along is restored too.
    pub async fn restore_with(&self, resource_id: &str, cascade: bool) -> Result<Head> {
        let expected = Preconditions::none();
        self.service.restore(self.model(), resource_id, &expected, Some(cascade), &self.caller()?).await
    }

    /// Takes back what one revision changed, by a new revision; [`Error::Conflict`] where a later one changed the
    /// same values.
    pub async fn undo(&self, resource_id: &str, revision: &str) -> Result<Written> {
        let options = ReplaceOptions::default();
        self.service.undo(self.model(), resource_id, revision, options, &self.caller()?).await
    }

    /// The JSON Patch (RFC 6902), as JSON, that makes one revision of another one, each by number or id.
    pub async fn diff(&self, resource_id: &str, from: &str, to: &str) -> Result<Vec<u8>> {
        let pair = (Some(from), Some(to));
        self.service.diff(self.model(), resource_id, pair, true, &self.caller()?).await
    }

    /// The live resources that refer to a live one, by the field that refers.
    pub async fn referrers(&self, resource_id: &str) -> Result<Vec<Referrers>> {
        let all = Selection::MOST_ROWS;
        let found = self.service.referrers(self.model(), resource_id, all, 0, &self.caller()?).await?;
        Ok(found.0)
    }

    /// A page of what happened to these resources behind a position of the log, in the order of the commits.
    pub async fn changes(&self, since: i64, limit: usize) -> Result<FeedPage> {
        self.service.feed(&FeedOf::Model(self.model().index), since, limit, &self.caller()?).await
    }

    /// Makes another revision the current one, by number or id.
    pub async fn switch(&self, resource_id: &str, revision: &str) -> Result<Head> {
        let expected = Preconditions::none();
        self.service.switch(self.model(), resource_id, revision, &expected, &self.caller()?).await
    }

    /// Removes a resource and its history for good.
    pub async fn delete_permanently(&self, resource_id: &str) -> Result<Head> {
        let expected = Preconditions::none();
        self.service.delete_permanently(self.model(), resource_id, &expected, &self.caller()?).await
    }

    /// Removes superseded revisions for good and gives their numbers.
    pub async fn prune(&self, resource_id: &str, keep: Keep) -> Result<Vec<i64>> {
        self.service.prune(self.model(), resource_id, keep, &self.caller()?).await
    }

    /// Every revision, newest first, payloads left empty.
    pub async fn revisions(&self, resource_id: &str) -> Result<Vec<Revision>> {
        let request = HistoryRequest {
            direction: Direction::Descending,
            created_from: None,
            created_to: None,
            from_revision_id: None,
            chain_only: false,
            offset: 0,
            limit: usize::MAX,
        };
        let caller = self.caller()?;
        let (_, page) = self.service.revisions(self.model(), resource_id, &request, true, &caller).await?;
        Ok(page.revisions)
    }

    pub(crate) async fn job_row(&self, resource_id: &str) -> Result<JobRow> {
        self.service.job_row(self.model(), resource_id, &self.caller()?).await
    }

    pub(crate) async fn job_log(&self, resource_id: &str, run: Option<u32>) -> Result<Vec<JobLine>> {
        self.service.job_log(self.model(), resource_id, run, &self.caller()?).await
    }

    pub(crate) async fn rerun(&self, resource_id: &str) -> Result<Written> {
        self.service.rerun(self.model(), resource_id, &self.caller()?).await
    }

    pub(crate) async fn cancel(&self, resource_id: &str) -> Result<JobRow> {
        self.service.cancel(self.model(), resource_id, &self.caller()?).await
    }

    /// Patches the content.
    pub async fn patch(&self, resource_id: &str, patch: &PatchDocument) -> Result<Written> {
        let options = ReplaceOptions::default();
        self.service.patch(self.model(), resource_id, patch, options, &self.caller()?).await
    }

    /// Changes the status of the current revision in place.
    pub async fn set_status(&self, resource_id: &str, status: RevisionStatus) -> Result<Written> {
        let options =
            ReplaceOptions { mode: Mode::Modify, status: Some(status), ..ReplaceOptions::default() };
        self.service.replace(self.model(), resource_id, None, options, &self.caller()?).await
    }
}

impl<R: Resource> Repository<R> {
    /// The resources of this type; `None` when the type is not among those of the service.
    pub(crate) fn new(service: Arc<Service>, clock: Arc<dyn Clock>, utc_offset: i32) -> Option<Self> {
        let registered = |model: &Model| model.descriptor().id.path_hash == R::ID.path_hash;
        let model = service.models().iter().position(registered)?;
        Some(Self {
            service,
            clock,
            utc_offset,
            model,
            principal: Principal::Anonymous,
            resource: PhantomData,
        })
    }
}

impl<R: Resource + Payload> Repository<R> {
    /// A new resource under a generated id.
    pub async fn create(&self, value: &R) -> Result<Written> {
        let body = value.encode()?;
        self.service.create(self.model(), &body, None, &self.caller()?).await
    }

    /// A new resource under a chosen id; [`Error::PreconditionFailed`] when the id exists.
    pub async fn create_at(&self, resource_id: &str, value: &R) -> Result<Written> {
        let body = value.encode()?;
        self.service.create_at(self.model(), resource_id, &body, None, &self.caller()?).await
    }

    /// Reads a live resource; [`Error::NotFound`] and [`Error::Deleted`] otherwise.
    pub async fn get(&self, resource_id: &str) -> Result<Stored<R>> {
        self.get_with(resource_id, ReadOptions::default()).await
    }

    /// Reads a resource, one of its revisions, or a deleted one.
    pub async fn get_with(&self, resource_id: &str, options: ReadOptions<'_>) -> Result<Stored<R>> {
        let snapshot = self.service.read(self.model(), resource_id, options, &self.caller()?).await?;
        stored(snapshot)
    }

    /// New content as a new revision; identical content writes nothing.
    pub async fn update(&self, resource_id: &str, value: &R) -> Result<Written> {
        self.replace(resource_id, value, ReplaceOptions::default()).await
    }

    /// New content, as a new revision or in place, under preconditions.
    pub async fn replace(&self, resource_id: &str, value: &R, options: ReplaceOptions) -> Result<Written> {
        let body = value.encode()?;
        self.service.replace(self.model(), resource_id, Some(&body), options, &self.caller()?).await
    }

    /// An update, or a create under this id when there is no such resource. A deleted one is an error.
    pub async fn upsert(&self, resource_id: &str, value: &R) -> Result<Written> {
        loop {
            match self.update(resource_id, value).await {
                Err(Error::NotFound { .. }) => {}
                done => return done,
            }
            match self.create_at(resource_id, value).await {
                // Somebody made it in between: update that one.
                Err(Error::PreconditionFailed { .. }) => {}
                done => return done,
            }
        }
    }

    /// The live resource with these values under the unique constraint at that position.
    pub fn find_unique(
        &self,
        unique: usize,
        values: Vec<IndexValue>,
    ) -> BoxFuture<'_, Result<Option<Stored<R>>>> {
        Box::pin(async move {
            let found = self.service.find_unique(self.model(), unique, &values).await?;
            found.map(|head| stored(Snapshot { head, older: None })).transpose()
        })
    }
}

pub(super) fn stored<R: Payload>(snapshot: Snapshot) -> Result<Stored<R>> {
    readable_revision(&snapshot.head.resource_id, &snapshot.revision().as_ref())?;
    let data = R::decode(&snapshot.revision().data)?;
    let revision = snapshot.revision().without_data();
    let head = Head { revision: snapshot.head.revision.without_data(), ..snapshot.head };
    Ok(Stored { data, revision, head })
}

impl Service {
    async fn find_unique(&self, model: &Model, unique: usize, values: &[IndexValue]) -> Result<Option<Head>> {
        let Some(constraint) = model.descriptor().uniques.get(unique) else {
            return Err(Error::internal(format!("`{}` has no unique constraint {unique}", model.name())));
        };
        debug_assert_eq!(constraint.indexes.len(), values.len(), "the derive gives one value per field");
        self.holder(model, unique, values).await
    }
}
