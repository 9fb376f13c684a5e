//! One change set: what it consists of, in the order of its statements.

mod answer;
mod blob;
mod conflict;
mod head;
mod import;
mod job;
mod original;
mod requirement;

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr};

pub(super) use self::conflict::owner;
use self::head::is_plain;
use super::db::{Fault, Values, execute, row, run};
use super::model::Models;
use super::row::Columns;
use super::text::ENTRY_BITS;
use crate::change::{Change, ChangeKind, ChangeSet, HeadUpdate, NewEvent};
use crate::meta::Stamp;
use crate::store::{CommitError, StoreError};

/// Why a change set was not applied.
#[derive(Debug)]
pub(super) enum Refused {
    /// For good.
    Because(CommitError),
    /// By the engine.
    Fault(Fault),
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Because(error.into())
    }
}

impl From<CommitError> for Refused {
    fn from(error: CommitError) -> Self {
        Self::Because(error)
    }
}

pub(super) type Applied<T> = Result<T, Refused>;

/// The entries of the log that the number of one transaction has room for.
const MOST_ENTRIES: usize = 1 << ENTRY_BITS;

const fn too_many() -> StoreError {
    StoreError::TooMany { most: MOST_ENTRIES }
}

/// Whether a set is one statement, which needs no transaction around it.
pub(super) fn is_one_statement(set: &ChangeSet, models: &Models) -> bool {
    let [change] = &set.changes[..] else { return false };
    // A job has a row besides.
    let is_job = |model| models.get(model).is_ok_and(|model| model.layout.descriptor.job.is_some());
    set.requirements.is_empty()
        && set.events.is_empty()
        && set.checkpoint.is_none()
        && set.answer.is_none()
        && match change {
            Change::Create(new) => new.blobs.is_empty() && !is_job(new.model),
            Change::Update(update) => is_plain(update) && !is_job(update.of.model),
            Change::Purge(_) | Change::Prune { .. } | Change::Rewrite(_) | Change::Import(_) => false,
        }
}

/// What the entry at a position of the log says: numbers of transactions, and with them positions, can be given again
/// after a crash, and then somebody else's entry stands there.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) position: i64,
    /// The number of the type, the row number and the version; nothing for a message.
    pub(super) of: Option<[i64; 3]>,
    pub(super) at: Stamp,
}

/// Applies one change set on a connection.
pub(super) struct Applier<'a, C> {
    on: &'a C,
    models: &'a Models,
    /// A unique value that is taken may be looked for: each change can be taken back alone.
    careful: bool,
    /// The number of the next entry in the log.
    entry: i64,
    /// The highest position that was given.
    pub(super) last: i64,
    /// What stands there.
    pub(super) mark: Option<Mark>,
    /// Where the log has the imports of the set that replace something, by their positions in the set.
    replaced: HashMap<usize, i64>,
}

impl<'a, C: ConnectionTrait> Applier<'a, C> {
    /// For these types.
    pub(super) fn new(on: &'a C, models: &'a Models, careful: bool) -> Self {
        Self { on, models, careful, entry: 0, last: 0, mark: None, replaced: HashMap::new() }
    }

    /// Applies every change, or stops at the first one that fails.
    pub(super) async fn apply(&mut self, set: &ChangeSet) -> Applied<()> {
        // Before much is written that would have to be taken back.
        if set.changes.len() + set.events.len() > MOST_ENTRIES {
            return Err(too_many().into());
        }
        if is_one_statement(set, self.models) && !self.careful {
            return self.change(0, &set.changes[0]).await;
        }
        // First, so that of two equal requests the second one waits here and does nothing.
        if let Some(answer) = &set.answer {
            self.keep_answer(answer).await?;
        }
        self.require_live(set).await?;
        self.require_blobs(set).await?;
        self.hold_heads(set).await?;
        let taken_out = self.take_out(set).await?;
        for (at, change) in set.changes.iter().enumerate() {
            if !(taken_out && matches!(change, Change::Purge(_))) {
                self.carefully(at, change).await?;
            }
        }
        self.require_after(set).await?;
        for event in &set.events {
            self.log_event(event).await?;
        }
        if let Some(checkpoint) = &set.checkpoint {
            self.note_checkpoint(checkpoint).await?;
        }
        Ok(())
    }

    async fn carefully(&mut self, at: usize, change: &Change) -> Applied<()> {
        if !self.careful {
            return self.change(at, change).await;
        }
        run(self.on, "SAVEPOINT change").await?;
        match self.change(at, change).await {
            Err(Refused::Fault(Fault::Duplicate(error))) => {
                run(self.on, "ROLLBACK TO SAVEPOINT change").await?;
                match self.conflict(at, change).await? {
                    Some(conflict) => Err(conflict.into()),
                    // Who had the value is gone by now.
                    None => Err(Refused::Fault(Fault::Duplicate(error))),
                }
            }
            Ok(()) => {
                // Thousands of them, one in the other, would burden every snapshot of the server.
                run(self.on, "RELEASE SAVEPOINT change").await?;
                Ok(())
            }
            other => other,
        }
    }

    async fn change(&mut self, at: usize, change: &Change) -> Applied<()> {
        match change {
            Change::Create(new) => {
                let pk = self.create(new).await?;
                self.enqueue(new, pk).await
            }
            Change::Update(update) => self.update(at, update).await,
            Change::Purge(removal) => self.purge(at, removal).await,
            Change::Prune { of, seqs } => self.prune(at, of, seqs).await,
            Change::Rewrite(update) => self.rewrite(at, update).await,
            Change::Import(import) => self.import(at, import).await,
        }
    }

    /// The number of the next entry of the log in this transaction.
    fn next_entry(&mut self) -> Result<i64, StoreError> {
        let entry = self.entry;
        if entry >> ENTRY_BITS != 0 {
            return Err(too_many());
        }
        self.entry += 1;
        Ok(entry)
    }

    /// Runs a statement that gives the position of an entry, which is nothing when the head has another version.
    async fn positioned(
        &mut self,
        at: usize,
        sql: impl Into<String>,
        values: Values,
        mark: Mark,
    ) -> Applied<i64> {
        let found = row(self.on, sql, values).await?;
        let Some(found) = found else { return Err(CommitError::Stale { change: at }.into()) };
        let position = Columns::of(&found)?.integer(0)?;
        self.stands(Mark { position, ..mark });
        Ok(position)
    }

    /// Remembers an entry that was written.
    fn stands(&mut self, mark: Mark) {
        if mark.position >= self.last {
            self.last = mark.position;
            self.mark = Some(mark);
        }
    }

    async fn execute(&self, sql: &str, values: Values) -> Applied<u64> {
        Ok(execute(self.on, sql, values).await?)
    }

    /// Runs a statement that must find the row the change was planned for.
    async fn expect_row(&self, at: usize, sql: &str, values: Values) -> Applied<()> {
        match self.execute(sql, values).await? {
            0 => Err(CommitError::Stale { change: at }.into()),
            _ => Ok(()),
        }
    }

    async fn log_event(&mut self, event: &NewEvent) -> Applied<()> {
        let mut values = super::db::values![self.next_entry()?];
        super::value::push_stamp(&mut values, &event.at);
        values.push(event.name.as_str().into());
        values.push(super::value::payload(&event.body));
        let sql = self.models.log().insert_event.as_str();
        let mark = Mark { position: 0, of: None, at: event.at.clone() };
        self.positioned(0, sql, values, mark).await.map(|_| ())
    }
}

/// Whether an update forgets what a migration kept.
fn forgets_original(update: &HeadUpdate) -> bool {
    update.kind == ChangeKind::Modified && update.revision.is_some()
}
