//! The rules in memory, by subject.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::object::{Object, role, user};
use super::{AclRule, Combining, Effect, RoleMember};
use crate::access::rule::denied;
use crate::access::{AccessRequest, Action, Decision, Principal};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;

/// The rules and memberships of an application.
#[derive(Debug, Default)]
pub(super) struct Rules {
    by_subject: HashMap<String, Vec<Entry>>,
    /// The roles each subject is directly in, as subjects.
    roles: HashMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Entry {
    object: Object,
    actions: Action,
    effect: Effect,
    order: i64,
}

impl Rules {
    pub(super) fn new(rules: Vec<AclRule>, members: Vec<RoleMember>) -> Self {
        let mut made = Self::default();
        for rule in rules {
            // Only what the validator let through is stored; what it would not is no rule.
            let Some(object) = Object::parse(&rule.object) else { continue };
            let AclRule { actions, effect, order, .. } = rule;
            let entry = Entry { object, actions: actions.0, effect, order };
            made.by_subject.entry(rule.subject).or_default().push(entry);
        }
        for member in members {
            made.roles.entry(member.subject).or_default().push(role(&member.role));
        }
        made
    }

    /// What the rules say.
    pub(super) fn decide(&self, combining: Combining, request: &AccessRequest<'_>) -> Decision {
        self.decide_for(&self.subjects(request.principal), combining, request)
    }

    fn decide_for(
        &self,
        subjects: &HashSet<String>,
        combining: Combining,
        request: &AccessRequest<'_>,
    ) -> Decision {
        let spoken = self.matching(subjects, request).any(|entry| entry.actions.contains(request.action));
        // A rule for `get` speaks for its parts: one that allows, where no rule speaks of the part itself; one that
        // denies, always. Asked here, because the default would answer first elsewhere.
        let asked = if spoken { None } else { request.action.general() };
        let counts = |entry: &Entry| match entry.effect {
            _ if asked.is_some() => asked.is_some_and(|general| entry.actions.contains(general)),
            Effect::Allow => entry.actions.contains(request.action),
            Effect::Deny => denied(entry.actions).contains(request.action),
        };
        let counting = self.matching(subjects, request).filter(|entry| counts(entry));
        let decision = combining.combine(counting.map(|entry| (entry.order, entry.effect)));
        let default = if is_reserved(request) { Decision::Deny } else { combining.default() };
        decision.unwrap_or(default)
    }

    /// The resources of a type that rules about one resource deny somebody to search or read: lists ask about the
    /// type alone, and would show them. What other rules say against such a rule counts.
    pub(super) fn hidden(
        &self,
        combining: Combining,
        principal: &Principal,
        model: &'static ResourceDescriptor,
        now: Timestamp,
    ) -> Vec<String> {
        let shown = Action::SEARCH_RESOURCES | Action::GET_META | Action::GET_RESOURCE_REVISION;
        let subjects = self.subjects(principal);
        let mut denials: BTreeMap<&str, Action> = BTreeMap::new();
        for entry in subjects.iter().filter_map(|subject| self.by_subject.get(subject)).flatten() {
            if let (Effect::Deny, Object::Resource { model: of, id }) = (entry.effect, &entry.object)
                && of == model.id.name
            {
                *denials.entry(id).or_insert(Action::empty()) |= denied(entry.actions) & shown;
            }
        }
        let (custom, current, input) = (None, None, None);
        let refused = |id: &str, action: Action| {
            let resource_id = Some(id);
            let request = AccessRequest {
                principal,
                action,
                model,
                custom,
                resource_id,
                current,
                input,
                status: None,
                now,
            };
            self.decide_for(&subjects, combining, &request) == Decision::Deny
        };
        let hidden = denials.into_iter().filter(|(id, actions)| actions.iter().any(|one| refused(id, one)));
        hidden.map(|(id, _)| id.to_owned()).collect()
    }

    /// The rules of these subjects about what is asked for, whatever their actions.
    fn matching<'a>(
        &'a self,
        subjects: &'a HashSet<String>,
        request: &'a AccessRequest<'_>,
    ) -> impl Iterator<Item = &'a Entry> + Clone + 'a {
        let model = request.model.id.name;
        let opens_reserved = |entry: &Entry| {
            entry.effect == Effect::Allow && entry.object == Object::Any && is_reserved(request)
        };
        let entries = subjects.iter().filter_map(|subject| self.by_subject.get(subject)).flatten();
        entries
            .filter(move |entry| entry.object.covers(model, request.resource_id))
            .filter(move |entry| !opens_reserved(entry))
    }

    /// Everybody, the user, and every role that is reached from the user. Each is visited once, so circles end.
    fn subjects(&self, principal: &Principal) -> HashSet<String> {
        let own = principal.roles().iter().map(|name| role(name));
        // Nobody known is no user, also where an old row says `user:anonymous`.
        let named = (!principal.is_anonymous()).then(|| user(principal.name()));
        let mut open: Vec<String> = own.chain(named).collect();
        let mut found = HashSet::from(["*".to_owned()]);
        while let Some(subject) = open.pop() {
            if found.contains(&subject) {
                continue;
            }
            open.extend(self.roles.get(&subject).into_iter().flatten().cloned());
            found.insert(subject);
        }
        found
    }
}

/// Types of the framework itself: open to those only whom a rule lets in by the name of the type.
fn is_reserved(request: &AccessRequest<'_>) -> bool {
    request.model.id.name.starts_with('_')
}
