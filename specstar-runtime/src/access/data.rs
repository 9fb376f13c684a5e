//! Rules that look at a resource: its content with its type, or its metadata.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::{BoxFuture, ready};

use super::rule::{denied, may_speak};
use super::{AccessControl, AccessRequest, Action, Decision, Needs, Principal, Rule};
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::meta::HeadRef;
use crate::resource::Resource;
use crate::resource::payload::Payload;
use crate::schema::readable_revision;

/// Allows these actions on a resource of type `R` when the function says so of its content as it stands.
///
/// It abstains on other types, on questions that are about no single resource (a list, a create), and when the
/// function says no. When the function panics, or the content does not fit the type, the request fails.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use specstar_runtime::{descriptor::{Identity, ResourceDescriptor}, resource::{Resource, ResourceEntry}};
/// # #[derive(Serialize, Deserialize)]
/// # struct Note { editors: Vec<String> }
/// # impl Resource for Note {
/// #     const ID: Identity = Identity::new("note", "doc::Note", "Note");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor::named(Self::ID);
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// use specstar_runtime::access::{Action, allow_if};
///
/// let editors = allow_if::<Note>(Action::UPDATE | Action::PATCH, |request, note| {
///     note.editors.iter().any(|editor| editor == request.principal.name())
/// });
/// # let _ = editors;
/// ```
pub fn allow_if<R: Resource + Payload>(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
) -> Rule {
    typed(actions, Decision::Allow, Needs::CURRENT, test)
}

/// Denies these actions on a resource of type `R` when the function says so of its content as it stands.
///
/// It abstains where [`allow_if`] does, but for one case: when the resource is named and its content is not known
/// although it must exist, it denies. Like [`deny`](super::deny), it denies all parts of [`Action::GET`] with it.
pub fn deny_if<R: Resource + Payload>(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
) -> Rule {
    typed(denied(actions), Decision::Deny, Needs::CURRENT, test)
}

/// Allows these actions when the function says so of the content that would be stored. It abstains where there is
/// none, as in a read or a delete.
pub fn allow_input_if<R: Resource + Payload>(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
) -> Rule {
    typed(actions, Decision::Allow, Needs::INPUT, test)
}

/// Denies these actions when the function says so of the content that would be stored. It abstains where there is
/// none, as in a read or a delete.
pub fn deny_input_if<R: Resource + Payload>(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
) -> Rule {
    typed(denied(actions), Decision::Deny, Needs::INPUT, test)
}

/// Allows these actions on a resource of any type when the function says so of its metadata.
///
/// ```
/// use specstar_runtime::access::{Action, allow_meta_if};
/// use specstar_runtime::meta::RevisionStatus;
///
/// let drafts = allow_meta_if(Action::DELETE, |_, head| head.revision.status == RevisionStatus::Draft);
/// # let _ = drafts;
/// ```
pub fn allow_meta_if(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &HeadRef<'_>) -> bool + Send + Sync + 'static,
) -> Rule {
    Rule::new(ByMeta { actions, decision: Decision::Allow, test })
}

/// Denies these actions on a resource of any type when the function says so of its metadata, and when the
/// metadata of a resource that is named is not known although it must exist. Like [`deny`](super::deny), it denies
/// all parts of [`Action::GET`] with it.
pub fn deny_meta_if(
    actions: Action,
    test: impl Fn(&AccessRequest<'_>, &HeadRef<'_>) -> bool + Send + Sync + 'static,
) -> Rule {
    Rule::new(ByMeta { actions: denied(actions), decision: Decision::Deny, test })
}

/// Who created a resource may do this with it. What nobody known created belongs to nobody, also not to a user of
/// the name it is recorded with.
///
/// ```
/// use specstar_runtime::access::{Action, owner};
/// let own = owner(Action::OWNER);
/// # let _ = own;
/// ```
pub fn owner(actions: Action) -> Rule {
    allow_meta_if(actions, |request, head| {
        let Principal::User(user) = request.principal else { return false };
        user.name != Principal::ANONYMOUS && user.name == head.created_by
    })
}

fn typed<R: Resource + Payload, F>(actions: Action, decision: Decision, needs: Needs, test: F) -> Rule
where
    F: Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
{
    Rule::new(ByData { actions, decision, needs, test, of: PhantomData })
}

struct ByData<R, F> {
    actions: Action,
    decision: Decision,
    /// [`Needs::CURRENT`] or [`Needs::INPUT`]: which content the function is asked about.
    needs: Needs,
    test: F,
    of: PhantomData<fn() -> R>,
}

impl<R, F> AccessControl for ByData<R, F>
where
    R: Resource + Payload,
    F: Fn(&AccessRequest<'_>, &R) -> bool + Send + Sync + 'static,
{
    fn needs(&self, model: &'static ResourceDescriptor, action: Action) -> Needs {
        let speaks = model.id.path_hash == R::ID.path_hash && may_speak(self.actions, action);
        if speaks { self.needs } else { Needs::empty() }
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        if request.model.id.path_hash != R::ID.path_hash || !self.actions.contains(request.action) {
            return Box::pin(ready(Ok(Decision::Abstain)));
        }
        let current = self.needs == Needs::CURRENT;
        if current
            && let Some(head) = request.current
            && let Err(error) = readable_revision(head.resource_id, &head.revision)
        {
            return Box::pin(ready(Err(error)));
        }
        let content = if current { request.current.map(|head| head.revision.data) } else { request.input };
        let decision = match content {
            None if current => Ok(unseen(self.decision, &request)),
            None => Ok(Decision::Abstain),
            Some(json) => R::decode(json)
                .map_err(Error::internal)
                .and_then(|value| asked(self.decision, || (self.test)(&request, &value))),
        };
        Box::pin(ready(decision))
    }
}

struct ByMeta<F> {
    actions: Action,
    decision: Decision,
    test: F,
}

impl<F> AccessControl for ByMeta<F>
where
    F: Fn(&AccessRequest<'_>, &HeadRef<'_>) -> bool + Send + Sync + 'static,
{
    fn needs(&self, _: &'static ResourceDescriptor, action: Action) -> Needs {
        if may_speak(self.actions, action) { Needs::CURRENT } else { Needs::empty() }
    }

    fn decide<'a>(&'a self, request: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        let decision = match request.current {
            _ if !self.actions.contains(request.action) => Ok(Decision::Abstain),
            None => Ok(unseen(self.decision, &request)),
            Some(head) => asked(self.decision, || (self.test)(&request, head)),
        };
        Box::pin(ready(decision))
    }
}

/// What a rule says of a resource it does not see. One that allows has no ground to; one that denies cannot rule
/// its reason out, unless the resource may be about to be made.
pub(super) fn unseen(decision: Decision, request: &AccessRequest<'_>) -> Decision {
    let new = (Action::CREATE | Action::LOAD).contains(request.action);
    if decision == Decision::Deny && request.resource_id.is_some() && !new {
        return Decision::Deny;
    }
    Decision::Abstain
}

/// The decision, if the function says yes. It is code of the program: should it panic, nobody knows what it would
/// have said, so the request fails.
fn asked(decision: Decision, test: impl FnOnce() -> bool) -> Result<Decision> {
    match catch_unwind(AssertUnwindSafe(test)) {
        Ok(true) => Ok(decision),
        Ok(false) => Ok(Decision::Abstain),
        Err(panic) => Err(Error::internal(format!("a rule panicked: {}", panic_text(&*panic)))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
