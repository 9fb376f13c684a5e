//! Gives a subscriber one entry of the log after the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::watch;

use super::{Event, Subscriber, What};
use crate::change::Logged;
use crate::id;
use crate::repository::Service;
use crate::store::{LogRequest, LogScope, StoreError};

/// Entries read at once.
const BATCH: usize = 100;
/// The longest time between an entry that was handled and the note of it.
const NOTE: Duration = Duration::from_millis(250);
/// The first pause after a failure; each one after it is twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// How long a subscriber may go on with its entry when the application ends.
const GRACE: Duration = Duration::from_secs(5);

/// A subscriber and how far it has come.
pub(crate) struct Dispatcher {
    name: String,
    subscriber: Arc<dyn Subscriber>,
    service: Arc<Service>,
    stopping: watch::Receiver<bool>,
    /// Handled up to here.
    at: i64,
    /// Noted in the database up to here.
    noted: i64,
    last_note: Instant,
}

impl Dispatcher {
    /// A subscriber that is new to the database is told what happens from now on: the place is noted before
    /// anything else is done.
    pub(crate) async fn new(
        name: String,
        subscriber: Arc<dyn Subscriber>,
        service: Arc<Service>,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, StoreError> {
        let store = service.store();
        let at = if let Some(at) = store.acknowledged(&name).await? {
            at
        } else {
            let end = store.log_end().await?;
            store.acknowledge(&name, end).await?;
            end
        };
        Ok(Self { name, subscriber, service, stopping, at, noted: at, last_note: Instant::now() })
    }

    /// Runs until the application ends.
    pub(crate) async fn run(mut self) {
        let mut log = self.service.store().watch_log();
        while !self.over() {
            // Seen before it is read: what comes later ends the wait. Positions say nothing, for a file that
            // another one took the place of may hold fewer than were told.
            log.borrow_and_update();
            match self.batch().await {
                Ok(true) => {}
                Ok(false) => {
                    self.note().await;
                    self.wait(&mut log).await;
                }
                Err(error) => {
                    tracing::warn!(subscriber = self.name, %error, "the log of changes could not be read");
                    self.pause(FIRST * 10).await;
                }
            }
        }
        self.note().await;
    }

    /// Handles what is there; `false` when nothing is.
    async fn batch(&mut self) -> Result<bool, StoreError> {
        let request = LogRequest { after: self.at, of: LogScope::Everything, limit: BATCH };
        let page = self.service.store().log(request).await?;
        for entry in page.entries {
            let position = entry.position();
            let event = self.event(entry);
            if !self.handled(&event).await {
                return Ok(true);
            }
            self.at = position;
            if self.last_note.elapsed() >= NOTE {
                self.note().await;
            }
        }
        let moved = page.end > self.at || page.has_more;
        self.at = self.at.max(page.end);
        Ok(moved)
    }

    fn event(&self, entry: Logged) -> Event {
        match entry {
            Logged::Change(change) => Event {
                position: change.position,
                time: change.at.time,
                by: change.at.by,
                what: What::Change {
                    model: self.service.model_at(change.model).name(),
                    kind: change.kind,
                    revision_id: id::revision_id(&change.resource_id, change.seq),
                    resource_id: change.resource_id,
                    version: change.version,
                },
            },
            Logged::Event(event) => Event {
                position: event.position,
                time: event.at.time,
                by: event.at.by,
                what: What::Message { name: event.name, body: event.body },
            },
        }
    }

    /// Gives an entry again until it is handled; `false` when the application ends before.
    async fn handled(&mut self, event: &Event) -> bool {
        let mut pause = FIRST;
        while !self.over() {
            // Inside of an async block, so that a panic before there is a future is caught as well.
            let handled = AssertUnwindSafe(async { self.subscriber.handle(event).await }).catch_unwind();
            let handled = tokio::select! {
                handled = handled => Some(handled),
                () = self.out_of_time() => None,
            };
            let (subscriber, position) = (&self.name, event.position);
            let failed = match handled {
                Some(Ok(Ok(()))) => return true,
                Some(Ok(Err(error))) => error.to_string(),
                Some(Err(_)) => "it panicked".to_owned(),
                None => {
                    tracing::error!(
                        subscriber,
                        position,
                        "a subscriber did not end: the entry is given again at the next start"
                    );
                    return false;
                }
            };
            tracing::error!(subscriber, position, failed, "a subscriber failed: the entry is given again");
            // What was handled before is not given again with it after a crash.
            self.note().await;
            self.pause(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
        false
    }

    /// Some time after the application has begun to end.
    async fn out_of_time(&self) {
        let mut stopping = self.stopping.clone();
        // An error says that nobody holds the application any more.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(GRACE).await;
    }

    /// Remembers how far the subscriber has come. Should it fail, the entries since are given again.
    async fn note(&mut self) {
        self.last_note = Instant::now();
        if self.at <= self.noted {
            return;
        }
        match self.service.store().acknowledge(&self.name, self.at).await {
            Ok(()) => self.noted = self.at,
            Err(error) => {
                tracing::warn!(subscriber = self.name, %error, "the place of a subscriber could not be noted");
            }
        }
    }

    async fn wait(&mut self, log: &mut watch::Receiver<i64>) {
        let lost = tokio::select! {
            changed = log.changed() => changed.is_err(),
            _ = self.stopping.wait_for(|stopping| *stopping) => false,
        };
        if lost {
            self.pause(LONGEST).await;
        }
    }

    /// Whether the application ends, or nobody holds it any more.
    fn over(&self) -> bool {
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    async fn pause(&mut self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
        }
    }
}
