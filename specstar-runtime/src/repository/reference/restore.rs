//! The end of soft deletes, with what the deletes took along.

use std::collections::HashSet;

use super::Need;
use crate::change::{Change, ChangeKind, ModelIndex};
use crate::error::{Error, Result};
use crate::hook::Cause;
use crate::meta::Head;
use crate::repository::commit::Plan;
use crate::repository::hooks::{Done, Happening};
use crate::repository::service::store_error;
use crate::repository::{Caller, Model, Service};
use crate::schema::index_as_stored;
use crate::timeline;

/// What a restore changes.
pub(in crate::repository) struct Restoration {
    pub(in crate::repository) plan: Plan,
    /// What was asked for as it is then, in the order it was asked for.
    pub(in crate::repository) roots: Vec<Head>,
}

impl Service {
    /// Plans the restore of these resources, and with `cascade` of what their deletes took along and nobody has
    /// changed since. A live resource stays as it is.
    pub(in crate::repository) async fn plan_restoration(
        &self,
        model: &Model,
        heads: Vec<Head>,
        cascade: bool,
        caller: &Caller,
    ) -> Result<Restoration> {
        let mut all: Vec<(ModelIndex, Head, bool)> = Vec::new();
        let mut seen: HashSet<(ModelIndex, String)> = HashSet::new();
        for head in heads {
            let members = if cascade && head.is_deleted {
                self.store.cascaded(model.index, head.pk).await.map_err(store_error)?
            } else {
                Vec::new()
            };
            seen.insert((model.index, head.resource_id.clone()));
            all.push((model.index, head, true));
            for member in members {
                let taken = &self.models()[member.model.0];
                let found = self.find(taken, &member.resource_id).await?;
                let Some(head) = found else { continue };
                if head.is_deleted
                    && (head.pk, head.version) == (member.pk, member.version)
                    && seen.insert((member.model, member.resource_id))
                {
                    all.push((member.model, head, false));
                }
                let (found, limit) = (all.len(), self.settings.max_changes);
                if found > limit {
                    return Err(Error::TooManyChanges { found, limit });
                }
            }
        }
        self.returning(all, &seen, caller).await
    }

    async fn returning(
        &self,
        all: Vec<(ModelIndex, Head, bool)>,
        seen: &HashSet<(ModelIndex, String)>,
        caller: &Caller,
    ) -> Result<Restoration> {
        let mut out = Restoration { plan: Plan::default(), roots: Vec::new() };
        let mut asked: HashSet<(ModelIndex, i64)> = HashSet::new();
        for (index, head, is_root) in all {
            // Asked for twice: once for itself, once with another one.
            if !asked.insert((index, head.pk)) {
                continue;
            }
            let model = &self.models()[index.0];
            let row = index_as_stored(model.descriptor(), &head.revision.as_ref())?;
            let Some(update) = timeline::restore(index, &head, row.clone(), &caller.context()) else {
                out.roots.push(head);
                continue;
            };
            let needs = self.needs(model, &head.resource_id, None, &row);
            // What comes back together may refer to one another.
            let back = |need: &Need| seen.contains(&(need.target, need.resource_id.clone()));
            out.plan.needs.extend(needs.into_iter().filter(|need| !back(need)));
            let (kind, cause) =
                (ChangeKind::Restored, if is_root { Cause::Request } else { Cause::Reference });
            let happening = Happening { model, caller, resource_id: &head.resource_id, kind, cause };
            self.hookable(model, &head)?;
            self.before(happening, Some(&head.revision.data), None, &mut out.plan.along).await?;
            if is_root {
                out.roots.push(timeline::apply(head.clone(), &update));
            }
            out.plan.changes.push(Change::Update(Box::new(update)));
            let (resource_id, old) = (head.resource_id, Some(head.revision.data));
            out.plan.returning = true;
            out.plan.done.push(Done { model: index, resource_id, kind, cause, old, new: None });
        }
        Ok(out)
    }
}
