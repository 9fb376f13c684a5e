//! The const evaluation behind `resources![…]`. Problems are looked for once, over hashes; a message is
//! put together only for an entry that has one, because both cost build time per resource.

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
}

/// What is wrong with each entry.
pub const fn problems<const N: usize>(entries: &[ResourceEntry; N]) -> [Problem; N] {
    let mut found = [Problem::None; N];
    let mut at = 0;
    while at < N {
        if !entries[at].descriptor.id.is_rejected() {
            found[at] = problem(entries, at);
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
    Problem::None
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
