//! Rows to heads and revisions. The columns stand in the order of [`HEAD_COLUMNS`] and
//! [`REVISION_COLUMNS`].
//!
//! [`HEAD_COLUMNS`]: crate::store::layout::HEAD_COLUMNS
//! [`REVISION_COLUMNS`]: crate::store::layout::REVISION_COLUMNS

use rusqlite::Row;
use rusqlite::types::ValueRef;
use uuid::Uuid;

use super::model::Models;
use crate::change::{CascadeMember, Logged, LoggedChange, LoggedEvent};
use crate::datetime::Timestamp;
use crate::json::IndexValue;
use crate::meta::{DataHash, HeadRef, RevisionRef, RevisionStatus, Stamp};
use crate::query::Position;
use crate::store::layout::kind_of;
use crate::store::{Original, StoreError};

/// Position of the payload in a head row.
const HEAD_DATA: usize = 20;

/// A head, borrowed from its row.
pub(super) fn head<'a>(row: &'a Row<'_>) -> Result<HeadRef<'a>, StoreError> {
    let columns = Columns(row);
    Ok(HeadRef {
        pk: columns.integer(0)?,
        resource_id: columns.text(1)?,
        rev_count: columns.integer(2)?,
        version: columns.integer(3)?,
        created_time: columns.time(4)?,
        created_by: columns.text(5)?,
        updated_time: columns.time(6)?,
        updated_by: columns.text(7)?,
        is_deleted: columns.integer(8)? != 0,
        revision: columns.revision(9, HEAD_DATA)?,
    })
}

/// A superseded revision, borrowed from its row.
pub(super) fn revision<'a>(row: &'a Row<'_>) -> Result<RevisionRef<'a>, StoreError> {
    Columns(row).revision(0, 11)
}

/// Where a head row stands in an order of this many keys.
pub(super) fn position(row: &Row<'_>, keys: usize) -> Result<Position, StoreError> {
    let columns = Columns(row);
    let values = (HEAD_DATA + 1..).take(keys).map(|at| columns.index_value(at)).collect::<Result<_, _>>()?;
    Ok(Position { values, pk: columns.integer(0)? })
}

/// An entry of the log, in the order of [`LOG_COLUMNS`], and where it stands; none for a type that is not
/// registered.
///
/// [`LOG_COLUMNS`]: crate::store::layout::LOG_COLUMNS
pub(super) fn logged(row: &Row<'_>, models: &Models) -> Result<(i64, Option<Logged>), StoreError> {
    let columns = Columns(row);
    let position = columns.integer(0)?;
    let entry = match columns.optional_integer(1)? {
        None => Some(Logged::Event(columns.event(position)?)),
        Some(number) => match models.numbered(number) {
            None => None,
            Some(model) => Some(Logged::Change(LoggedChange {
                position,
                model,
                pk: columns.integer(2)?,
                resource_id: columns.text(3)?.to_owned(),
                kind: kind_of(columns.integer(4)?).ok_or_else(|| corrupt(4))?,
                seq: columns.integer(5)?,
                version: columns.integer(6)?,
                at: columns.stamp(7)?,
            })),
        },
    };
    Ok((position, entry))
}

/// A member of a cascade; none for a type that is not registered.
pub(super) fn member(row: &Row<'_>, models: &Models) -> Result<Option<CascadeMember>, StoreError> {
    let columns = Columns(row);
    let Some(model) = models.numbered(columns.integer(0)?) else { return Ok(None) };
    let (pk, version) = (columns.integer(1)?, columns.integer(3)?);
    Ok(Some(CascadeMember { model, pk, resource_id: columns.text(2)?.to_owned(), version }))
}

/// What a revision was, in the order of [`ORIGINAL_COLUMNS`](crate::store::layout::ORIGINAL_COLUMNS).
pub(super) fn original(row: &Row<'_>) -> Result<Original, StoreError> {
    let columns = Columns(row);
    Ok(Original {
        schema_version: columns.optional_text(0)?.map(str::to_owned),
        parent_schema_version: columns.optional_text(1)?.map(str::to_owned),
        data_hash: DataHash(u128::from_be_bytes(columns.bytes16(2)?)),
        migrated_hash: DataHash(u128::from_be_bytes(columns.bytes16(3)?)),
        data: columns.payload(4)?.to_vec(),
    })
}

