//! The thread that writes. It takes every change set that waits and commits them in one transaction.

mod group;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use self::group::{Group, Outcome};
use super::apply::Memory;
use super::connection::{FileId, log_path, open_writer, store_error};
use super::job::ClaimTask;
use super::model::{Model, Models};
use super::{Shared, inspect, migrate, unavailable};
use crate::change::{ChangeSet, ModelIndex};
use crate::descriptor::ResourceDescriptor;
use crate::store::inspect::{LayoutPlan, Unmended, WrongRow};
use crate::store::{CommitError, LayoutReport, StoreError};

/// Change sets in one transaction, at most.
const GROUP: usize = 128;

/// How long the writer has nothing to do before it moves the log into the file. While the log holds
/// pages, each read looks them up in it; once it is empty, reads are served by the mapping of the file.
const IDLE: Duration = Duration::from_millis(100);

/// How often the writer looks for entries of the log that other processes have committed.
const LOOK: Duration = Duration::from_millis(900);

/// A write of this crate that is no change set, in the transaction of its group. It can be run again when a set
/// of the group fails, and only the last run counts.
pub(super) struct Work(pub(super) WorkFn);

type WorkFn = Box<dyn Fn(&Connection, &Models) -> Result<(), StoreError> + Send>;

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

/// What goes into a transaction.
#[derive(Debug)]
pub(super) enum Task {
    /// A change set.
    Apply(ChangeSet),
    /// How far a subscriber has read the log.
    Acknowledge { subscriber: String, position: i64 },
    /// Jobs that a worker asks for.
    Claim(ClaimTask),
    /// Anything else.
    Work(Work),
}

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Message {
    /// Do it, and commit it, even when nobody waits for the answer any more.
    Commit { task: Task, reply: oneshot::Sender<Result<(), CommitError>> },
    /// Create or adapt the tables of these types.
    Layout {
        models: Vec<&'static ResourceDescriptor>,
        reply: oneshot::Sender<Result<LayoutReport, StoreError>>,
    },
    /// Say what `Layout` would do.
    Plan { models: Vec<&'static ResourceDescriptor>, reply: oneshot::Sender<Result<LayoutPlan, StoreError>> },
    /// Compute the index values of these rows anew.
    Mend { model: ModelIndex, rows: Vec<WrongRow>, reply: oneshot::Sender<Result<Vec<Unmended>, StoreError>> },
    /// Write the indexes of the engine on the tables of a type anew.
    Rebuild { model: ModelIndex, reply: oneshot::Sender<Result<(), StoreError>> },
    /// The file was lost: open it again if it is back.
    Recover(oneshot::Sender<Result<(), StoreError>>),
    /// Finish what was accepted, then end.
    Close(oneshot::Sender<()>),
}

/// The state of the thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// `None` while the file is lost.
    open: Option<Connection>,
    /// The file that is open, or was last.
    file: FileId,
    /// Its write-ahead log.
    log: Option<FileId>,
    /// Logs of files that another one took the name of: should such a file come back, it is not whole
    /// without its log.
    aside: Vec<(FileId, PathBuf)>,
    /// What [`Message::Layout`] brought, for when another file has to be given the same tables.
    descriptors: Vec<&'static ResourceDescriptor>,
    models: Models,
    memory: Memory,
    /// What other processes have committed, as the engine counts it.
    seen: i64,
    /// The log may hold pages that are not in the file yet.
    logged: bool,
    /// The end of the log of changes, for those who wait for entries.
    end: watch::Sender<i64>,
    /// When it was last compared with what other processes have committed.
    looked: Instant,
}

struct Job {
    task: Task,
    reply: oneshot::Sender<Result<(), CommitError>>,
}

