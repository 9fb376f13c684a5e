//! What only several actions together show: two of one path or label, and those of a type outside the list.

use super::text::ConstText;
use crate::action::{ActionEntry, ActionKind, ActionRuns};
use crate::descriptor::{Identity, hash_name};
use crate::resource::ResourceEntry;

/// Names below a resource type that built-in routes have, or will have.
const COLLECTION: &[&str] =
    &["export", "import", "count", "data", "meta", "full", "revision-info", "restore", "migrate", "changes"];
/// The same below a resource.
const RESOURCE: &[&str] = &[
    "data",
    "meta",
    "full",
    "revision-info",
    "revision-list",
    "restore",
    "switch",
    "permanently",
    "referrers",
    "blobs",
    "rerun",
    "logs",
    "cancel",
    "progress",
    "diff",
    "undo",
    "migrate",
    "changes",
];

/// Fails the build at the caller's place when the action at this position does not fit into the list.
///
/// # Panics
///
/// During const evaluation, which is how it fails the build.
#[track_caller]
pub const fn require_action(entries: &[ResourceEntry], actions: &[ActionEntry], jobs: bool, at: usize) {
    assert!(
        jobs || !matches!(actions[at].runs, ActionRuns::AsJob(_)),
        "`mode = \"job\"` needs a job backend in `resources!`: end the list with `; jobs`"
    );
    if let Some(text) = problem(entries, actions, at) {
        panic!("{}", text.as_str())
    }
}

/// Fails the build at the caller's place when a built-in route has this path.
///
/// # Panics
///
/// During const evaluation, which is how it fails the build.
#[track_caller]
pub const fn require_free(resource: &Identity, kind: ActionKind, path: &str) {
    if !resource.is_rejected()
        && let Some(text) = built_in(resource, kind, path)
    {
        panic!("{}", text.as_str())
    }
}

/// What is wrong with the action at this position, in words.
pub(crate) const fn problem(
    entries: &[ResourceEntry],
    actions: &[ActionEntry],
    at: usize,
) -> Option<ConstText> {
    let action = &actions[at];
    if action.resource.is_rejected() {
        return None;
    }
    if !is_registered(entries, action.resource) {
        let text = ConstText::new().push("action `").push(action.name).push("` belongs to `");
        return Some(text.push(action.resource.type_name).push("`, which is not registered"));
    }
    let mut before = 0;
    while before < at {
        let other = &actions[before];
        if other.resource.path_hash == action.resource.path_hash {
            if other.kind.creates() == action.kind.creates() && shape(other.path) == shape(action.path) {
                let text = ConstText::new().push("duplicate action `").push(action.path);
                return Some(text.push("` on `").push(action.resource.name).push("`"));
            }
            if hash_name(other.label) == hash_name(action.label) {
                let text = ConstText::new().push("two actions on `").push(action.resource.name);
                return Some(text.push("` have the label `").push(action.label).push("`: set `label`"));
            }
        }
        before += 1;
    }
    None
}

const fn is_registered(entries: &[ResourceEntry], resource: &Identity) -> bool {
    let mut at = 0;
    while at < entries.len() {
        let id = &entries[at].descriptor.id;
        if id.path_hash == resource.path_hash || id.is_rejected() {
            return true;
        }
        at += 1;
    }
    false
}

/// A number for the path, whatever its parameters are called: a router cannot tell them apart.
const fn shape(path: &str) -> u64 {
    let bytes = path.as_bytes();
    let (mut hash, mut inside, mut at) = (0xcbf2_9ce4_8422_2325_u64, false, 0);
    while at < bytes.len() {
        if bytes[at] == b'}' {
            inside = false;
        }
        if !inside {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        }
        if bytes[at] == b'{' {
            inside = true;
        }
        at += 1;
    }
    hash
}

const fn built_in(resource: &Identity, kind: ActionKind, path: &str) -> Option<ConstText> {
    let names = if kind.creates() { COLLECTION } else { RESOURCE };
    let mut at = 0;
    while at < names.len() {
        if is_first(path, names[at]) {
            let text = ConstText::new().push("`/").push(resource.name);
            let text = text.push(if kind.creates() { "/" } else { "/{resource_id}/" });
            return Some(text.push(names[at]).push("` is a built-in route"));
        }
        at += 1;
    }
    None
}

/// Whether the first segment of the path is this name.
const fn is_first(path: &str, name: &str) -> bool {
    let (path, name) = (path.as_bytes(), name.as_bytes());
    if path.len() < name.len() || (path.len() > name.len() && path[name.len()] != b'/') {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if path[at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::ResourceDescriptor;
    use crate::repository::Mode;

    const USER: Identity = Identity::new("user", "a::User", "User");
    static USERS: ResourceDescriptor = ResourceDescriptor::named(USER);

    const fn action(kind: ActionKind, path: &'static str, label: &'static str) -> ActionEntry {
        ActionEntry { resource: &USER, kind, name: "act", path, label, ..ActionEntry::REJECTED }
    }

    fn said(actions: &[ActionEntry]) -> Option<String> {
        let entries = [ResourceEntry::rejected(&USERS)];
        problem(&entries, actions, actions.len() - 1).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn paths_and_labels_are_taken_once() {
        let update = ActionKind::Update(Mode::Update);
        let modify = ActionKind::Update(Mode::Modify);
        let first = action(update, "grant/{skill}", "Grant");
        assert_eq!(said(&[first]), None);
        assert_eq!(said(&[first, action(ActionKind::Create, "grant/{skill}", "New")]), None);
        assert_eq!(said(&[first, action(update, "grant/{skill}/twice", "Twice")]), None);
        assert_eq!(
            said(&[first, action(modify, "grant/{spell}", "Other")]).as_deref(),
            Some("duplicate action `grant/{spell}` on `user`")
        );
        assert_eq!(
            said(&[first, action(ActionKind::Create, "new", "Grant")]).as_deref(),
            Some("two actions on `user` have the label `Grant`: set `label`")
        );
    }

    #[test]
    fn the_type_of_an_action_is_in_the_list() {
        let text = problem(&[], &[action(ActionKind::Create, "new", "New")], 0).expect("not registered");
        assert_eq!(text.as_str(), "action `act` belongs to `User`, which is not registered");
        assert!(problem(&[], &[ActionEntry::REJECTED], 0).is_none());
    }

    #[test]
    fn built_in_routes_are_not_taken() {
        let of = |kind, path| built_in(&USER, kind, path).map(|text| text.as_str().to_owned());
        let update = ActionKind::Update(Mode::Update);
        assert_eq!(of(ActionKind::Create, "export").as_deref(), Some("`/user/export` is a built-in route"));
        assert_eq!(
            of(update, "switch/x").as_deref(),
            Some("`/user/{resource_id}/switch` is a built-in route")
        );
        assert_eq!(of(update, "export"), None);
        assert_eq!(of(ActionKind::Create, "exports"), None);
        assert_eq!(of(ActionKind::Create, "export-all"), None);
    }

    #[test]
    fn every_route_of_the_table_is_reserved() {
        for route in crate::http::route::ROUTES {
            let names = route.path.strip_prefix("/{resource_id}");
            let (kind, path) = match names {
                Some(path) => (ActionKind::Update(Mode::Update), path),
                None => (ActionKind::Create, route.path),
            };
            let path = path.trim_start_matches('/');
            assert!(path.is_empty() || built_in(&USER, kind, path).is_some(), "{}", route.path);
        }
    }
}
