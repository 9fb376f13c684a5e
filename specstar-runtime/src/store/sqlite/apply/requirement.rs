//! What must hold of other resources.

use rusqlite::params;

use super::super::connection::store_error;
use super::super::model::Model;
use super::Applier;
use crate::change::{ChangeSet, Requirement};
use crate::store::layout::IndexPlace;
use crate::store::{CommitError, StoreError};

impl Applier<'_> {
    /// Decided before anything is changed, so that a set that fails here need not be rolled back. Every
    /// failing one is named: a client corrects all of them at once.
    pub(super) fn require_live(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let mut missing = Vec::new();
        for (at, requirement) in set.requirements.iter().enumerate() {
            if let Requirement::Live { model, resource_id } = requirement
                && !self.is_live(self.models.get(*model)?, resource_id)?
            {
                missing.push(at);
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(CommitError::Missing { requirements: missing }) }
    }

    /// Decided behind the changes, since these remove references, and bring resources.
    pub(super) fn require_after(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let mut missing = Vec::new();
        for (at, wanted) in set.requirements.iter().enumerate() {
            if let Requirement::LiveAfter { model, resource_id } = wanted
                && !self.is_live(self.models.get(*model)?, resource_id)?
            {
                missing.push(at);
            }
        }
        if !missing.is_empty() {
            return Err(CommitError::Missing { requirements: missing });
        }
        for (requirement, wanted) in set.requirements.iter().enumerate() {
            if let Requirement::Unreferenced { model, index, resource_id, except } = wanted
                && self.is_referenced(self.models.get(*model)?, *index, resource_id, except)?
            {
                return Err(CommitError::Referenced { requirement });
            }
        }
        Ok(())
    }

    fn is_live(&self, model: &Model, resource_id: &str) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(&model.writes.live).map_err(store_error)?;
        statement.exists([resource_id]).map_err(store_error)
    }

    fn is_referenced(
        &self,
        model: &Model,
        index: usize,
        resource_id: &str,
        except: &[String],
    ) -> Result<bool, StoreError> {
        let texts = if except.is_empty() { &model.writes.refers } else { &model.writes.referrers };
        let place = model.layout.indexes.get(index).zip(texts.get(index));
        let Some((place, Some(sql))) = place else {
            let name = model.layout.descriptor.id.name;
            return Err(StoreError::Internal(format!("index {index} of `{name}` cannot be asked for an id")));
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let found = match place {
            IndexPlace::List { field } => statement.query(params![field, resource_id]),
            IndexPlace::Column { .. } | IndexPlace::Document => statement.query([resource_id]),
        };
        let mut rows = found.map_err(store_error)?;
        while let Some(row) = rows.next().map_err(store_error)? {
            if except.is_empty() || !except.contains(&row.get(0).map_err(store_error)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
