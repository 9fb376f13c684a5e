//! What an open stream looks at again and again: who reads, and what there is to read.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::Sent;
use super::{BELIEVED, Reader};
use crate::access::RowScope;
use crate::change::{ChangeKind, Logged};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::repository::{Caller, FeedOf, FeedPage, store_error};
use crate::store::{LogRequest, LogScope};

/// How long the last entry of a resource is waited for.
const HIDDEN: Duration = Duration::from_secs(10);

impl Reader {
    /// Asks again who reads: a key may have been revoked since, or a role taken away. Whether credentials still count
    /// is for whoever knows them to say, with the leeway that plain requests have.
    pub(super) async fn identify(&mut self) -> Result<()> {
        let (state, parts) = (Arc::clone(&self.state), Arc::clone(&self.parts));
        let who = self.apart(async move { state.principals.extract(&parts).await }).await?;
        let before = self.caller.principal();
        if (who.name(), who.is_anonymous()) != (before.name(), before.is_anonymous()) {
            return Err(Error::Unauthenticated);
        }
        self.caller = Caller::client(who, self.now()?);
        Ok(())
    }

    /// Whether it is time to ask again who reads.
    pub(super) fn is_doubtful(&self) -> Result<bool> {
        let now = self.now()?;
        let ended = self.caller.principal().expires().is_some_and(|end| end <= now);
        Ok(ended || self.asked.elapsed() >= BELIEVED)
    }

    fn now(&self) -> Result<Timestamp> {
        self.state.clock.now(Some(&self.parts))
    }

    /// Reads the next page, as a request of this moment would: rights can depend on the time.
    pub(super) async fn read(&mut self) -> Result<()> {
        self.caller = Caller::client(self.caller.principal().clone(), self.now()?);
        // Seen before it is read: what comes later ends the wait. Positions say nothing, for a file that another
        // one took the place of may hold fewer than were told.
        self.log.borrow_and_update();
        let (state, of, caller) = (Arc::clone(&self.state), self.of.clone(), self.caller.clone());
        let (after, limit) = (self.after, self.limit);
        let page = self.apart(async move {
            let _place = state.settings.stream_reads.acquire().await.map_err(Error::internal)?;
            state.service.feed(&of, after, limit, &caller).await
        });
        let page = match page.await {
            // Another resource has the id since.
            Ok(page) if page.pk != self.row => self.last_words(None).await?,
            Err(error @ Error::NotFound { .. }) => self.last_words(Some(error)).await?,
            page => page?,
        };
        self.take(Sent::of(&self.state.service, &page)?);
        Ok(())
    }

    /// What is left to tell of a resource that is gone for good, to a reader that could read it until then. The
    /// error when it is still there, or the reader may not know.
    async fn last_words(&mut self, error: Option<Error>) -> Result<FeedPage> {
        let (FeedOf::Resource(index, resource_id), Some(pk)) = (&self.of, self.row) else {
            return Err(error.unwrap_or_else(|| Error::internal("a page of one resource without its row")));
        };
        let error = error.unwrap_or_else(|| Error::NotFound { resource_id: resource_id.clone() });
        let (service, model) = (&self.state.service, self.state.service.model_at(*index));
        let scope = service.scope(model, &self.caller).await?;
        if matches!(scope, RowScope::None) {
            return Err(error);
        }
        let head = service.store().head(*index, resource_id).await.map_err(store_error)?;
        if head.is_some_and(|head| head.pk == pk) {
            return Err(error);
        }
        let mut page = FeedPage { changes: Vec::new(), next: self.after, has_more: true, pk: self.row };
        while page.has_more {
            // The log of one resource begins at its head, which is gone.
            let of = LogScope::Model(*index);
            let request = LogRequest { after: page.next, of, limit: self.limit };
            let read = service.store().log(request).await.map_err(store_error)?;
            (page.next, page.has_more) = (read.end, read.has_more);
            for entry in read.entries {
                let Logged::Change(change) = entry else { continue };
                if change.pk != pk {
                    continue;
                }
                // Where a scope holds, nothing tells whether the last changes had moved it out of it.
                if scope.is_all() || change.kind == ChangeKind::Purged {
                    page.changes.push(change);
                }
            }
        }
        if page.changes.last().is_none_or(|change| change.kind != ChangeKind::Purged) {
            // Rows are seen at once, entries only when nothing before them can come any more.
            if self.gone.get_or_insert_with(Instant::now).elapsed() < HIDDEN {
                let reason = format!("the log does not tell yet what became of '{resource_id}'");
                return Err(Error::Unavailable { reason, retry_after: 1 });
            }
            return Err(error);
        }
        self.over = true;
        Ok(page)
    }

    /// Does it on a task of its own, which ends with this future. A reader that takes nothing is not polled: work
    /// of its own would keep its place among the few that read for as long as it likes.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let limit = self.state.settings.request_timeout;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                let reason = format!("a stream waited longer than {limit:?}");
                Err(Error::Unavailable { reason, retry_after: 1 })
            })
        });
        match tasks.join_next().await {
            Some(ended) => ended.map_err(Error::internal)?,
            None => Err(Error::internal("a task that was started is missing")),
        }
    }
}