#[derive(Clone, Copy)]
struct Columns<'a, 'stmt>(&'a Row<'stmt>);

impl<'a> Columns<'a, '_> {
    /// The revision whose first column stands at `from`.
    fn revision(self, from: usize, data: usize) -> Result<RevisionRef<'a>, StoreError> {
        Ok(RevisionRef {
            seq: self.integer(from)?,
            uid: Uuid::from_bytes(self.bytes16(from + 1)?),
            parent_seq: self.optional_integer(from + 2)?,
            schema_version: self.optional_text(from + 3)?,
            parent_schema_version: self.optional_text(from + 4)?,
            status: self.status(from + 5)?,
            data_hash: DataHash(u128::from_be_bytes(self.bytes16(from + 6)?)),
            created_time: self.time(from + 7)?,
            created_by: self.text(from + 8)?,
            updated_time: self.time(from + 9)?,
            updated_by: self.text(from + 10)?,
            data: self.payload(data)?,
            outdated: None,
        })
    }

    fn event(self, position: i64) -> Result<LoggedEvent, StoreError> {
        Ok(LoggedEvent {
            position,
            name: self.text(10)?.to_owned(),
            body: self.payload(11)?.to_vec(),
            at: self.stamp(7)?,
        })
    }

    /// A time and the user behind it.
    fn stamp(self, at: usize) -> Result<Stamp, StoreError> {
        Ok(Stamp { time: self.time(at)?, by: self.text(at + 1)?.to_owned() })
    }

    fn value(self, at: usize) -> Result<ValueRef<'a>, StoreError> {
        self.0.get_ref(at).map_err(|error| StoreError::Internal(error.to_string()))
    }

    fn optional_integer(self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.value(at)? {
            ValueRef::Integer(number) => Ok(Some(number)),
            ValueRef::Null => Ok(None),
            _ => Err(corrupt(at)),
        }
    }

    fn integer(self, at: usize) -> Result<i64, StoreError> {
        self.optional_integer(at)?.ok_or_else(|| corrupt(at))
    }

    fn index_value(self, at: usize) -> Result<IndexValue, StoreError> {
        match self.value(at)? {
            ValueRef::Null => Ok(IndexValue::Null),
            ValueRef::Integer(number) => Ok(IndexValue::Integer(number)),
            ValueRef::Real(number) => Ok(IndexValue::Float(number)),
            ValueRef::Text(_) => self.text(at).map(|text| IndexValue::Text(text.to_owned())),
            ValueRef::Blob(_) => Err(corrupt(at)),
        }
    }

    fn time(self, at: usize) -> Result<Timestamp, StoreError> {
        self.integer(at).map(Timestamp)
    }

    fn optional_text(self, at: usize) -> Result<Option<&'a str>, StoreError> {
        match self.value(at)? {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| corrupt(at)),
            ValueRef::Null => Ok(None),
            _ => Err(corrupt(at)),
        }
    }

    fn text(self, at: usize) -> Result<&'a str, StoreError> {
        self.optional_text(at)?.ok_or_else(|| corrupt(at))
    }

    fn status(self, at: usize) -> Result<RevisionStatus, StoreError> {
        RevisionStatus::parse(self.text(at)?).ok_or_else(|| corrupt(at))
    }

    fn bytes16(self, at: usize) -> Result<[u8; 16], StoreError> {
        match self.value(at)? {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| corrupt(at)),
            _ => Err(corrupt(at)),
        }
    }

    /// Bytes that were written as UTF-8 by this program; who parses them checks again.
    fn payload(self, at: usize) -> Result<&'a [u8], StoreError> {
        match self.value(at)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(bytes),
            _ => Err(corrupt(at)),
        }
    }
}

fn corrupt(at: usize) -> StoreError {
    StoreError::Corrupt(format!("column {at} of a stored row has an unexpected value"))
}
