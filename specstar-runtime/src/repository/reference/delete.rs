//! What a delete takes along: everything is planned first, and committed as one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Edge;
use crate::access::{Action, RowScope};
use crate::change::{CascadeMember, Change, ChangeKind, HeadUpdate, ModelIndex, Requirement};
use crate::descriptor::OnDelete;
use crate::error::{Error, Referrer, Result};
use crate::hook::Cause;
use crate::meta::Head;
use crate::query::Predicate;
use crate::repository::commit::Plan;
use crate::repository::embed::Encoded;
use crate::repository::hooks::{Done, Happening};
use crate::repository::payload;
use crate::repository::service::store_error;
use crate::repository::{Caller, Model, Service};
use crate::schema::{index_as_stored, readable};
use crate::store::Freshness;
use crate::timeline;

/// How many of those that keep a resource from being deleted are named.
const NAMED: usize = 5;

/// How resources go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repository) enum Way {
    /// They are marked as deleted.
    Soft,
    /// They and their history are removed.
    Permanent,
}

/// What a delete changes.
pub(in crate::repository) struct Deletion {
    pub(in crate::repository) plan: Plan,
    /// What was asked for as it is then, in the order it was asked for; of a permanent delete, as it was.
    pub(in crate::repository) roots: Vec<Head>,
}

type Key = (ModelIndex, i64);

/// A resource that goes, and the one that was asked for which takes it along.
struct Doomed {
    model: ModelIndex,
    head: Head,
    root: usize,
    is_root: bool,
}

/// A resource that loses references, and to what.
struct Nulled {
    model: ModelIndex,
    head: Head,
    edges: Vec<(Edge, String)>,
}

struct Planner<'a> {
    service: &'a Service,
    caller: &'a Caller,
    way: Way,
    /// In the order they were found.
    doomed: Vec<Doomed>,
    seen: HashSet<Key>,
    /// What was asked for.
    roots: HashSet<Key>,
    queue: VecDeque<usize>,
    /// What loses references, in the order it was found.
    nulled: Vec<Nulled>,
    nulled_at: HashMap<Key, usize>,
    restricted: Vec<(Edge, String)>,
    guards: Vec<Requirement>,
}

impl Service {
    /// Plans the delete of these resources and of what depends on them.
    pub(in crate::repository) async fn plan_deletion(
        &self,
        model: &Model,
        heads: Vec<Head>,
        way: Way,
        caller: &Caller,
    ) -> Result<Deletion> {
        let mut planner = Planner {
            service: self,
            caller,
            way,
            doomed: Vec::new(),
            seen: HashSet::new(),
            roots: HashSet::new(),
            queue: VecDeque::new(),
            nulled: Vec::new(),
            nulled_at: HashMap::new(),
            restricted: Vec::new(),
            guards: Vec::new(),
        };
        for (root, head) in heads.into_iter().enumerate() {
            planner.doom(model.index, head, root, true)?;
        }
        if way == Way::Soft || self.settings.purge_follows_references {
            planner.follow().await?;
        }
        planner.finish().await
    }
}

