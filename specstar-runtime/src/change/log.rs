//! The log of changes: every committed change in the order of the commits, and the messages of the program
//! between them.

use super::ModelIndex;
use crate::meta::Stamp;

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// It got a new revision.
    Updated,
    /// Its current revision was rewritten in place.
    Modified,
    /// Another revision became the current one.
    Switched,
    /// It was soft-deleted.
    Deleted,
    /// Its soft delete ended.
    Restored,
    /// It was removed for good.
    Purged,
    /// Superseded revisions of it were removed for good.
    Pruned,
    /// Its content, or that of a superseded revision, was brought to another schema version in place.
    Migrated,
    /// It came out of an archive, with its whole history.
    Imported,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::Updated,
        Self::Modified,
        Self::Switched,
        Self::Deleted,
        Self::Restored,
        Self::Purged,
        Self::Pruned,
        Self::Migrated,
        Self::Imported,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Modified => "modified",
            Self::Switched => "switched",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Purged => "purged",
            Self::Pruned => "pruned",
            Self::Migrated => "migrated",
            Self::Imported => "imported",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A message of the program to its subscribers, logged with the changes it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What kind of message, in the words of the program.
    pub name: String,
    /// JSON.
    pub body: Vec<u8>,
    /// Who caused it, and when.
    pub at: Stamp,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    /// Something happened to a resource.
    Change(LoggedChange),
    /// The program said something.
    Event(LoggedEvent),
}

impl Logged {
    /// Where it stands in the log.
    pub fn position(&self) -> i64 {
        match self {
            Self::Change(change) => change.position,
            Self::Event(event) => event.position,
        }
    }
}

/// A change as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedChange {
    /// Where it stands in the log: later commits have higher positions, and no position is given twice.
    pub position: i64,
    /// The type of the resource.
    pub model: ModelIndex,
    /// The row number of the resource.
    pub pk: i64,
    /// The id of the resource.
    pub resource_id: String,
    /// What happened.
    pub kind: ChangeKind,
    /// The number of the current revision after it.
    pub seq: i64,
    /// The version of the head after it.
    pub version: i64,
    /// Who did it, and when.
    pub at: Stamp,
}

/// A message as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Where it stands in the log.
    pub position: i64,
    /// What kind of message.
    pub name: String,
    /// JSON.
    pub body: Vec<u8>,
    /// Who caused it, and when.
    pub at: Stamp,
}
