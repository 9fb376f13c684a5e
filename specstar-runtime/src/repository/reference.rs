//! References between resources: what a write requires, and what deletes, restores and purges take along.

mod delete;
mod referrers;
mod restore;

use std::collections::HashSet;

use super::{Caller, Model, Service};
use crate::access::RowScope;
use crate::change::{ModelIndex, Requirement};
use crate::descriptor::{OnDelete, ReferenceDescriptor, ReferenceKind};
use crate::error::{Error, MissingTarget, Result};
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::query::{Field, Operand, Predicate};

pub(super) use delete::Way;
pub use referrers::Referrers;

/// One declared reference by resource id, between two registered types.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) source: ModelIndex,
    pub(super) target: ModelIndex,
    /// Position in the `indexes` of the source.
    pub(super) index: usize,
    pub(super) reference: &'static ReferenceDescriptor,
}

impl Edge {
    /// The rows that refer to this id; says nothing about soft deletion.
    pub(super) fn refers_to(&self, resource_id: &str) -> Predicate {
        let operand = Operand::Text(resource_id.to_owned());
        if self.reference.list {
            Predicate::has_element(Field::Index(self.index), operand)
        } else {
            Predicate::equals(Field::Index(self.index), operand)
        }
    }

    /// The live ones among them.
    pub(super) fn live(&self, resource_id: &str) -> Predicate {
        Predicate::is_deleted(false) & self.refers_to(resource_id)
    }

    /// The ids in the field.
    fn ids<'a>(&self, row: &'a IndexRow) -> impl Iterator<Item = &'a str> {
        let values = match row.entries.get(self.index) {
            Some(IndexEntry::Scalar(value)) => std::slice::from_ref(value),
            Some(IndexEntry::List(Some(values))) => values.as_slice(),
            Some(IndexEntry::List(None)) | None => &[],
        };
        values.iter().filter_map(|value| match value {
            IndexValue::Text(id) => Some(id.as_str()),
            _ => None,
        })
    }
}

/// Every declared reference, from both ends, in the order of registration.
#[derive(Debug, Default)]
pub(crate) struct References {
    outgoing: Vec<Vec<Edge>>,
    incoming: Vec<Vec<Edge>>,
}

impl References {
    /// Of these types. References to types that are not registered lead nowhere and are left out; the builder
    /// refuses them.
    pub(super) fn of(models: &[Model]) -> Self {
        let mut all =
            Self { outgoing: vec![Vec::new(); models.len()], incoming: vec![Vec::new(); models.len()] };
        for model in models {
            for reference in model.descriptor().references {
                let is_target =
                    |other: &&Model| other.descriptor().id.path_hash == reference.target.path_hash;
                let (Some(target), Some(index)) = (models.iter().find(is_target), reference.index) else {
                    continue;
                };
                if reference.kind == ReferenceKind::ResourceId {
                    let edge = Edge { source: model.index, target: target.index, index, reference };
                    all.outgoing[model.index.0].push(edge);
                    all.incoming[target.index.0].push(edge);
                }
            }
        }
        all
    }

    /// The references to a type.
    pub(super) fn to(&self, model: ModelIndex) -> &[Edge] {
        &self.incoming[model.0]
    }

    fn from(&self, model: ModelIndex) -> &[Edge] {
        &self.outgoing[model.0]
    }
}

/// A reference that has to lead to a live resource.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// The resource that refers.
    pub(super) source: (ModelIndex, String),
    pub(super) field: &'static str,
    target: ModelIndex,
    resource_id: String,
    /// It may come with the same commit.
    after: bool,
}

impl Need {
    pub(super) fn requirement(&self) -> Requirement {
        let (model, resource_id) = (self.target, self.resource_id.clone());
        if self.after {
            return Requirement::LiveAfter { model, resource_id };
        }
        Requirement::Live { model, resource_id }
    }

    /// The resource that is referred to.
    pub(super) fn target(&self) -> (ModelIndex, &str) {
        (self.target, &self.resource_id)
    }

    pub(super) fn missing(&self) -> MissingTarget {
        MissingTarget { field: self.field.to_owned(), resource_id: self.resource_id.clone() }
    }
}

impl Service {
    /// The references of a content that another one does not have. One to the resource itself needs nothing: it is
    /// live with the write.
    pub(super) fn needs(
        &self,
        model: &Model,
        resource_id: &str,
        before: Option<&IndexRow>,
        after: &IndexRow,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        if !self.settings.validate_references {
            return needs;
        }
        for edge in self.references.from(model.index).iter().filter(|edge| edge.reference.validate) {
            let known: HashSet<&str> = before.into_iter().flat_map(|row| edge.ids(row)).collect();
            let itself = |id: &str| edge.target == model.index && id == resource_id;
            for id in edge.ids(after).filter(|id| !known.contains(id) && !itself(id)) {
                needs.push(Need {
                    source: (model.index, resource_id.to_owned()),
                    field: edge.reference.field,
                    target: edge.target,
                    resource_id: id.to_owned(),
                    after: false,
                });
            }
        }
        needs
    }

    /// The references of a resource out of an archive that have to lead somewhere once everything is there: not
    /// those that a delete of the target leaves dangling, because that is a state that was stored.
    pub(super) fn needs_of_arrival(&self, model: &Model, resource_id: &str, index: &IndexRow) -> Vec<Need> {
        let dangling = |need: &Need| {
            let mut edges = self.references.from(model.index).iter();
            edges.any(|edge| {
                edge.reference.field == need.field && edge.reference.on_delete == OnDelete::Dangling
            })
        };
        let mut needs = self.needs(model, resource_id, None, index);
        needs.retain(|need| !dangling(need));
        for need in &mut needs {
            need.after = true;
        }
        needs
    }

    /// Fails when a need names what does not exist for the caller: else a reference would tell what there is. What
    /// does not exist at all is left to the commit.
    pub(super) async fn refuse_hidden(&self, needs: &[Need], caller: &Caller) -> Result<()> {
        let mut missing = Vec::new();
        for need in needs {
            let target = &self.models()[need.target.0];
            if self.scope(target, caller).await? != RowScope::All
                && !self.exists_for(target, &need.resource_id, caller).await?
            {
                missing.push(need.missing());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Error::targets_missing(missing)) }
    }
}
