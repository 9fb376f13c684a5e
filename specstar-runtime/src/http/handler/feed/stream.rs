//! The feed as Server-Sent Events (HTML Living Standard, section 9.2): each event has the position of its change as
//! its id, so that a client which comes back goes on behind the last one it has seen.

mod look;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Sent, first_page};
use crate::error::{Error, Result};
use crate::http::HttpState;
use crate::http::call::Inbound;
use crate::http::reply;
use crate::repository::{Caller, FeedOf};

/// How often a quiet stream shows that it is alive, so that proxies leave it open.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a quiet stream goes on before it is looked at whether its reader may still read.
const REVIEW: Duration = Duration::from_secs(10);
/// How long it is believed who reads, while there is something to send.
const BELIEVED: Duration = Duration::from_secs(1);
/// The first pause while the database is away; each one after it is twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Answers with what there is behind a position, and then with what happens from now on.
pub(super) async fn respond(
    inbound: &Inbound<'_>,
    of: FeedOf,
    since: i64,
    limit: usize,
) -> Result<Response<Body>> {
    let state = Arc::clone(inbound.state);
    let asked = Instant::now();
    let mut log = state.service.store().watch_log();
    log.borrow_and_update();
    let first = first_page(inbound, &of, since, limit).await?;
    let row = first.pk;
    let first = Sent::of(&state.service, &first)?;
    let mut reader = Reader {
        stopping: state.stopping.subscribe(),
        state,
        parts: Arc::new(inbound.parts().clone()),
        caller: inbound.caller.clone(),
        of,
        row,
        limit,
        log,
        ready: VecDeque::new(),
        sent: since,
        after: since,
        more: false,
        over: false,
        gone: None,
        asked,
        pause: FIRST,
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
    /// The head of the request, to ask again who reads.
    parts: Arc<Parts>,
    caller: Caller,
    of: FeedOf,
    /// The row of the one resource that is watched.
    row: Option<i64>,
    limit: usize,
    /// Tells that the log has grown.
    log: watch::Receiver<i64>,
    stopping: watch::Receiver<bool>,
    /// What is to be sent next, each with the position it ends at.
    ready: VecDeque<(i64, Event)>,
    /// Everything up to here was sent, or does not concern the reader.
    sent: i64,
    /// Everything up to here was read.
    after: i64,
    /// There is more behind it already.
    more: bool,
    /// Nothing follows what is ready.
    over: bool,
    /// When it was found that the resource is gone, while the log does not tell of it yet.
    gone: Option<Instant>,
    /// When it was last asked who reads.
    asked: Instant,
    /// How long to wait should the database be away.
    pause: Duration,
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
        let mut stopping = self.stopping.clone();
        loop {
            // What somebody might read a while ago is no reason to send it.
            if self.asked.elapsed() < BELIEVED
                && let Some((position, event)) = self.ready.pop_front()
            {
                self.sent = position;
                return Some(event);
            }
            if *stopping.borrow() || (self.over && self.ready.is_empty()) {
                return None;
            }
            // The sender lives as long as the state, which this reader holds.
            tokio::select! {
                () = self.step() => {}
                _ = stopping.wait_for(|stopping| *stopping) => return None,
            }
        }
    }

    /// Does what is due: asks who reads, waits, reads.
    async fn step(&mut self) {
        match self.work().await {
            Ok(()) => self.pause = FIRST,
            // It may come back, and readers that have to come back themselves would do so all at once.
            Err(Error::Unavailable { .. }) => {
                tokio::time::sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST);
                self.more = true;
            }
            Err(error) => self.fail(&error),
        }
    }

    async fn work(&mut self) -> Result<()> {
        if !self.ready.is_empty() {
            // What waits was read for who it was before, and when.
            self.ready.clear();
            (self.after, self.more, self.over) = (self.sent, true, false);
        }
        if !self.more {
            self.quiet().await;
        }
        let doubtful = self.is_doubtful()?;
        if doubtful {
            self.identify().await?;
        }
        self.read().await?;
        if doubtful {
            // From the read on, so that a slow one leaves time to send what it found.
            self.asked = Instant::now();
        }
        Ok(())
    }

    /// Waits until there may be something new, or it is time to look whether the reader may still read.
    async fn quiet(&mut self) {
        let grown = async {
            if self.log.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // Either way it is read next.
        let _ = tokio::time::timeout(REVIEW, grown).await;
    }

    /// Makes events of a page.
    fn take(&mut self, page: Sent) {
        let last = page.changes.last().map(|(position, _)| *position);
        for (position, text) in page.changes {
            let event = Event::default().id(position.to_string()).event("change").data(text);
            self.ready.push_back((position, event));
        }
        // An event without data is not given to the program of the reader, but moves the place it comes back to.
        if page.next > last.unwrap_or(self.after) {
            self.ready.push_back((page.next, Event::default().id(page.next.to_string())));
        }
        self.after = self.after.max(page.next);
        self.more = page.has_more;
    }

    /// The last event says why the stream ends, in the form of every error. What waits is not sent any more.
    fn fail(&mut self, error: &Error) {
        let text = reply::error_text(error, self.state.settings.structured_errors);
        self.ready.clear();
        self.ready.push_back((self.sent, Event::default().event("error").data(text)));
        (self.over, self.asked) = (true, Instant::now());
    }
}
