//! The const evaluation behind `resources![…]`. Problems are looked for once, over hashes; a message is
//! put together only for an entry that has one, because both cost build time per resource.

use super::cycle::{self, Cycle};
use super::text::ConstText;
use crate::descriptor::{Identity, ResourceDescriptor, VectorDescriptor};
use crate::resource::ResourceEntry;

/// The first thing wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing.
    None,
    /// The entry at this position has the same name.
    DuplicateName(usize),
    /// The reference at this position points to a type outside the list.
    UnregisteredTarget(usize),
    /// References that cannot be left out lead from this entry back to it.
    Cycle,
    /// Nothing says who may use it, and the list denies by default.
    NoPermission,
}

/// What is wrong with each entry.
pub const fn problems<const N: usize>(entries: &[ResourceEntry; N], deny_by_default: bool) -> [Problem; N] {
    let mut found = [Problem::None; N];
    let mut at = 0;
    while at < N {
        if !entries[at].descriptor.id.is_rejected() {
            found[at] = problem(entries, at);
            if deny_by_default
                && matches!(found[at], Problem::None)
                && entries[at].policy.permission.is_none()
            {
                found[at] = Problem::NoPermission;
            }
        }
        at += 1;
    }
    found
}

const fn problem(entries: &[ResourceEntry], at: usize) -> Problem {
    let descriptor = entries[at].descriptor;
    let mut before = 0;
    while before < at {
        if entries[before].descriptor.id.name_hash == descriptor.id.name_hash {
            return Problem::DuplicateName(before);
        }
        before += 1;
    }
    let mut reference = 0;
    while reference < descriptor.references.len() {
        if !is_registered(entries, descriptor.references[reference].target) {
            return Problem::UnregisteredTarget(reference);
        }
        reference += 1;
    }
    if cycle::closed_by(entries, at).is_some() { Problem::Cycle } else { Problem::None }
}

const fn is_registered(entries: &[ResourceEntry], target: &Identity) -> bool {
    let mut at = 0;
    while at < entries.len() {
        if entries[at].descriptor.id.path_hash == target.path_hash {
            return true;
        }
        at += 1;
    }
    target.is_rejected()
}

/// Fails the build at the caller's place when the entry has a problem.
///
/// # Panics
///
/// During const evaluation, which is how it fails the build.
#[track_caller]
pub const fn report(entries: &[ResourceEntry], problems: &[Problem], at: usize) {
    match problems[at] {
        Problem::None => {}
        Problem::DuplicateName(first) => {
            panic!("{}", duplicate(&entries[first].descriptor.id, &entries[at].descriptor.id).as_str())
        }
        Problem::UnregisteredTarget(reference) => {
            panic!("{}", unregistered(&entries[at], reference).as_str())
        }
        Problem::Cycle => {
            if let Some(cycle) = cycle::closed_by(entries, at) {
                panic!("{}", impossible(entries, &cycle).as_str())
            }
        }
        Problem::NoPermission => panic!("{}", no_permission(&entries[at].descriptor.id).as_str()),
    }
}

const fn duplicate(first: &Identity, second: &Identity) -> ConstText {
    if first.path_hash == second.path_hash {
        return ConstText::new().push("`").push(second.path).push("` is registered twice");
    }
    let text = ConstText::new().push("duplicate resource name `").push(second.name);
    let text = text.push("`: used by `").push(first.path);
    text.push("` and `").push(second.path).push("`")
}

const fn unregistered(entry: &ResourceEntry, reference: usize) -> ConstText {
    let reference = &entry.descriptor.references[reference];
    let text = ConstText::new().push("`").push(entry.descriptor.id.type_name);
    let text = text.push("::").push(reference.field).push("` refers to `");
    text.push(reference.target.type_name).push("`, which is not registered")
}

const fn impossible(entries: &[ResourceEntry], cycle: &Cycle) -> ConstText {
    let restrict = cycle::is_restrict(entries, cycle);
    let start = if restrict { "deleting any of " } else { "no first of " };
    let (mut types, mut way) = (ConstText::new().push(start), ConstText::new());
    let shown = if cycle.len < cycle.steps.len() { cycle.len } else { cycle.steps.len() };
    let mut at = 0;
    while at < shown {
        // It was found from its last entry; it reads better from an earlier one.
        let (entry, reference) = cycle.steps[(at + 1) % shown];
        let descriptor = entries[entry].descriptor;
        types = types.push(if at > 0 { ", `" } else { "`" }).push(descriptor.id.type_name).push("`");
        way = way.push(if at > 0 { " → " } else { "" }).push(descriptor.id.type_name);
        way = way.push(".").push(descriptor.references[reference].field);
        at += 1;
    }
    if restrict {
        types.push(" is impossible: restrict cycle ").push(way.as_str())
    } else {
        let types = types.push(" can be created: cascade cycle ").push(way.as_str());
        types.push("; one of these references must be optional")
    }
}

const fn no_permission(id: &Identity) -> ConstText {
    let text = ConstText::new().push("`").push(id.type_name);
    text.push("` has no permission rule and the registry denies by default: add one or `permission = open`")
}

/// Fails the build at the caller's place when a vector field is an array of another length than it declares.
///
/// # Panics
///
/// During const evaluation, which is how it fails the build.
#[track_caller]
pub const fn require_dim(descriptor: &ResourceDescriptor, index: usize) {
    if let Some(VectorDescriptor { dim, array: Some(length), .. }) = descriptor.indexes[index].vector
        && dim != length
    {
        panic!("{}", array_length(dim, length).as_str())
    }
}

const fn array_length(dim: usize, length: usize) -> ConstText {
    let text = ConstText::new().push("dim = ").push_number(dim);
    text.push(" but the array has ").push_number(length).push(" elements")
}