impl Planner<'_> {
    fn doom(&mut self, model: ModelIndex, head: Head, root: usize, is_root: bool) -> Result<()> {
        if is_root {
            self.roots.insert((model, head.pk));
        }
        if self.seen.insert((model, head.pk)) {
            self.queue.push_back(self.doomed.len());
            self.doomed.push(Doomed { model, head, root, is_root });
            self.check_size()?;
        }
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        let (found, limit) = (self.doomed.len() + self.nulled.len(), self.service.settings.max_changes);
        if found > limit { Err(Error::TooManyChanges { found, limit }) } else { Ok(()) }
    }

    /// Walks from what goes to what refers to it, each resource once, so that a cycle ends.
    async fn follow(&mut self) -> Result<()> {
        while let Some(at) = self.queue.pop_front() {
            let Doomed { model, ref head, root, .. } = self.doomed[at];
            let resource_id = head.resource_id.clone();
            for edge in self.service.references.to(model) {
                match edge.reference.on_delete {
                    OnDelete::Dangling => continue,
                    OnDelete::Restrict => self.restricted.push((*edge, resource_id.clone())),
                    OnDelete::Cascade => {
                        for head in self.referrers(edge, &resource_id).await? {
                            self.doom(edge.source, head, root, false)?;
                        }
                    }
                    OnDelete::SetNull => {
                        for head in self.referrers(edge, &resource_id).await? {
                            self.null(edge, head, &resource_id)?;
                        }
                    }
                }
                self.guards.push(Requirement::Unreferenced {
                    model: edge.source,
                    index: edge.index,
                    resource_id: resource_id.clone(),
                    except: Vec::new(),
                });
            }
        }
        self.refuse_restricted().await
    }

    /// What refers to a resource. A permanent delete finds deleted ones too: restored, they would refer to what can
    /// never come back.
    async fn referrers(&self, edge: &Edge, resource_id: &str) -> Result<Vec<Head>> {
        let both = self.way == Way::Permanent;
        let rows = if both { edge.refers_to(resource_id) } else { edge.live(resource_id) };
        let source = &self.service.models()[edge.source.0];
        self.service.heads_where(source, rows, self.service.settings.max_changes).await
    }

    fn null(&mut self, edge: &Edge, head: Head, resource_id: &str) -> Result<()> {
        let at = *self.nulled_at.entry((edge.source, head.pk)).or_insert(self.nulled.len());
        if at == self.nulled.len() {
            self.nulled.push(Nulled { model: edge.source, head, edges: Vec::new() });
        }
        self.nulled[at].edges.push((*edge, resource_id.to_owned()));
        self.check_size()
    }

    /// 409 when something that stays refers to what goes, and must not.
    async fn refuse_restricted(&self) -> Result<()> {
        for (edge, resource_id) in &self.restricted {
            let source = &self.service.models()[edge.source.0];
            let stays = |head: &Head| !self.goes(edge.source, head.pk);
            // Those that go themselves keep nothing. Mostly nobody refers to it, or few do.
            let mut found = self.service.heads_upto(source, edge.live(resource_id), NAMED + 1).await?;
            if found.len() > NAMED && !found.iter().any(stays) {
                let most = self.seen.len() + NAMED + 1;
                found = self.service.heads_upto(source, edge.live(resource_id), most).await?;
            }
            if found.iter().any(stays) {
                return Err(self.referenced(edge, resource_id).await?);
            }
        }
        Ok(())
    }

    /// Whether a resource is deleted as well, so that it keeps nothing. Where a restrict comes before a cascade, only
    /// what was asked for is.
    fn goes(&self, model: ModelIndex, pk: i64) -> bool {
        if self.service.settings.restrict_before_cascade {
            return self.roots.contains(&(model, pk));
        }
        self.seen.contains(&(model, pk))
    }

    /// Names who keeps a resource from being deleted, of those that exist for the caller. Whoever sees none of them
    /// only learns that there is one.
    async fn referenced(&self, edge: &Edge, resource_id: &str) -> Result<Error> {
        let source = &self.service.models()[edge.source.0];
        let gate = self.service.gate(source, self.caller, None, &[Action::SEARCH_RESOURCES]).await;
        let scope = match gate {
            Ok(gate) => gate.into_scope(),
            Err(Error::PermissionDenied { .. }) => RowScope::None,
            Err(error) => return Err(error),
        };
        let visible = scope.narrow(Arc::new(edge.live(resource_id)));
        let most = self.seen.len() + NAMED;
        let found = self.service.heads_upto(source, Predicate::clone(&visible), most).await?;
        let all =
            self.service.store.count(edge.source, visible, Freshness::Current).await.map_err(store_error)?;
        let going = found.iter().filter(|head| self.goes(edge.source, head.pk)).count();
        let staying = found.into_iter().filter(|head| !self.goes(edge.source, head.pk)).take(NAMED);
        let referrers: Vec<Referrer> = staying
            .map(|head| Referrer {
                model: source.name().to_owned(),
                field: edge.reference.field.to_owned(),
                resource_id: head.resource_id,
            })
            .collect();
        let more = all.saturating_sub((going + referrers.len()) as u64);
        Ok(Error::Referenced { resource_id: resource_id.to_owned(), referrers, more })
    }

    async fn finish(mut self) -> Result<Deletion> {
        let mut plan = Plan { guards: std::mem::take(&mut self.guards), ..Plan::default() };
        let mut roots = Vec::new();
        let doomed = std::mem::take(&mut self.doomed);
        let mut cascades = cascades(&doomed);
        for Doomed { model, head, is_root, root } in doomed {
            let cascade = if is_root { cascades.remove(&root) } else { None };
            let (change, after) = self.removal(model, &head, cascade.unwrap_or_default())?;
            let cause = if is_root { Cause::Request } else { Cause::Reference };
            let kind = if self.way == Way::Soft { ChangeKind::Deleted } else { ChangeKind::Purged };
            let happening = self.happening(model, &head.resource_id, kind, cause);
            self.service.hookable(&self.service.models()[model.0], &head)?;
            self.service.before(happening, Some(&head.revision.data), None, &mut plan.along).await?;
            plan.changes.push(change);
            let Head { resource_id, revision, .. } = head;
            plan.done.push(Done { model, resource_id, kind, cause, old: Some(revision.data), new: None });
            if is_root {
                roots.push(after);
            }
        }
        for Nulled { model, head, edges } in std::mem::take(&mut self.nulled) {
            // Deleted after all, by another way.
            if self.seen.contains(&(model, head.pk)) {
                continue;
            }
            self.without(model, head, &edges, &mut plan).await?;
        }
        Ok(Deletion { plan, roots })
    }

    fn happening<'b>(
        &'b self,
        model: ModelIndex,
        resource_id: &'b str,
        kind: ChangeKind,
        cause: Cause,
    ) -> Happening<'b> {
        let model = &self.service.models()[model.0];
        Happening { model, caller: self.caller, resource_id, kind, cause }
    }

    fn removal(&self, model: ModelIndex, head: &Head, cascade: Vec<CascadeMember>) -> Result<(Change, Head)> {
        let context = self.caller.context();
        if self.way == Way::Permanent {
            return Ok((Change::Purge(timeline::removal(model, head, &context)), head.clone()));
        }
        let descriptor = self.service.models()[model.0].descriptor();
        let index = index_as_stored(descriptor, &head.revision.as_ref())?;
        let update = timeline::delete(model, head, index, &context);
        let update = HeadUpdate { cascade, ..update };
        let after = timeline::apply(head.clone(), &update);
        Ok((Change::Update(Box::new(update)), after))
    }

    /// The revision of a resource that no longer refers to what goes.
    async fn without(
        &self,
        index: ModelIndex,
        head: Head,
        edges: &[(Edge, String)],
        plan: &mut Plan,
    ) -> Result<()> {
        let model = &self.service.models()[index.0];
        readable(&head)?;
        let mut document: Map<String, Value> = payload::from_stored(&head.revision.data)?;
        for (edge, resource_id) in edges {
            if let Some(value) = document.get_mut(edge.reference.field) {
                forget(value, resource_id);
            }
        }
        let body = serde_json::to_vec(&document).map_err(Error::internal)?;
        let known = self.service.scope(model, self.caller).await?;
        let known = known.holds(model.descriptor(), &head.as_ref())?;
        let refused = |why: String| {
            let target = &edges[0].1;
            Error::Conflict(if known {
                format!(
                    "Cannot delete '{target}': '{}' would not be valid without it: {why}",
                    head.resource_id
                )
            } else {
                format!("Cannot delete '{target}': another resource would not be valid without it.")
            })
        };
        let checked = payload::from_program(model, &body).map_err(|error| refused(error.to_string()))?;
        let happening = self.happening(index, &head.resource_id, ChangeKind::Updated, Cause::Reference);
        let old = Some(&*head.revision.data);
        let checked = self.service.before_content(happening, old, checked, &mut plan.along).await?;
        if let Some(errors) = checked.objection() {
            return Err(refused(errors.to_string()));
        }
        let ready = self.service.ready(model, checked, Some(&head), &mut Encoded::default(), None).await?;
        let payload = ready.payload;
        plan.uploads.extend(ready.uploads);
        let before = index_as_stored(model.descriptor(), &head.revision.as_ref())?;
        // What a hook made of it is a write like every other.
        if edges.iter().any(|(edge, id)| edge.ids(&payload.index).any(|left| left == id)) {
            return Err(refused("a hook keeps the reference".to_owned()));
        }
        plan.needs.extend(self.service.needs(model, &head.resource_id, Some(&before), &payload.index));
        let new = payload.data.clone();
        let (status, default) = (head.revision.status, model.settings.default_status);
        let context = self.caller.context();
        let update = timeline::update(index, &head, before, payload, Some(status), default, &context);
        if let Some(update) = update {
            plan.changes.push(Change::Update(Box::new(update)));
            plan.done.push(Done {
                model: index,
                resource_id: head.resource_id,
                kind: ChangeKind::Updated,
                cause: Cause::Reference,
                old: Some(head.revision.data),
                new: Some(new),
            });
        }
        Ok(())
    }
}

/// What each of the resources that were asked for takes along, for its restore.
fn cascades(doomed: &[Doomed]) -> HashMap<usize, Vec<CascadeMember>> {
    let mut cascades: HashMap<usize, Vec<CascadeMember>> = HashMap::new();
    for Doomed { model, head, root, is_root } in doomed {
        if !is_root {
            cascades.entry(*root).or_default().push(CascadeMember {
                model: *model,
                pk: head.pk,
                resource_id: head.resource_id.clone(),
                version: head.version + 1,
            });
        }
    }
    cascades
}

/// Takes an id out of a field: the element of a list, else the value.
fn forget(value: &mut Value, resource_id: &str) {
    match value {
        Value::Array(items) => items.retain(|item| item.as_str() != Some(resource_id)),
        Value::String(id) if id == resource_id => *value = Value::Null,
        _ => {}
    }
}
