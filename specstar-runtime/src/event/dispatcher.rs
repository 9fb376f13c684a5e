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
/// For how long nobody else gives entries to a subscriber when its process says nothing.
const LEAD: Duration = Duration::from_secs(10);
/// How often a process says that it goes on.
const RENEW: Duration = Duration::from_secs(3);
/// How often the others look whether it does.
const LOOK: Duration = Duration::from_secs(1);
/// How long a subscriber may go on with its entry when the application ends.
const GRACE: Duration = Duration::from_secs(5);

/// A subscriber and how far it has come.
pub(crate) struct Dispatcher {
    name: String,
    subscriber: Arc<dyn Subscriber>,
    service: Arc<Service>,
    stopping: watch::Receiver<bool>,
    /// Who gives it its entries: of the processes on one database one does.
    leader: String,
    /// When this process said last that it does; `None` while another one does.
    led: Option<Instant>,
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
        service.store().subscribe(&name).await?;
        let leader = nanoid::nanoid!();
        let last_note = Instant::now();
        Ok(Self { name, subscriber, service, stopping, leader, led: None, at: 0, noted: 0, last_note })
    }

    /// Runs until the application ends.
    pub(crate) async fn run(mut self) {
        let mut log = self.service.store().watch_log();
        while !self.over() {
            if !self.leads().await {
                self.pause(LOOK).await;
                continue;
            }
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
        if self.led.is_some()
            && let Err(error) = self.service.store().resign(&self.name, &self.leader).await
        {
            tracing::debug!(subscriber = self.name, %error, "another process goes on after a while");
        }
    }

    /// Whether this process gives the entries, which it says again from time to time.
    async fn leads(&mut self) -> bool {
        if self.led.is_some_and(|led| led.elapsed() < RENEW) {
            return true;
        }
        let asked = Instant::now();
        match self.service.store().lead(&self.name, &self.leader, LEAD).await {
            Ok(Some(position)) => {
                if self.led.is_none() {
                    // Others may have gone on since.
                    (self.at, self.noted) = (position, position);
                }
                self.led = Some(asked);
            }
            Ok(None) => self.led = None,
            Err(error) => {
                tracing::warn!(subscriber = self.name, %error, "it is not known who tells a subscriber");
                // By now another one may.
                self.led = self.led.filter(|led| led.elapsed() < LEAD);
            }
        }
        self.led.is_some()
    }

    /// Handles what is there; `false` when nothing is.
    async fn batch(&mut self) -> Result<bool, StoreError> {
        let request = LogRequest { after: self.at, of: LogScope::Everything, limit: BATCH };
        let page = self.service.store().log(request).await?;
        for entry in page.entries {
            let position = entry.position();
            // Another process may have had the lead meanwhile, and gone on.
            if position <= self.at {
                continue;
            }
            let event = self.event(entry);
            if !self.leads().await || !self.handled(&event).await {
                return Ok(true);
            }
            self.at = self.at.max(position);
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

    /// Gives an entry again until it is handled; `false` when the application ends before, or another process leads.
    async fn handled(&mut self, event: &Event) -> bool {
        let mut pause = FIRST;
        let subscriber = Arc::clone(&self.subscriber);
        while !self.over() && self.leads().await {
            // Inside of an async block, so that a panic before there is a future is caught as well.
            let handled = AssertUnwindSafe(async { subscriber.handle(event).await }).catch_unwind();
            let mut handled = std::pin::pin!(handled);
            let mut out_of_time = std::pin::pin!(out_of_time(self.stopping.clone()));
            let handled = loop {
                tokio::select! {
                    handled = &mut handled => break Some(handled),
                    () = &mut out_of_time => break None,
                    // What was begun is ended, whoever leads by then.
                    () = tokio::time::sleep(RENEW) => {}
                }
                self.leads().await;
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
        while self.leads().await {
            let lost = tokio::select! {
                changed = log.changed() => changed.is_err(),
                _ = self.stopping.wait_for(|stopping| *stopping) => false,
                () = tokio::time::sleep(RENEW) => continue,
            };
            if lost {
                self.pause(LONGEST).await;
            }
            return;
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

/// Some time after the application has begun to end.
async fn out_of_time(mut stopping: watch::Receiver<bool>) {
    // An error says that nobody holds the application any more.
    let _ = stopping.wait_for(|stopping| *stopping).await;
    tokio::time::sleep(GRACE).await;
}