impl Writer {
    /// Opens the file, making it when there is none.
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let path = &shared.options.path;
        let connection = open_writer(&shared.options, true)?;
        let file = FileId::of(path).ok_or_else(missing)?;
        shared.pool.publish(file, Models::default());
        Ok(Self {
            log: FileId::of(&log_path(path)),
            aside: Vec::new(),
            open: Some(connection),
            file,
            descriptors: Vec::new(),
            models: Models::default(),
            memory: Memory::default(),
            seen: 0,
            logged: true,
            end: watch::Sender::new(0),
            looked: Instant::now(),
            shared,
        })
    }

    /// Tells each new end of the log of changes.
    pub(super) fn log_end(&self) -> watch::Receiver<i64> {
        self.end.subscribe()
    }

    /// Gives it a thread.
    pub(super) fn spawn(self, queue: mpsc::Receiver<Message>) -> Result<(), StoreError> {
        // Only to wait for a message with a time limit: nothing else runs on it.
        let waiting = Builder::new_current_thread().enable_time().build().map_err(unavailable)?;
        let thread = std::thread::Builder::new().name("specstar-writer".into());
        thread.spawn(move || self.run(queue, &waiting)).map_err(unavailable)?;
        Ok(())
    }

    /// Ends when the store is dropped or closed, after everything that was accepted.
    fn run(mut self, mut queue: mpsc::Receiver<Message>, waiting: &Runtime) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut jobs = Vec::with_capacity(GROUP);
        let mut closing = Vec::new();
        loop {
            match waiting.block_on(self.receive(&mut queue, &mut messages)) {
                Some(0) => break,
                None if self.logged => self.empty_log(),
                Some(_) | None => {}
            }
            for message in messages.drain(..) {
                match message {
                    Message::Commit { task, reply } => jobs.push(Job { task, reply }),
                    Message::Layout { models, reply } => {
                        self.commit(&mut jobs);
                        let _ = reply.send(self.guarded(|writer| writer.layout(models)));
                    }
                    Message::Plan { models, reply } => {
                        self.commit(&mut jobs);
                        let _ = reply.send(self.guarded(|writer| writer.plan(&models)));
                    }
                    Message::Mend { model, rows, reply } => {
                        self.commit(&mut jobs);
                        let _ = reply.send(self.guarded(|writer| {
                            writer
                                .on_model(model, |connection, model| inspect::mend(connection, model, &rows))
                        }));
                    }
                    Message::Rebuild { model, reply } => {
                        self.commit(&mut jobs);
                        let _ = reply.send(self.guarded(|writer| writer.on_model(model, inspect::rebuild)));
                    }
                    Message::Recover(reply) => {
                        let _ = reply.send(self.guarded(Self::ready));
                    }
                    Message::Close(reply) => {
                        queue.close();
                        closing.push(reply);
                    }
                }
            }
            self.commit(&mut jobs);
            if self.looked.elapsed() >= LOOK {
                self.look();
            }
        }
        self.finish();
        for reply in closing {
            let _ = reply.send(());
        }
    }

    /// Waits for messages and says how many came: 0 when there will be none any more, `None` when it is time
    /// to empty the log or to look for what others have committed.
    async fn receive(
        &self,
        queue: &mut mpsc::Receiver<Message>,
        messages: &mut Vec<Message>,
    ) -> Option<usize> {
        let receive = queue.recv_many(messages, GROUP);
        let limit = if self.logged { IDLE } else { LOOK.saturating_sub(self.looked.elapsed()) };
        tokio::time::timeout(limit, receive).await.ok()
    }

    /// Finds entries of other processes, of which nobody is told otherwise as long as nothing is written here.
    fn look(&mut self) {
        self.looked = Instant::now();
        // One of them is what the store makes others from.
        if self.end.receiver_count() > 1 {
            self.find_end();
        }
    }

    /// Tells those who wait for entries how far the log goes in the file.
    fn find_end(&mut self) {
        let Some(connection) = &self.open else { return };
        let found = group::look(connection, &mut self.memory, &mut self.seen)
            .and_then(|()| self.memory.log.last(connection, &self.models));
        match found {
            Ok(_) => self.tell_end(),
            Err(error) => tracing::debug!(%error, "the end of the log of changes could not be read"),
        }
    }

    /// Tells them how far it goes after a commit.
    fn tell_end(&mut self) {
        if let Some(end) = self.memory.log.news() {
            self.end.send_replace(end);
        }
    }

    /// Moves what the log holds into the file, as far as no reader still needs the older pages.
    fn empty_log(&mut self) {
        let Some(connection) = &self.open else {
            self.logged = false;
            return;
        };
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match moved {
            Ok((logged, moved)) => self.logged = moved < logged,
            Err(error) => {
                // The next commit finds out what is wrong with the file.
                tracing::debug!(%error, "the log could not be moved into the file");
                self.logged = false;
            }
        }
    }

    /// Runs a step so that a panic in it costs that step and not the thread.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        catch_unwind(AssertUnwindSafe(|| step(self))).unwrap_or_else(|_| {
            // Whatever the connection was in the middle of goes with it.
            self.open = None;
            Err(StoreError::Internal("the writer panicked".into()))
        })
    }

    fn commit(&mut self, jobs: &mut Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        self.logged = true;
        let begun = Instant::now();
        let result = self.guarded(|writer| writer.commit_group(jobs));
        match result {
            Ok(outcomes) => {
                self.shared.metrics.commit_batch.record(jobs.len() as u64);
                self.shared.metrics.commit_duration.record_time(begun.elapsed());
                // Before the answers, so that who has one finds the log complete.
                self.tell_end();
                for (job, outcome) in jobs.drain(..).zip(outcomes) {
                    let _ = job.reply.send(outcome);
                }
            }
            Err(error) => {
                for job in jobs.drain(..) {
                    let _ = job.reply.send(Err(error.clone().into()));
                }
            }
        }
    }

    fn commit_group(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        self.ready()?;
        let connection = self.open.as_ref().ok_or_else(missing)?;
        let mut group =
            Group { connection, models: &self.models, memory: &mut self.memory, seen: &mut self.seen };
        let result = group.commit(jobs.iter().map(|job| &job.task));
        if result.is_err() && !connection.is_autocommit() {
            // The transaction could not even be rolled back: a new connection has none.
            self.open = None;
        }
        result
    }

    /// Makes sure that the connection writes to the file that has the name.
    fn ready(&mut self) -> Result<(), StoreError> {
        let found = FileId::of(&self.shared.options.path);
        if self.open.is_some() && found == Some(self.file) {
            return Ok(());
        }
        if found != Some(self.file) {
            tracing::error!(path = %self.shared.options.path.display(), "the database file is gone or another one");
        }
        self.shared.pool.lose();
        self.open = None;
        self.reopen(found.ok_or_else(missing)?)
    }

    fn reopen(&mut self, file: FileId) -> Result<(), StoreError> {
        if file != self.file {
            self.set_log_aside()?;
        }
        self.bring_log_back(file)?;
        let connection = open_writer(&self.shared.options, false)?;
        if FileId::of(&self.shared.options.path) != Some(file) {
            return Err(StoreError::Unavailable("the database file changes while it is opened".into()));
        }
        let (models, report) = migrate::ensure(&connection, &self.descriptors)?;
        for change in &report.models {
            tracing::warn!(?change, "the tables of the file that was found are adapted");
        }
        self.open = Some(connection);
        if file != self.file {
            self.memory.forget_numbers();
        }
        self.publish(file, models);
        tracing::info!(path = %self.shared.options.path.display(), "the database file is open again");
        Ok(())
    }

    /// A log is only valid for the file it was written for, and the engine would apply it to the new one.
    fn set_log_aside(&mut self) -> Result<(), StoreError> {
        let log = log_path(&self.shared.options.path);
        if self.log.is_none() || FileId::of(&log) != self.log {
            return Ok(());
        }
        let aside = move_aside(&log)?;
        tracing::error!(log = %aside.display(), "the log of the lost database file is set aside");
        self.aside.push((self.file, aside));
        Ok(())
    }

    /// The file is one that was here before: the log that was set aside then has its last commits.
    fn bring_log_back(&mut self, file: FileId) -> Result<(), StoreError> {
        let Some(at) = self.aside.iter().position(|(of, _)| *of == file) else { return Ok(()) };
        let log = log_path(&self.shared.options.path);
        if log.exists() {
            // Of a file in between that could not be used.
            move_aside(&log)?;
        }
        let (_, aside) = &self.aside[at];
        std::fs::rename(aside, &log).map_err(unavailable)?;
        tracing::info!(log = %log.display(), "the database file is back, and its log with it");
        self.aside.swap_remove(at);
        self.log = FileId::of(&log);
        Ok(())
    }

    fn plan(&mut self, models: &[&'static ResourceDescriptor]) -> Result<LayoutPlan, StoreError> {
        self.ready()?;
        migrate::plan(self.open.as_ref().ok_or_else(missing)?, models)
    }

    /// Runs a step on the tables of one type, outside of a group.
    fn on_model<T>(
        &mut self,
        model: ModelIndex,
        step: impl FnOnce(&Connection, &Model) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.ready()?;
        self.logged = true;
        step(self.open.as_ref().ok_or_else(missing)?, self.models.get(model)?)
    }

    fn layout(&mut self, models: Vec<&'static ResourceDescriptor>) -> Result<LayoutReport, StoreError> {
        self.ready()?;
        let connection = self.open.as_ref().ok_or_else(missing)?;
        let (known, report) = migrate::ensure(connection, &models)?;
        self.descriptors = models;
        self.publish(self.file, known);
        Ok(report)
    }

    fn publish(&mut self, file: FileId, models: Models) {
        self.file = file;
        self.log = FileId::of(&log_path(&self.shared.options.path));
        self.memory.begin(models.len());
        self.models = models.clone();
        self.shared.pool.publish(file, models);
        self.find_end();
    }

    /// The last connection to close writes the log into the file.
    fn finish(mut self) {
        self.shared.pool.close();
        if let Some(Err((_, error))) = self.open.take().map(Connection::close) {
            let error = store_error(error);
            tracing::warn!(%error, "the database could not be closed");
        }
        self.shared.remove_folder();
    }
}

/// Gives a log a name that is free, and tells it.
fn move_aside(log: &Path) -> Result<PathBuf, StoreError> {
    let mut names = (1..).map(|number| {
        let mut name = log.as_os_str().to_owned();
        name.push(if number == 1 { ".lost".to_owned() } else { format!(".lost-{number}") });
        PathBuf::from(name)
    });
    let free = names.find(|name| !name.exists()).ok_or_else(missing)?;
    std::fs::rename(log, &free).map_err(unavailable)?;
    Ok(free)
}

fn missing() -> StoreError {
    StoreError::Unavailable("the database file is missing".into())
}
