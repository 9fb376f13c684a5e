//! What must hold of other resources.
//!
//! A reference and the delete of its target are never decided beside each other: who refers to a resource holds its row
//! against deletes, and who deletes one holds its row alone, before it looks who refers to it. Each statement sees what
//! was committed while it waited.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sea_orm::ConnectionTrait;

use super::super::db::{row, rows, values};
use super::super::row::Columns;
use super::{Applied, Applier};
use crate::change::{ChangeSet, ModelIndex, Requirement};
use crate::store::{CommitError, StoreError};

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Decided before anything is changed. Every failing one is named: a client corrects all of them at once.
    pub(super) async fn require_live(&self, set: &ChangeSet) -> Applied<()> {
        let wanted = set.requirements.iter().enumerate().filter_map(|(at, requirement)| match requirement {
            Requirement::Live { model, resource_id } => Some((at, *model, resource_id.as_str())),
            _ => None,
        });
        self.require(wanted.collect()).await
    }

    /// Decided behind the changes, since these remove references, and bring resources.
    pub(super) async fn require_after(&self, set: &ChangeSet) -> Applied<()> {
        let wanted = set.requirements.iter().enumerate().filter_map(|(at, requirement)| match requirement {
            Requirement::LiveAfter { model, resource_id } => Some((at, *model, resource_id.as_str())),
            _ => None,
        });
        self.require(wanted.collect()).await?;
        for (requirement, wanted) in set.requirements.iter().enumerate() {
            if let Requirement::Unreferenced { model, index, resource_id, except } = wanted
                && self.is_referenced(*model, *index, resource_id, except).await?
            {
                return Err(CommitError::Referenced { requirement }.into());
            }
        }
        Ok(())
    }

    async fn require(&self, wanted: Vec<(usize, ModelIndex, &str)>) -> Applied<()> {
        let mut by_model: BTreeMap<ModelIndex, BTreeSet<&str>> = BTreeMap::new();
        for (_, model, resource_id) in &wanted {
            by_model.entry(*model).or_default().insert(resource_id);
        }
        let mut live: HashSet<(ModelIndex, String)> = HashSet::new();
        for (model, ids) in by_model {
            // No id has a U+0000, which the engine refuses.
            let mut ids: Vec<String> =
                ids.into_iter().filter(|id| !id.contains('\0')).map(str::to_owned).collect();
            let sql = self.models.get(model)?.texts.hold_live.as_str();
            // A row that an import has put in the place of the one that was waited for is only seen by the next one.
            for _ in 0..2 {
                for found in rows(self.on, sql, values![ids.clone()]).await? {
                    live.insert((model, Columns::of(&found)?.get(0)?));
                }
                ids.retain(|id| !live.contains(&(model, id.clone())));
                if ids.is_empty() {
                    break;
                }
            }
        }
        let missing: Vec<usize> = wanted
            .into_iter()
            .filter(|(_, model, id)| !live.contains(&(*model, (*id).to_owned())))
            .map(|(at, ..)| at)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(CommitError::Missing { requirements: missing }.into()) }
    }

    async fn is_referenced(
        &self,
        model: ModelIndex,
        index: usize,
        resource_id: &str,
        except: &[String],
    ) -> Applied<bool> {
        let model = self.models.get(model)?;
        let Some(Some(sql)) = model.texts.refers.get(index) else {
            let name = model.layout.descriptor.id.name;
            let problem = format!("index {index} of `{name}` cannot be asked for an id");
            return Err(StoreError::Internal(problem).into());
        };
        Ok(row(self.on, sql.as_str(), values![resource_id, except.to_vec()]).await?.is_some())
    }
}
