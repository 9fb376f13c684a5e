//! Marks that contradict one another.

use std::collections::HashSet;

use syn::LitStr;

use crate::ast::{Field, Resource};
use crate::attr::resource::Composite;
use crate::errors::Errors;
use crate::suggest::did_you_mean;

pub(crate) fn check(resource: &Resource, errors: &mut Errors) {
    display_name(resource, errors);
    for composite in &resource.options.uniques {
        composite_unique(composite, resource, errors);
    }
    for field in &resource.fields {
        revision(field, errors);
        unvalidated(field, errors);
        vector(field, errors);
    }
}

fn display_name(resource: &Resource, errors: &mut Errors) {
    let mut marked =
        resource.fields.iter().filter_map(|field| Some((field, field.marks.display_name.0.as_ref()?)));
    let Some((first, _)) = marked.next() else { return };
    for (_, attr) in marked {
        errors.at(attr, format_args!("only one display name; `{}` is one already", first.ident));
    }
}

fn composite_unique(composite: &Composite, resource: &Resource, errors: &mut Errors) {
    let known: Vec<String> = resource.stored().map(Field::plain_name).collect();
    let mut unknown = false;
    for name in composite.fields.iter().filter(|name| !known.contains(&name.value())) {
        unknown = true;
        let hint = did_you_mean(&name.value(), known.iter().map(String::as_str));
        errors.at(name, format_args!("no field `{}`{hint}", name.value()));
    }
    for name in composite.fields.iter().filter(|name| is_vector(resource, &name.value())) {
        errors.at(name, VECTOR);
    }
    let different: HashSet<String> = composite.fields.iter().map(LitStr::value).collect();
    if !unknown && (different.len() < 2 || different.len() < composite.fields.len()) {
        errors.at(
            &composite.key,
            "a composite needs at least two different fields; use `#[unique]` on the field",
        );
    }
}

/// A revision stays when its resource is deleted.
fn revision(field: &Field, errors: &mut Errors) {
    let Some((_, reference)) = &field.marks.reference.0 else { return };
    if let (true, Some((key, _))) = (reference.revision, &reference.on_delete) {
        errors.at(key, "a revision reference is always dangling");
    }
    // Nobody looks for a revision, so there is nothing to turn on or off.
    if let (true, Some((key, _))) = (reference.revision, &reference.validate) {
        errors.at(key, "a revision reference is never validated");
    }
}

/// What holds a delete back must be known to be there: the check of a write and that of a delete are one rule.
fn unvalidated(field: &Field, errors: &mut Errors) {
    let Some((_, reference)) = &field.marks.reference.0 else { return };
    if let (Some(key), Some((_, "Restrict"))) = (reference.unvalidated(), &reference.on_delete) {
        errors.at(key, "restrict needs validated references");
    }
}

const VECTOR: &str = "a vector cannot be unique";

fn is_vector(resource: &Resource, name: &str) -> bool {
    resource.stored().any(|field| field.plain_name() == name && field.marks.vector.0.is_some())
}

/// A vector is compared by distance, and is no id. `#[indexed]` may stand beside it, for its `key` or for a
/// path inside.
fn vector(field: &Field, errors: &mut Errors) {
    if let Some(attr) = field.marks.last_of(["vector", "unique"]) {
        errors.at(attr, VECTOR);
    }
    if let Some(attr) = field.marks.last_of(["vector", "reference"]) {
        errors.at(attr, "these attributes exclude each other: `#[reference]` and `#[vector]`");
    }
}
