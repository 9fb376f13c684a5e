//! Forms of JSON in which the fields of a resource could not be found again.

use crate::ast::{Field, Resource};
use crate::errors::Errors;

pub(crate) fn check(resource: &Resource, errors: &mut Errors) {
    for key in &resource.container.form {
        errors.at(
            key,
            format_args!(
                "`#[serde({key})]` changes the JSON form: a resource is an object of its own fields"
            ),
        );
    }
    for field in &resource.fields {
        flatten(field, errors);
        skipped(field, errors);
        other_form(field, errors);
        default_value(field, errors);
    }
}

/// A flattened field is written as a map: its names are unknown here, and could be those of other fields.
fn flatten(field: &Field, errors: &mut Errors) {
    let Some(key) = &field.serde.flatten else { return };
    if field.marks.given.is_empty() {
        errors.at(
            key,
            "a resource cannot flatten a field: its names must be known; give the field a name of its own",
        );
    } else {
        errors.at(key, "a flattened field cannot be indexed; mark the inner field instead");
    }
}

fn skipped(field: &Field, errors: &mut Errors) {
    let Some((attr, name)) = field.marks.given.first() else { return };
    if field.serde.skipped {
        errors.at(attr, format_args!("a skipped field is never stored, so `#[{name}]` has no effect"));
    }
}

/// Index values are read from the stored JSON, in the form the type has by itself.
fn other_form(field: &Field, errors: &mut Errors) {
    let Some(key) = field.serde.form.as_ref().filter(|key| *key == "with" || *key == "serialize_with") else {
        return;
    };
    let marks = &field.marks;
    let of_own_form = [marks.unique.0.is_some(), marks.indexed.0.is_some(), marks.trigram.0.is_some()];
    if of_own_form.contains(&true) || marks.reference.0.is_some() {
        errors.at(
            key,
            format_args!("`{key}` changes the JSON form of an indexed field; implement `Serialize` on a type of its own"),
        );
    }
}

fn default_value(field: &Field, errors: &mut Errors) {
    if let Some(value) = &field.default {
        errors.at(value, "a default belongs to the JSON form: use `#[serde(default = \"…\")]`");
    }
}
