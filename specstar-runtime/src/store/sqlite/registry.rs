//! What a database file says about its own tables: one row per resource type.

use rusqlite::{Connection, OptionalExtension, params};
use sea_query::SqliteQueryBuilder;
use serde::{Deserialize, Serialize};

use super::connection::store_error;
use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::store::StoreError;
use crate::store::layout::is_folded;
use crate::store::sql::ddl;

/// The tables of one resource type as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredLayout {
    /// Every index that has a place.
    pub(super) indexes: Vec<StoredIndex>,
    /// The next list table number to give.
    pub(super) next_field: i64,
    /// Keys whose values are being computed for the rows that were there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pending: Vec<String>,
    /// The last row for which they are.
    #[serde(default)]
    pub(super) done_pk: i64,
}

/// One index as it stands in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredIndex {
    pub(super) key: String,
    pub(super) path: Vec<String>,
    pub(super) kind: StoredKind,
    pub(super) list: bool,
    /// A list that is read from the document only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) vector: bool,
    /// It has a column with a folded copy.
    pub(super) folded: bool,
    /// Its number in the list table.
    pub(super) field: i64,
}

/// [`IndexKind`] by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(super) enum StoredKind {
    Text,
    Integer,
    Float,
    Boolean,
    DateTime,
}

impl From<IndexKind> for StoredKind {
    fn from(kind: IndexKind) -> Self {
        match kind {
            IndexKind::Text => Self::Text,
            IndexKind::Integer => Self::Integer,
            IndexKind::Float => Self::Float,
            IndexKind::Boolean => Self::Boolean,
            IndexKind::DateTime => Self::DateTime,
        }
    }
}

impl StoredIndex {
    /// An index as it is declared, with a number for the list table.
    pub(super) fn declared(descriptor: &ResourceDescriptor, at: usize, field: i64) -> Self {
        let index: &IndexDescriptor = &descriptor.indexes[at];
        Self {
            key: index.key.to_owned(),
            path: index.path.iter().map(ToString::to_string).collect(),
            kind: index.kind.into(),
            list: index.list,
            vector: index.vector.is_some(),
            folded: !index.list && is_folded(descriptor, at),
            field,
        }
    }
}

impl StoredLayout {
    /// The layout of a type that is new to the database.
    pub(super) fn of(descriptor: &ResourceDescriptor) -> Self {
        let mut layout = Self::default();
        for at in 0..descriptor.indexes.len() {
            layout.indexes.push(StoredIndex::declared(descriptor, at, layout.next_field));
            layout.next_field += 1;
        }
        layout
    }

    /// The index of this key.
    pub(super) fn index(&self, key: &str) -> Option<&StoredIndex> {
        self.indexes.iter().find(|index| index.key == key)
    }

    /// The list table number of this key.
    pub(super) fn field(&self, key: &str) -> i64 {
        // Every declared key is stored before its layout is used; -1 matches no row.
        self.index(key).map_or(-1, |index| index.field)
    }

    fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))
    }
}

/// A type that the database has.
#[derive(Debug)]
pub(super) struct Registered {
    /// Its number in the shared tables.
    pub(super) id: i64,
    /// The version its struct had at the last start.
    pub(super) schema_version: Option<String>,
    pub(super) layout: StoredLayout,
}

/// The entry of a type, when the database has it.
pub(super) fn load(connection: &Connection, model: &str) -> Result<Option<Registered>, StoreError> {
    let row: Option<(i64, Option<String>, String)> = connection
        .query_row(&ddl::select_model::<SqliteQueryBuilder>(), [model], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(store_error)?;
    row.map(|(id, schema_version, layout)| match serde_json::from_str(&layout) {
        Ok(layout) => Ok(Registered { id, schema_version, layout }),
        Err(error) => Err(StoreError::Corrupt(format!("the stored layout of `{model}`: {error}"))),
    })
    .transpose()
}

/// Registers a type under a number.
pub(super) fn insert(
    connection: &Connection,
    descriptor: &ResourceDescriptor,
    id: i64,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let values = params![descriptor.id.name, id, descriptor.schema_version, layout.to_json()?];
    connection.execute(&ddl::insert_model::<SqliteQueryBuilder>(), values).map_err(store_error)?;
    Ok(())
}

/// The number the next new type gets.
pub(super) fn next_model_id(connection: &Connection) -> Result<i64, StoreError> {
    let sql = ddl::last_model_id::<SqliteQueryBuilder>();
    let last: Option<i64> = connection.query_row(&sql, [], |row| row.get(0)).map_err(store_error)?;
    Ok(last.unwrap_or(0) + 1)
}

/// Replaces the layout of a registered type.
pub(super) fn update(
    connection: &Connection,
    descriptor: &ResourceDescriptor,
    layout: &StoredLayout,
) -> Result<(), StoreError> {
    let values = params![descriptor.schema_version, layout.to_json()?, descriptor.id.name];
    connection.execute(&ddl::update_model::<SqliteQueryBuilder>(), values).map_err(store_error)?;
    Ok(())
}
