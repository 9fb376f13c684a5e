//! Rows to heads and revisions. The columns stand in the order of [`HEAD_COLUMNS`] and
//! [`REVISION_COLUMNS`].
//!
//! [`HEAD_COLUMNS`]: crate::store::layout::HEAD_COLUMNS
//! [`REVISION_COLUMNS`]: crate::store::layout::REVISION_COLUMNS

use sea_orm::QueryResult;
use sea_orm::sqlx::postgres::{PgRow, Postgres};
use sea_orm::sqlx::{Decode, Row as _};
use uuid::Uuid;

use super::model::Models;
use crate::change::{CascadeMember, Logged, LoggedChange, LoggedEvent};
use crate::datetime::Timestamp;
use crate::descriptor::IndexKind;
use crate::json::IndexValue;
use crate::meta::{DataHash, HeadRef, RevisionRef, RevisionStatus, Stamp};
use crate::store::layout::kind_of;
use crate::store::{Original, StoreError};

/// Position of the payload in a head row.
pub(super) const HEAD_DATA: usize = 20;

/// A row of the engine.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a>(&'a PgRow);

impl<'a> Columns<'a> {
    /// Of what a statement gave.
    pub(super) fn of(row: &'a QueryResult) -> Result<Self, StoreError> {
        row.try_as_pg_row().map(Self).ok_or_else(|| StoreError::Internal("a row of another engine".into()))
    }

    /// The value of a column whose type the tables declare.
    pub(super) fn get<T: Decode<'a, Postgres>>(self, at: usize) -> Result<T, StoreError> {
        self.0
            .try_get_unchecked(at)
            .map_err(|error| StoreError::Corrupt(format!("column {at} of a stored row: {error}")))
    }

    /// The bytes that the server sent for it.
    pub(super) fn size(self) -> usize {
        let sizes = (0..self.0.len()).map(|at| {
            self.0.try_get_raw(at).ok().and_then(|value| value.as_bytes().ok()).map_or(0, <[u8]>::len)
        });
        sizes.sum()
    }

    pub(super) fn integer(self, at: usize) -> Result<i64, StoreError> {
        self.get(at)
    }

    pub(super) fn text(self, at: usize) -> Result<&'a str, StoreError> {
        self.get(at)
    }

    /// A head, borrowed from its row.
    pub(super) fn head(self) -> Result<HeadRef<'a>, StoreError> {
        Ok(HeadRef {
            pk: self.integer(0)?,
            resource_id: self.text(1)?,
            rev_count: self.integer(2)?,
            version: self.integer(3)?,
            created_time: self.time(4)?,
            created_by: self.text(5)?,
            updated_time: self.time(6)?,
            updated_by: self.text(7)?,
            is_deleted: self.integer(8)? != 0,
            revision: self.revision_from(9, HEAD_DATA)?,
        })
    }

    /// A superseded revision, borrowed from its row.
    pub(super) fn revision(self) -> Result<RevisionRef<'a>, StoreError> {
        self.revision_from(0, 11)
    }

    fn revision_from(self, from: usize, data: usize) -> Result<RevisionRef<'a>, StoreError> {
        Ok(RevisionRef {
            seq: self.integer(from)?,
            uid: Uuid::from_bytes(self.bytes16(from + 1)?),
            parent_seq: self.get(from + 2)?,
            schema_version: self.get(from + 3)?,
            parent_schema_version: self.get(from + 4)?,
            status: self.status(from + 5)?,
            data_hash: self.hash(from + 6)?,
            created_time: self.time(from + 7)?,
            created_by: self.text(from + 8)?,
            updated_time: self.time(from + 9)?,
            updated_by: self.text(from + 10)?,
            data: self.text(data)?.as_bytes(),
            outdated: None,
        })
    }

    /// An index value that stands in a column of this kind.
    pub(super) fn index_value(self, at: usize, kind: IndexKind) -> Result<IndexValue, StoreError> {
        Ok(match kind {
            IndexKind::Text => self.get::<Option<String>>(at)?.map_or(IndexValue::Null, IndexValue::Text),
            IndexKind::Float => self.get::<Option<f64>>(at)?.map_or(IndexValue::Null, IndexValue::Float),
            IndexKind::Integer | IndexKind::Boolean | IndexKind::DateTime => {
                self.get::<Option<i64>>(at)?.map_or(IndexValue::Null, IndexValue::Integer)
            }
        })
    }

    /// An entry of the log, in the order of [`LOG_COLUMNS`](crate::store::layout::LOG_COLUMNS), and where it stands;
    /// none for a type that is not registered.
    pub(super) fn logged(self, models: &Models) -> Result<(i64, Option<Logged>), StoreError> {
        let position = self.integer(0)?;
        let entry = match self.get::<Option<i64>>(1)? {
            None => Some(Logged::Event(LoggedEvent {
                position,
                name: self.text(10)?.to_owned(),
                body: self.text(11)?.as_bytes().to_vec(),
                at: self.stamp(7)?,
            })),
            Some(number) => match models.numbered(number) {
                None => None,
                Some(model) => Some(Logged::Change(LoggedChange {
                    position,
                    model,
                    pk: self.integer(2)?,
                    resource_id: self.text(3)?.to_owned(),
                    kind: kind_of(self.integer(4)?).ok_or_else(|| corrupt(4))?,
                    seq: self.integer(5)?,
                    version: self.integer(6)?,
                    at: self.stamp(7)?,
                })),
            },
        };
        Ok((position, entry))
    }

    /// A member of a cascade; none for a type that is not registered.
    pub(super) fn member(self, models: &Models) -> Result<Option<CascadeMember>, StoreError> {
        let Some(model) = models.numbered(self.integer(0)?) else { return Ok(None) };
        let (pk, version) = (self.integer(1)?, self.integer(3)?);
        Ok(Some(CascadeMember { model, pk, resource_id: self.text(2)?.to_owned(), version }))
    }

    /// What a revision was, in the order of [`ORIGINAL_COLUMNS`](crate::store::layout::ORIGINAL_COLUMNS).
    pub(super) fn original(self) -> Result<Original, StoreError> {
        Ok(Original {
            schema_version: self.get(0)?,
            parent_schema_version: self.get(1)?,
            data_hash: self.hash(2)?,
            migrated_hash: self.hash(3)?,
            data: self.text(4)?.as_bytes().to_vec(),
        })
    }

    /// A time and the user behind it.
    fn stamp(self, at: usize) -> Result<Stamp, StoreError> {
        Ok(Stamp { time: self.time(at)?, by: self.text(at + 1)?.to_owned() })
    }

    pub(super) fn time(self, at: usize) -> Result<Timestamp, StoreError> {
        self.integer(at).map(Timestamp)
    }

    fn status(self, at: usize) -> Result<RevisionStatus, StoreError> {
        RevisionStatus::parse(self.text(at)?).ok_or_else(|| corrupt(at))
    }

    fn hash(self, at: usize) -> Result<DataHash, StoreError> {
        Ok(DataHash(u128::from_be_bytes(self.bytes16(at)?)))
    }

    fn bytes16(self, at: usize) -> Result<[u8; 16], StoreError> {
        self.get::<&[u8]>(at)?.try_into().map_err(|_| corrupt(at))
    }
}

fn corrupt(at: usize) -> StoreError {
    StoreError::Corrupt(format!("column {at} of a stored row has an unexpected value"))
}
