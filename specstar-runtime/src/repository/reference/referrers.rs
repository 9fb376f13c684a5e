//! Who refers to a resource.

use std::sync::Arc;

use super::Edge;
use crate::access::Action;
use crate::descriptor::ReferenceDescriptor;
use crate::error::{Error, Result};
use crate::repository::service::store_error;
use crate::repository::{Caller, Model, Selection, Service};
use crate::store::Freshness;

/// The live resources that refer to one through the same field.
#[derive(Clone, Debug)]
pub struct Referrers {
    /// The type of these resources.
    pub source: &'static str,
    /// Their reference.
    pub reference: &'static ReferenceDescriptor,
    /// Their ids, in the order of creation.
    pub resource_ids: Vec<String>,
}

impl Service {
    /// Whether some type refers to this one.
    pub fn is_referred_to(&self, model: &Model) -> bool {
        !self.references.to(model.index).is_empty()
    }

    /// A page of the live resources that refer to a live one, by field in the order of registration, and whether
    /// there are more. The caller may have to be allowed to search every type that refers to this one.
    pub async fn referrers(
        &self,
        model: &Model,
        resource_id: &str,
        limit: u64,
        offset: u64,
        caller: &Caller,
    ) -> Result<(Vec<Referrers>, bool)> {
        let gate = self.gate(model, caller, Some(resource_id), &[Action::GET_META]).await?;
        let mut sources = Vec::new();
        for edge in self.references.to(model.index) {
            let source = &self.models()[edge.source.0];
            sources.push((edge, source, self.gate(source, caller, None, &[Action::SEARCH_RESOURCES]).await?));
        }
        let unknown = |error| match error {
            Error::NotFound { .. } | Error::Deleted { .. } => {
                Error::TargetNotFound { model: model.name().to_owned(), resource_id: resource_id.to_owned() }
            }
            other => other,
        };
        let head = self.visible(model, resource_id, false, &gate).await.map_err(unknown)?;
        let (mut skip, mut left) = (offset, limit);
        let mut groups = Vec::new();
        for (edge, source, gate) in sources {
            let predicate = gate.narrow(Arc::new(edge.live(&head.resource_id)));
            if skip > 0 || left == 0 {
                let all = self
                    .store
                    .count(source.index, Arc::clone(&predicate), Freshness::Current)
                    .await
                    .map_err(store_error)?;
                if left == 0 && all > skip {
                    return Ok((groups, true));
                }
                if all <= skip {
                    skip -= all;
                    continue;
                }
            }
            let selection = Selection {
                predicate,
                sorts: Vec::new(),
                limit: left,
                offset: skip,
                after: None,
                freshness: Freshness::Current,
            };
            skip = 0;
            let (resource_ids, has_more) = self.ids(source, selection).await?;
            left -= resource_ids.len() as u64;
            if !resource_ids.is_empty() {
                groups.push(group(edge, source, resource_ids));
            }
            if has_more {
                return Ok((groups, true));
            }
        }
        Ok((groups, false))
    }
}

fn group(edge: &Edge, source: &Model, resource_ids: Vec<String>) -> Referrers {
    Referrers { source: source.name(), reference: edge.reference, resource_ids }
}
