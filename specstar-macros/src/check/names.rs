//! Names: of the route, and of fields in JSON.

use std::collections::HashMap;

use proc_macro2::Ident;

use crate::ast::{Field, Resource};
use crate::errors::Errors;

const ROUTES: [&str; 7] = ["blobs", "docs", "graphql", "health", "ready", "metrics", "changes"];
const METADATA: [&str; 11] = [
    "resource_id",
    "revision_id",
    "current_revision_id",
    "is_deleted",
    "created_time",
    "updated_time",
    "created_by",
    "updated_by",
    "total_revision_count",
    "schema_version",
    "indexed_data",
];

pub(crate) fn check(resource: &Resource, errors: &mut Errors) {
    route(resource, errors);
    for field in resource.stored() {
        metadata(field, errors);
        in_paths(field, errors);
    }
    distinct(resource, errors);
}

/// The name is a path segment of its own and the name of tables. A default name can be wrong too, for a
/// type such as `Docs` or `Größe`.
fn route(resource: &Resource, errors: &mut Errors) {
    let name = resource.name();
    let place: &dyn quote::ToTokens = match &resource.options.name.0 {
        Some(literal) => literal,
        None => &resource.ident,
    };
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        errors.at(&place, format_args!("`{name}` is not a route name: use letters, digits, `-` and `_`"));
    } else if name.starts_with('_') || ROUTES.contains(&name.to_ascii_lowercase().as_str()) {
        errors.at(&place, format_args!("`{name}` is reserved for a built-in route"));
    }
}

/// Queries and `indexed_data` name metadata and fields alike, so a field must not hide the metadata.
fn metadata(field: &Field, errors: &mut Errors) {
    let plain = field.plain_name();
    let taken = [&plain, &field.wire].into_iter().find(|name| is_metadata(name));
    if let Some(name) = taken {
        errors.at(
            &field.ident,
            format_args!(
                "`{name}` is part of every resource's metadata and cannot be a data field; \
                 rename it or use `#[serde(rename = …)]` and a different Rust name"
            ),
        );
    }
}

fn is_metadata(name: &str) -> bool {
    METADATA.contains(&name) || name.starts_with("rev_")
}

/// A dot separates the parts of an index path, a slash those of a JSON pointer; a leading underscore is
/// kept for names of the protocol.
fn in_paths(field: &Field, errors: &mut Errors) {
    if field.wire.contains(['.', '/']) {
        errors.at(&field.name_tokens(), "field names may not contain `.` or `/`: they are used in paths");
    } else if field.wire.starts_with('_') {
        errors.at(
            &field.name_tokens(),
            format_args!("`{}` starts with `_`: such names are kept for the protocol", field.wire),
        );
    } else if field.wire.is_empty() {
        errors.at(&field.name_tokens(), "a field needs a name in JSON");
    }
}

/// serde takes the first of two equal names and never fills the second.
fn distinct(resource: &Resource, errors: &mut Errors) {
    let mut names: HashMap<String, &Ident> = HashMap::new();
    for field in resource.stored() {
        if let Some(first) = names.insert(field.wire.clone(), &field.ident) {
            same(first, field, &field.wire, &field.ident, errors);
        }
    }
    for field in resource.stored() {
        for alias in field.serde.aliases.iter().filter(|alias| alias.value() != field.wire) {
            if let Some(first) = names.insert(alias.value(), &field.ident) {
                same(first, field, &alias.value(), alias, errors);
            }
        }
    }
}

fn same(first: &Ident, field: &Field, name: &str, place: &impl quote::ToTokens, errors: &mut Errors) {
    let second = &field.ident;
    errors.at(place, format_args!("fields `{first}` and `{second}` are both called `{name}` in JSON"));
}
