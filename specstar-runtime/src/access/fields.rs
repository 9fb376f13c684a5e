//! Rules about the fields a change touches.

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, Value};

use super::data::unseen;
use super::rule::may_speak;
use super::{AccessControl, AccessRequest, Action, Decision, Needs, Rule};
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::resource::{Prepared, Resource};
use crate::schema::readable_revision;

/// Allows these actions when they change nothing but these fields of `R`, and denies them when they change another
/// one. Top-level fields are meant, by their names in JSON, and a field changes when its value does: a client may
/// send the whole document back.
///
/// It abstains on other types and where nothing is rewritten: on a create, a read, a delete, or a change of the
/// status alone.
///
/// # Panics
///
/// When `R` has no such field: a mistake of the program that no request can cause.
///
/// ```
/// # use specstar_runtime::{descriptor::*, resource::{Resource, ResourceEntry}};
/// # struct Note;
/// # impl Resource for Note {
/// #     const ID: Identity = Identity::new("note", "doc::Note", "Note");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
/// #         fields: &[FieldDescriptor::new("text"), FieldDescriptor::new("tags")],
/// #         ..ResourceDescriptor::named(Self::ID)
/// #     };
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// use specstar_runtime::access::{Action, allow_fields};
///
/// let taggers = allow_fields::<Note>(Action::UPDATE | Action::PATCH, ["tags"]).to_roles(["tagger"]);
/// # let _ = taggers;
/// ```
pub fn allow_fields<R: Resource>(
    actions: Action,
    names: impl IntoIterator<Item = impl Into<String>>,
) -> Rule {
    let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
    for name in &names {
        let known = R::DESCRIPTOR.fields.iter().any(|field| field.name == name);
        assert!(known, "`{}` has no field `{name}`", R::ID.type_name);
    }
    Rule::new(ByFields { actions, model: R::ID.path_hash, prepare: R::ENTRY.prepare, names })
}

struct ByFields {
    actions: Action,
    model: u64,
    prepare: fn(&[u8]) -> Result<Prepared, DecodeError>,
    names: BTreeSet<String>,
}

impl ByFields {
    fn judge(&self, request: &AccessRequest<'_>) -> Result<Decision> {
        if request.model.id.path_hash != self.model || !self.actions.contains(request.action) {
            return Ok(Decision::Abstain);
        }
        let Some(input) = request.input else { return Ok(Decision::Abstain) };
        let Some(head) = request.current else { return Ok(unseen(Decision::Deny, request)) };
        readable_revision(head.resource_id, &head.revision)?;
        // A status is no field: whoever may change fields only has no say in it.
        let changes_status = request.status.is_some_and(|status| status != head.revision.status);
        if changes_status && !self.actions.contains(Action::SET_STATUS) {
            return Ok(Decision::Deny);
        }
        // A field the type got after this was stored is not changed by the default it is read with.
        let stored = (self.prepare)(head.revision.data).map(|prepared| prepared.canonical);
        let changed = changed_fields(stored.as_deref().unwrap_or(head.revision.data), input)?;
        Ok(if changed.is_subset(&self.names) { Decision::Allow } else { Decision::Deny })
    }
}

impl AccessControl for ByFields {
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        let speaks = model.id.path_hash == self.model && may_speak(self.actions, action);
        if speaks { Needs::CURRENT | Needs::INPUT } else { Needs::empty() }
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(ready(self.judge(&request)))
    }
}

/// The top-level fields that differ between two documents; one that is missing differs from one that is null.
pub(super) fn changed_fields(before: &[u8], after: &[u8]) -> Result<BTreeSet<String>> {
    let read = |json| serde_json::from_slice::<Map<String, Value>>(json).map_err(Error::internal);
    let (before, after) = (read(before)?, read(after)?);
    let names = before.keys().chain(after.keys());
    Ok(names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect())
}
