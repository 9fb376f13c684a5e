//! The graph of schema versions: from each older one the shortest way to the declared one.

use std::collections::{HashMap, VecDeque};

use proc_macro2::TokenStream;
use syn::Type;

use crate::attr::migrate::{Migrate, Step};
use crate::errors::Errors;

/// A version; `None` stands for content from before there was one.
type Version = Option<String>;

/// A way from one older version to the declared one.
pub(crate) struct Way<'a> {
    pub(crate) from: Version,
    /// The shapes on the way, oldest first, without the resource type at its end. Empty where nothing but the version
    /// changed.
    pub(crate) shapes: Vec<&'a Type>,
}

struct Edge<'a> {
    from: Version,
    to: Version,
    step: &'a Step,
}

/// The ways, by version in declared order.
pub(crate) fn ways<'a>(migrate: &'a Migrate, schema: &str) -> Vec<Way<'a>> {
    let edges = edges(migrate, schema);
    let mut ways: Vec<Way<'_>> = Vec::new();
    for edge in &edges {
        if ways.iter().all(|way| way.from != edge.from)
            && let Ok(path) = shortest(&edges, &edge.from, schema)
        {
            let shapes = path.iter().filter_map(|edge| edge.step.shape.as_ref()).collect();
            ways.push(Way { from: edge.from.clone(), shapes });
        }
    }
    ways
}

/// Reports everything that is wrong with the steps.
pub(crate) fn check(migrate: &Migrate, schema: Option<&str>, errors: &mut Errors) {
    let Some(schema) = schema else {
        errors.at(&migrate.key, "`migrate` needs `schema = \"…\"`");
        return;
    };
    for chain in &migrate.chains {
        repeated(chain, errors);
    }
    let edges = edges(migrate, schema);
    let mut seen: Vec<&Version> = Vec::new();
    for edge in &edges {
        if edge.from == edge.to || edge.from.as_deref() == Some(schema) {
            let version = shown(&edge.from);
            errors.at(&edge.step.from, format_args!("a step from {version} to itself"));
            continue;
        }
        if seen.contains(&&edge.from) {
            continue;
        }
        seen.push(&edge.from);
        if let Err(end) = shortest(&edges, &edge.from, schema) {
            errors.at(
                &edge.step.from,
                format_args!(
                    "no path from {} to {schema:?}: add a step from {}",
                    shown(&edge.from),
                    shown(&end)
                ),
            );
        }
    }
}

/// In one chain a version leads to one other.
fn repeated(chain: &[Step], errors: &mut Errors) {
    for (at, step) in chain.iter().enumerate() {
        let version = step.from.version();
        if chain[..at].iter().any(|other| other.from.version() == version) {
            let version = shown(&version);
            let message = format!("two steps start at {version}; use `plus(...)` for a parallel path");
            errors.at(&step.from, message);
        }
    }
}

/// A step leads to where it says, else to the next version of its chain, else to the declared one.
fn edges<'a>(migrate: &'a Migrate, schema: &str) -> Vec<Edge<'a>> {
    let mut edges = Vec::new();
    for chain in &migrate.chains {
        for (at, step) in chain.iter().enumerate() {
            let next = || chain[at + 1..].iter().find_map(|later| later.from.version());
            let to = step.to.as_ref().map(syn::LitStr::value).or_else(next);
            let to = Some(to.unwrap_or_else(|| schema.to_owned()));
            edges.push(Edge { from: step.from.version(), to, step });
        }
    }
    edges
}

/// The way with the fewest steps, of equal ones the first in declared order; where there is none, the version at which
/// it ends.
fn shortest<'e, 'a>(
    edges: &'e [Edge<'a>],
    from: &'e Version,
    schema: &str,
) -> Result<Vec<&'e Edge<'a>>, Version> {
    let mut reached: HashMap<&Version, Option<&Edge<'a>>> = HashMap::from([(from, None)]);
    let mut queue = VecDeque::from([from]);
    let mut end = from;
    while let Some(version) = queue.pop_front() {
        if version.as_deref() == Some(schema) {
            return Ok(back(&reached, version));
        }
        end = version;
        for edge in edges.iter().filter(|edge| edge.from == *version) {
            if !reached.contains_key(&edge.to) {
                reached.insert(&edge.to, Some(edge));
                queue.push_back(&edge.to);
            }
        }
    }
    Err(end.clone())
}

fn back<'e, 'a>(
    reached: &HashMap<&'e Version, Option<&'e Edge<'a>>>,
    mut version: &'e Version,
) -> Vec<&'e Edge<'a>> {
    let mut path = Vec::new();
    while let Some(Some(edge)) = reached.get(version) {
        path.push(*edge);
        version = &edge.from;
    }
    path.reverse();
    path
}

fn shown(version: &Version) -> String {
    version.as_ref().map_or_else(|| "none".to_owned(), |version| format!("{version:?}"))
}

/// The version as the descriptor has it.
pub(crate) fn value(version: &Version) -> TokenStream {
    version.as_ref().map_or_else(
        || quote::quote!(::core::option::Option::None),
        |version| quote::quote!(::core::option::Option::Some(#version)),
    )
}
