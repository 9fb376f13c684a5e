//! What the descriptor will list: indexes, uniques and references with their positions.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{Type, Visibility};

use crate::ast::{Field, Resource};
use crate::attr::field::{PathIndex, Reference};
use crate::attr::grammar::ident_from;
use crate::attr::resource::Composite;

/// Every list in the order of the descriptor.
pub(crate) struct Plan<'a> {
    pub(crate) indexes: Vec<Index<'a>>,
    pub(crate) uniques: Vec<Unique>,
    pub(crate) references: Vec<Link<'a>>,
}

pub(crate) struct Index<'a> {
    pub(crate) field: &'a Field,
    pub(crate) key: String,
    /// Where the key was written.
    pub(crate) key_tokens: TokenStream,
    /// The key was written, not made of the path.
    pub(crate) has_key: bool,
    pub(crate) path: Vec<String>,
    pub(crate) ty: &'a Type,
    pub(crate) source: Source,
    /// The field of the columns struct.
    pub(crate) column: Ident,
    pub(crate) vis: &'a Visibility,
}

/// Why there is an index: it decides what is asked of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Indexed,
    /// Text that is looked through for similar one.
    Trigram,
    Vector,
    Unique,
    /// A part of a composite, or a unique `bool` that is meant.
    UniquePart,
    /// The reference at this position.
    Reference(usize),
    /// Inside the field.
    Path,
}

pub(crate) struct Unique {
    pub(crate) indexes: Vec<usize>,
    pub(crate) ignore_case: bool,
    pub(crate) nulls_equal: bool,
    /// `find_by_…`.
    pub(crate) method: Ident,
}

pub(crate) struct Link<'a> {
    pub(crate) field: &'a Field,
    pub(crate) reference: &'a Reference,
    /// `None` for a revision reference.
    pub(crate) index: Option<usize>,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(resource: &'a Resource) -> Self {
        let mut plan = Self { indexes: Vec::new(), uniques: Vec::new(), references: Vec::new() };
        for field in resource.stored() {
            plan.field(field, resource);
        }
        for composite in &resource.options.uniques {
            plan.composite(composite);
        }
        if resource.job.is_some() {
            plan.below_payload();
        }
        plan
    }

    /// The fields of a payload stand inside the document of its job.
    fn below_payload(&mut self) {
        for index in &mut self.indexes {
            index.path.insert(0, "payload".to_owned());
            if !index.has_key {
                index.key = format!("payload.{}", index.key);
            }
        }
    }

    fn field(&mut self, field: &'a Field, resource: &Resource) {
        let reference = field.marks.reference.0.as_ref().map(|(_, reference)| reference);
        let by_id = reference.filter(|reference| !reference.revision);
        let at = self.indexes.len();
        let source = source(field, resource, by_id.map(|_| self.references.len()));
        if let Some(source) = source {
            self.indexes.push(whole(field, source));
            self.unique(field, at);
        }
        if let Some(reference) = reference {
            let index = by_id.map(|_| at);
            self.references.push(Link { field, reference, index });
        }
        self.indexes.extend(field.marks.paths.iter().map(|path| inner(field, path)));
    }

    fn unique(&mut self, field: &Field, at: usize) {
        if let Some((_, unique)) = &field.marks.unique.0 {
            self.uniques.push(Unique {
                indexes: vec![at],
                ignore_case: unique.ignore_case.is_some(),
                nulls_equal: false,
                method: format_ident!("find_by_{}", field.plain_name(), span = field.ident.span()),
            });
        }
    }

    fn composite(&mut self, composite: &Composite) {
        let names: Vec<String> = composite.fields.iter().map(syn::LitStr::value).collect();
        let position = |name: &String| {
            self.indexes
                .iter()
                .position(|index| index.source != Source::Path && index.field.plain_name() == *name)
        };
        self.uniques.push(Unique {
            indexes: names.iter().filter_map(position).collect(),
            ignore_case: false,
            nulls_equal: composite.nulls_equal,
            // Only names that are fields get this far in a derive that succeeds.
            method: format_ident!(
                "find_by_{}",
                identifier(&names.join("_and_")),
                span = composite.key.span()
            ),
        });
    }
}

fn identifier(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// One index per field, however many reasons it has; the strictest one asks.
fn source(field: &Field, resource: &Resource, reference: Option<usize>) -> Option<Source> {
    let name = field.plain_name();
    let is_part = || {
        let composites = &resource.options.uniques;
        composites.iter().flat_map(|composite| &composite.fields).any(|part| part.value() == name)
    };
    match (&field.marks.unique.0, &field.marks.indexed.0) {
        (Some((_, unique)), _) if unique.allow_bool => Some(Source::UniquePart),
        (Some(_), _) => Some(Source::Unique),
        _ if is_part() => Some(Source::UniquePart),
        _ if field.marks.vector.0.is_some() => Some(Source::Vector),
        _ if reference.is_some() => reference.map(Source::Reference),
        _ if field.marks.trigram.0.is_some() => Some(Source::Trigram),
        (None, indexed) => indexed.as_ref().map(|_| Source::Indexed),
    }
}

fn whole(field: &Field, source: Source) -> Index<'_> {
    let given = field.marks.indexed.0.as_ref().and_then(|(_, indexed)| indexed.key.as_ref());
    Index {
        field,
        key: given.map_or_else(|| field.wire.clone(), syn::LitStr::value),
        key_tokens: given.map_or_else(|| field.ident.to_token_stream(), ToTokens::to_token_stream),
        has_key: given.is_some(),
        path: vec![field.wire.clone()],
        ty: &field.ty,
        source,
        column: field.ident.clone(),
        vis: &field.vis,
    }
}

fn inner<'a>(field: &'a Field, path: &'a PathIndex) -> Index<'a> {
    let key = path.key.as_ref().unwrap_or(&path.path);
    Index {
        field,
        key: key.value(),
        key_tokens: key.to_token_stream(),
        has_key: path.key.is_some(),
        path: path.path.value().split('.').map(str::to_owned).collect(),
        ty: path.ty.as_ref().unwrap_or(&field.ty),
        source: Source::Path,
        column: ident_from(key),
        vis: &field.vis,
    }
}
