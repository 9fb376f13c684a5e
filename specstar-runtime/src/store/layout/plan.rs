//! From the stored layout of a resource type to the declared one.

use super::stored::{StoredIndex, StoredLayout};
use super::{folded_column, index_column};
use crate::descriptor::{ResourceDescriptor, UniqueDescriptor};
use crate::json::IndexValue;
use crate::store::{ModelLayoutChange, StoreError};

/// Column names ignore case in SQL.
pub(crate) fn check_names(descriptor: &ResourceDescriptor) -> Result<(), StoreError> {
    for (at, index) in descriptor.indexes.iter().enumerate() {
        let same = |other: &&crate::descriptor::IndexDescriptor| other.key.eq_ignore_ascii_case(index.key);
        if let Some(other) = descriptor.indexes[..at].iter().find(same) {
            return Err(StoreError::Layout(format!(
                "`{}` has the indexes `{}` and `{}`, which only differ in case: give one of them another key",
                descriptor.id.name, other.key, index.key
            )));
        }
    }
    Ok(())
}

/// Content of a version that the program does not know was written by a later program: it could not even be shown.
pub(crate) fn check_version(descriptor: &ResourceDescriptor, last: Option<&str>) -> Result<(), StoreError> {
    let known =
        last.is_none() || descriptor.schema_version == last || descriptor.older_versions.contains(&last);
    if known {
        if last.is_none() && descriptor.schema_version.is_some() && !descriptor.older_versions.contains(&None)
        {
            let model = descriptor.id.name;
            tracing::warn!(
                model,
                "it had no schema version before: content from then is only read with migrate(none => …)"
            );
        }
        return Ok(());
    }
    let (name, last) = (descriptor.id.name, last.unwrap_or_default());
    let own = match descriptor.schema_version {
        Some(version) => format!("is at \"{version}\" and does not know it"),
        None => "declares no schema version".to_owned(),
    };
    Err(StoreError::Layout(format!(
        "`{name}` was served at schema \"{last}\" before, and this program {own}: use the later program, or declare \
         what \"{last}\" is with migrate(\"{last}\" => …)"
    )))
}

/// What is said of a type whose tables are new.
pub(crate) fn created(descriptor: &ResourceDescriptor) -> ModelLayoutChange {
    ModelLayoutChange {
        model: descriptor.id.name.to_owned(),
        created: true,
        indexes_added: descriptor.indexes.iter().map(|index| index.key.to_owned()).collect(),
        indexes_removed: Vec::new(),
        rows_backfilled: 0,
    }
}

/// What separates the stored layout from the declared one.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The layout to reach; `pending` names every key without complete values.
    pub(crate) target: StoredLayout,
    /// Indexes that go, or go and come back in another form.
    pub(crate) dropped: Vec<StoredIndex>,
    /// Keys that had no place, or another one, before.
    pub(crate) added: Vec<String>,
}

impl Plan {
    /// What has to be done.
    pub(crate) fn new(descriptor: &ResourceDescriptor, stored: &StoredLayout) -> Self {
        let mut target = StoredLayout { indexes: Vec::new(), ..stored.clone() };
        let mut added = Vec::new();
        for at in 0..descriptor.indexes.len() {
            let known = stored.index(descriptor.indexes[at].key);
            let kept = known.filter(|known| **known == StoredIndex::declared(descriptor, at, known.field));
            target.indexes.push(kept.cloned().unwrap_or_else(|| {
                target.next_field += 1;
                StoredIndex::declared(descriptor, at, target.next_field - 1)
            }));
            if kept.is_none() {
                added.push(descriptor.indexes[at].key.to_owned());
            }
        }
        let dropped: Vec<_> =
            stored.indexes.iter().filter(|index| !target.indexes.contains(index)).cloned().collect();
        target.pending.retain(|key| dropped.iter().all(|index| index.key != *key));
        if !added.is_empty() {
            target.pending.extend(added.iter().cloned());
            target.done_pk = 0;
        }
        Self { target, dropped, added }
    }

    /// Keys that are declared no more.
    pub(crate) fn removed(&self) -> Vec<String> {
        let gone = self.dropped.iter().filter(|index| self.target.index(&index.key).is_none());
        gone.map(|index| index.key.clone()).collect()
    }
}

/// The columns an index has in the head table.
pub(crate) fn columns_of(index: &StoredIndex) -> Vec<String> {
    if index.list {
        return Vec::new();
    }
    let mut columns = vec![index_column(&index.key)];
    if index.folded {
        columns.push(folded_column(&index.key));
    }
    columns
}

/// Why a new unique constraint cannot be.
pub(crate) fn duplicate_values(
    descriptor: &ResourceDescriptor,
    unique: &UniqueDescriptor,
    values: &[IndexValue],
    first: &str,
    second: &str,
) -> String {
    let fields: Vec<_> = unique
        .indexes
        .iter()
        .zip(values)
        .map(|(&at, value)| format!("`{}` = {}", descriptor.indexes[at].key, shown(value)))
        .collect();
    format!(
        "`{}` cannot have the new unique constraint: {} is the value of both `{first}` and `{second}`; \
         change one of them with the program as it was before. Stored content is compared as it was written: where a \
         migration step makes the values unique, declare the constraint one version later, after `migrate`",
        descriptor.id.name,
        fields.join(", "),
    )
}

fn shown(value: &IndexValue) -> String {
    match value {
        IndexValue::Null => "null".to_owned(),
        IndexValue::Text(text) => format!("{text:?}"),
        IndexValue::Integer(number) => number.to_string(),
        IndexValue::Float(number) => number.to_string(),
    }
}
