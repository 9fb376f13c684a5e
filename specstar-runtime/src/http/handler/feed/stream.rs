//! The feed as Server-Sent Events (HTML Living Standard, section 9.2): each event has the position of its change as
//! its id, so that a client which comes back goes on behind the last one it has seen.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::Sent;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::http::HttpState;
use crate::http::call::Inbound;
use crate::http::reply;
use crate::repository::{Caller, FeedOf, FeedPage};

/// How often a quiet stream shows that it is alive, so that proxies leave it open.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a quiet stream goes on before it is looked at whether its reader may still read.
const REVIEW: Duration = Duration::from_secs(10);

/// Answers with what the page has, and then with what happens from now on.
pub(super) fn respond(
    inbound: &Inbound<'_>,
    of: FeedOf,
    first: &FeedPage,
    limit: usize,
) -> Result<Response<Body>> {
    let state = Arc::clone(inbound.state);
    let log = state.service.store().watch_log();
    let stopping = state.stopping.subscribe();
    let first = Sent::of(&state.service, first)?;
    let caller = inbound.caller.clone();
    let mut reader = Reader {
        state,
        caller,
        of,
        limit,
        log,
        stopping,
        ready: VecDeque::new(),
        after: 0,
        more: false,
        over: false,
    };
    reader.take(first);
    let events = Sse::new(reader.events()).keep_alive(KeepAlive::new().interval(ALIVE));
    let mut response = events.into_response();
    // Proxies that gather an answer before they hand it on would hold the events back.
    reply::set(&mut response, header::HeaderName::from_static("x-accel-buffering"), "no");
    Ok(response)
}

/// One open stream.
struct Reader {
    state: Arc<HttpState>,
    caller: Caller,
    of: FeedOf,
    limit: usize,
    /// Tells that the log has grown.
    log: watch::Receiver<i64>,
    stopping: watch::Receiver<bool>,
    /// What is to be sent next.
    ready: VecDeque<Event>,
    /// Everything up to here was sent, or does not concern the reader.
    after: i64,
    /// There is more behind it already.
    more: bool,
    /// Nothing follows what is ready.
    over: bool,
}

impl Reader {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut reader| async move {
            let event = reader.next().await?;
            Some((Ok(event), reader))
        })
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over || *self.stopping.borrow() {
                return None;
            }
            if !self.more {
                self.wait().await;
            }
            match self.read().await {
                Ok(page) => self.take(page),
                Err(error) => self.fail(&error),
            }
        }
    }

    /// Waits until there may be something new, or it is time to look whether the reader may still read.
    async fn wait(&mut self) {
        let grown = async {
            if *self.log.borrow_and_update() <= self.after && self.log.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let stopped = async {
            // The sender lives as long as the state, which this reader holds.
            let _ = self.stopping.wait_for(|stopping| *stopping).await;
        };
        tokio::select! {
            () = grown => {}
            () = stopped => {}
            () = tokio::time::sleep(REVIEW) => {}
        }
    }

    async fn read(&mut self) -> Result<Sent> {
        let now: Timestamp = self.state.clock.now(None)?;
        if self.caller.principal().expires().is_some_and(|end| end <= now) {
            return Err(Error::Unauthenticated);
        }
        let page = self.state.service.feed(&self.of, self.after, self.limit, &self.caller).await?;
        Sent::of(&self.state.service, &page)
    }

    fn take(&mut self, page: Sent) {
        let last = page.changes.last().map(|(position, _)| *position);
        for (position, text) in page.changes {
            self.ready.push_back(Event::default().id(position.to_string()).event("change").data(text));
        }
        // An event without data is not given to the program of the reader, but moves the place it comes back to.
        if page.next > last.unwrap_or(self.after) {
            self.ready.push_back(Event::default().id(page.next.to_string()));
        }
        self.after = self.after.max(page.next);
        self.more = page.has_more;
    }

    /// The last event says why the stream ends, in the form of every error.
    fn fail(&mut self, error: &Error) {
        let text = reply::error_text(error, self.state.settings.structured_errors);
        self.ready.push_back(Event::default().event("error").data(text));
        self.over = true;
    }
}
