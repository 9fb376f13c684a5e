//! Which unique constraint a refused write violates, and who has the value.

use sea_orm::ConnectionTrait;

use super::super::db::{Values, row, store_error, values};
use super::super::model::Model;
use super::super::row::Columns;
use super::super::value::{Kind, column_value};
use super::{Applied, Applier};
use crate::change::{Change, ModelIndex};
use crate::descriptor::UniqueDescriptor;
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::meta::Head;
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
            Change::Create(new) => self.key_conflict(at, model, new.job.as_deref(), &new.revision.data).await,
            Change::Import(import) => {
                self.key_conflict(at, model, import.job.as_deref(), &import.head.revision.data).await
            }
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
            let held = super::super::db::row(self.on, sql.as_str(), bound(model, unique, row, pk)).await?;
            if let Some(held) = held {
                let conflicting_resource_id = Columns::of(&held)?.get(0)?;
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

/// What the statements of a constraint bind.
fn bound(model: &Model, unique: &UniqueDescriptor, index: &IndexRow, pk: i64) -> Values {
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
    values
}

/// The live head that has these values under the constraint at that position, in one statement: in a second one it
/// might have others.
pub(in super::super) async fn owner(
    on: &impl ConnectionTrait,
    model: &Model,
    unique: usize,
    values: &[IndexValue],
) -> Result<Option<Head>, StoreError> {
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
    let values = bound(model, constraint, &row, 0);
    let found = super::super::db::row(on, model.texts.holders[unique].as_str(), values).await;
    let found = found.map_err(store_error)?;
    found.as_ref().map(|found| Ok(Columns::of(found)?.head()?.to_owned())).transpose()
}
