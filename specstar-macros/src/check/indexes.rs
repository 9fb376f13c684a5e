//! The keys of indexes, which are the names queries use.

use std::collections::HashSet;

use crate::ast::Resource;
use crate::errors::Errors;
use crate::plan::{Index, Plan, Source};

const PARAMETERS: [&str; 8] =
    ["limit", "offset", "cursor", "sorts", "qb", "returns", "partial", "conditions"];
/// Databases cut identifiers after 63 bytes; a prefix and a suffix of ours come on top of the key.
const KEY_CHARACTERS: usize = 40;
const KEY_BYTES: usize = 63;
/// One column each; a row of a head stays within the limits of every database.
const INDEXES: usize = 64;

pub(crate) fn check(resource: &Resource, plan: &Plan<'_>, errors: &mut Errors) {
    let mut keys = HashSet::new();
    let mut columns = HashSet::new();
    for index in &plan.indexes {
        key(index, errors);
        path(index, errors);
        if !keys.insert(&index.key) {
            errors.at(&index.key_tokens, format_args!("index key `{}` is used by two fields", index.key));
        } else if !columns.insert(index.column.to_string()) {
            errors.at(
                &index.key_tokens,
                format_args!(
                    "the column `{}` exists already; give this index another `key = \"…\"`",
                    index.column
                ),
            );
        }
    }
    if plan.indexes.len() > INDEXES {
        errors.at(&resource.ident, format_args!("{INDEXES} indexed fields at most"));
    }
}

fn key(index: &Index<'_>, errors: &mut Errors) {
    let key = &index.key;
    if PARAMETERS.contains(&key.as_str()) {
        errors.at(
            &index.key_tokens,
            format_args!("indexed field `{key}` shadows a query parameter; give it `key = \"…\"`"),
        );
    }
    if key.chars().count() > KEY_CHARACTERS || key.len() > KEY_BYTES {
        errors.at(&index.key_tokens, "index key too long: database identifiers have 63 bytes");
    }
    if key.is_empty() {
        errors.at(&index.key_tokens, "an index key may not be empty");
    }
}

/// A path is the one in the stored JSON, so it begins with the field's own name.
fn path(index: &Index<'_>, errors: &mut Errors) {
    if index.source != Source::Path {
        return;
    }
    let wire = &index.field.wire;
    let inner = index.path.len() > 1 && index.path.iter().all(|part| !part.is_empty());
    if index.path.first() != Some(wire) || !inner {
        let paths = &index.field.marks.paths;
        let place = paths.iter().find(|path| path.path.value().split('.').eq(index.path.iter()));
        let message = format!("a path begins with the name of its field: `{wire}.…`");
        match place {
            Some(place) => errors.at(&place.path, message),
            None => errors.at(&index.key_tokens, message),
        }
    }
}
