//! What a delete took along.

use rusqlite::params;

use super::super::connection::store_error;
use super::super::model::Model;
use super::Applier;
use crate::change::HeadUpdate;
use crate::store::StoreError;

impl Applier<'_> {
    /// A delete that takes others along remembers them, and a restore forgets them.
    pub(super) fn update_members(&mut self, model: &Model, change: &HeadUpdate) -> Result<(), StoreError> {
        match change.is_deleted {
            Some(true) if !change.cascade.is_empty() => {
                self.forget_members(model, change.of.pk)?;
                self.remember_members(model, change)
            }
            Some(false) => self.forget_members(model, change.of.pk),
            Some(true) | None => Ok(()),
        }
    }

    /// Most resources have none; then it is one look at the primary key.
    pub(super) fn forget_members(&mut self, model: &Model, pk: i64) -> Result<(), StoreError> {
        self.execute(&model.writes.delete_members, [pk]).map(|_| ())
    }

    fn remember_members(&self, model: &Model, change: &HeadUpdate) -> Result<(), StoreError> {
        let mut statement =
            self.connection.prepare_cached(&model.writes.insert_member).map_err(store_error)?;
        for member in &change.cascade {
            let number = self.models.get(member.model)?.layout.model_id;
            statement
                .execute(params![change.of.pk, number, member.pk, member.resource_id, member.version])
                .map_err(store_error)?;
        }
        Ok(())
    }
}
