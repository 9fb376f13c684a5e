//! What an open stream looks at again and again: who reads, and what there is to read.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::Sent;
use super::{BELIEVED, Reader};
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::repository::{Caller, FeedEnd, FeedOf, FeedPage};

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
            Err(error @ (Error::NotFound { .. } | Error::PermissionDenied { .. })) => {
                self.last_words(Some(error)).await?
            }
            page => page?,
        };
        self.take(Sent::of(&self.state.service, &page)?);
        Ok(())
    }

    /// What is left to tell of a resource that is gone for good, to a reader that could read it until then; the error
    /// when it is still there.
    async fn last_words(&mut self, error: Option<Error>) -> Result<FeedPage> {
        let (FeedOf::Resource(index, resource_id), Some(pk)) = (&self.of, self.row) else {
            return Err(error.unwrap_or_else(|| Error::internal("a page of one resource without its row")));
        };
        let error = error.unwrap_or_else(|| Error::NotFound { resource_id: resource_id.clone() });
        let (state, caller, after, limit) =
            (Arc::clone(&self.state), self.caller.clone(), self.after, self.limit);
        let (index, resource_id) = (*index, resource_id.clone());
        let of = resource_id.clone();
        let end = self.apart(async move {
            let _place = state.settings.stream_reads.acquire().await.map_err(Error::internal)?;
            state.service.feed_end(index, (&of, pk), after, limit, &caller).await
        });
        match end.await? {
            FeedEnd::Told(page) => {
                self.over = true;
                Ok(page)
            }
            FeedEnd::Hidden if self.gone.get_or_insert_with(Instant::now).elapsed() < HIDDEN => {
                let reason = format!("the log does not tell yet what became of '{resource_id}'");
                Err(Error::Unavailable { reason, retry_after: 1 })
            }
            FeedEnd::Hidden | FeedEnd::There => Err(error),
        }
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
