//! Which unique constraint a refused write violates, and who has the value.

use sea_orm::ConnectionTrait;

use super::super::db::{Values, row, values};
use super::super::model::Model;
use super::super::row::Columns;
use super::super::value::{Kind, column_value};
use super::{Applied, Applier};
use crate::change::{Change, ModelIndex};
use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::store::values::{compared, scalar};
use crate::store::{CommitError, StoreError};

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Names what a change collides with: the id first, then the unique constraints as declared. The engine only names
    /// the index it happened to check first.
    pub(super) async fn conflict(&self, at: usize, change: &Change) -> Applied<Option<CommitError>> {
        let (model, id, index, pk) = match change {
            Change::Create(new) => (new.model, Some(&new.resource_id), &new.index, 0),
            Change::Import(import) => {
                let pk = import.replaces.as_ref().map_or(0, |of| of.pk);
                (import.model, Some(&import.head.resource_id), &import.index, pk)
            }
            Change::Update(update) => (update.of.model, None, &update.index_after, update.of.pk),
            Change::Purge(_) | Change::Prune { .. } | Change::Rewrite(_) => return Ok(None),
        };
        let texts = &self.models.get(model)?.texts;
        if let Some(id) = id
            && row(self.on, texts.exists.as_str(), values![id.as_str()]).await?.is_some()
        {
            return Ok(Some(CommitError::DuplicateId { change: at, resource_id: id.clone() }));
        }
        if let Some(conflict) = self.find(at, model, index, pk).await? {
            return Ok(Some(conflict));
        }
        match change {
            Change::Create(new) => self.key_conflict(at, new).await,
            _ => Ok(None),
        }
    }

    async fn find(
        &self,
        change: usize,
        index: ModelIndex,
        row: &IndexRow,
        pk: i64,
    ) -> Applied<Option<CommitError>> {
        let model = self.models.get(index)?;
        for (at, unique) in model.layout.descriptor.uniques.iter().enumerate() {
            let sql = &model.texts.uniques[at];
            if let Some(conflicting_resource_id) = holder(self.on, model, sql, unique, row, pk).await? {
                let values = unique.indexes.iter().map(|&at| scalar(row, at).clone()).collect();
                return Ok(Some(CommitError::Unique {
                    change,
                    model: index,
                    unique: at,
                    values,
                    conflicting_resource_id,
                }));
            }
        }
        Ok(None)
    }
}

async fn holder(
    on: &impl ConnectionTrait,
    model: &Model,
    sql: &str,
    unique: &UniqueDescriptor,
    index: &IndexRow,
    pk: i64,
) -> Applied<Option<String>> {
    let mut values: Values = Vec::new();
    let kinds = unique.indexes.iter().map(|&at| Kind::from(model.layout.descriptor.indexes[at].kind));
    for (value, kind) in compared(&model.layout, unique, index).zip(kinds) {
        if unique.nulls_equal {
            let is_null = value == IndexValue::Null;
            values.push(is_null.into());
            let empty = match kind {
                Kind::Text => IndexValue::Text(String::new()),
                Kind::Integer => IndexValue::Integer(0),
                Kind::Float => IndexValue::Float(0.0),
            };
            values.push(column_value(if is_null { &empty } else { &value }, kind));
        } else {
            values.push(column_value(&value, kind));
        }
    }
    values.push(pk.into());
    let found = row(on, sql, values).await?;
    Ok(found.as_ref().map(|found| Columns::of(found)?.get(0)).transpose()?)
}

/// The live resource that has these values under the constraint at that position.
pub(in super::super) async fn owner(
    on: &impl ConnectionTrait,
    model: &Model,
    unique: usize,
    values: &[IndexValue],
) -> Result<Option<String>, StoreError> {
    let descriptor = model.layout.descriptor;
    let Some(constraint) = descriptor.uniques.get(unique) else { return Ok(None) };
    // No indexed text has a U+0000, which the engine refuses.
    if values.iter().any(|value| matches!(value, IndexValue::Text(text) if text.contains('\0'))) {
        return Ok(None);
    }
    let mut row = IndexRow { entries: vec![IndexEntry::Scalar(IndexValue::Null); descriptor.indexes.len()] };
    for (&at, value) in constraint.indexes.iter().zip(values) {
        row.entries[at] = IndexEntry::Scalar(value.clone());
    }
    // Rows are numbered from 1, so this excludes none.
    match holder(on, model, &model.texts.uniques[unique], constraint, &row, 0).await {
        Ok(found) => Ok(found),
        Err(super::Refused::Because(CommitError::Store(error))) => Err(error),
        Err(super::Refused::Because(error)) => Err(StoreError::Internal(error.to_string())),
        Err(super::Refused::Fault(fault)) => Err(fault.into_error()),
    }
}
