//! What a database says about its own tables: one layout per resource type.

use serde::{Deserialize, Serialize};

use super::is_folded;
use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::store::StoreError;

/// The tables of one resource type as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredLayout {
    /// Every index that has a place.
    pub(crate) indexes: Vec<StoredIndex>,
    /// The next list table number to give.
    pub(crate) next_field: i64,
    /// Keys whose values are being computed for the rows that were there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pending: Vec<String>,
    /// The last row for which they are.
    #[serde(default)]
    pub(crate) done_pk: i64,
}

impl StoredLayout {
    /// A number for the indexes that rows are written with: other indexes, another number.
    #[cfg(feature = "postgres")]
    pub(crate) fn mark(&self) -> Result<i32, StoreError> {
        let mut indexes = self.indexes.clone();
        indexes.sort_by(|one, other| one.key.cmp(&other.key));
        let text = serde_json::to_vec(&indexes).map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok((xxhash_rust::xxh3::xxh3_64(&text) & 0x7fff_ffff) as i32)
    }
}

/// One index as it stands in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredIndex {
    pub(crate) key: String,
    pub(crate) path: Vec<String>,
    pub(crate) kind: StoredKind,
    pub(crate) list: bool,
    /// A list that is read from the document only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) vector: bool,
    /// It has a column with a folded copy.
    pub(crate) folded: bool,
    /// Its number in the list table.
    pub(crate) field: i64,
}

/// [`IndexKind`] by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(crate) enum StoredKind {
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
    pub(crate) fn declared(descriptor: &ResourceDescriptor, at: usize, field: i64) -> Self {
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
    pub(crate) fn of(descriptor: &ResourceDescriptor) -> Self {
        let mut layout = Self::default();
        for at in 0..descriptor.indexes.len() {
            layout.indexes.push(StoredIndex::declared(descriptor, at, layout.next_field));
            layout.next_field += 1;
        }
        layout
    }

    /// The index of this key.
    pub(crate) fn index(&self, key: &str) -> Option<&StoredIndex> {
        self.indexes.iter().find(|index| index.key == key)
    }

    /// The list table number of this key.
    pub(crate) fn field(&self, key: &str) -> i64 {
        // Every declared key is stored before its layout is used; -1 matches no row.
        self.index(key).map_or(-1, |index| index.field)
    }

    /// As it stands in the registry.
    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// Reads what stands in the registry.
    pub(crate) fn from_json(model: &str, layout: &str) -> Result<Self, StoreError> {
        serde_json::from_str(layout)
            .map_err(|error| StoreError::Corrupt(format!("the stored layout of `{model}`: {error}")))
    }
}

/// A type that the database has.
#[derive(Debug)]
pub(crate) struct Registered {
    /// Its number in the shared tables.
    pub(crate) id: i64,
    /// The version its struct had at the last start.
    pub(crate) schema_version: Option<String>,
    pub(crate) layout: StoredLayout,
}
