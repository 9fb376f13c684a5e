//! What is asked of a type besides its index: one constant each, at the place to blame.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{Type, spanned::Spanned};

use crate::ast::{Field, Resource};
use crate::plan::{Index, Plan, Source};

pub(super) fn all(resource: &Resource, plan: &Plan<'_>) -> TokenStream {
    let dims = plan.indexes.iter().enumerate().filter_map(|(at, index)| dim(resource, at, index));
    marks(resource).chain(dims).collect()
}

/// An array says how long it is; only its type tells, so the question is asked of the descriptor.
fn dim(resource: &Resource, at: usize, index: &Index<'_>) -> Option<TokenStream> {
    let (_, vector) = index.field.marks.vector.0.as_ref().filter(|_| index.source == Source::Vector)?;
    let (key, _) = vector.dim.as_ref()?;
    let span = Span::call_site().located_at(key.span());
    let mut ident = resource.ident.clone();
    ident.set_span(ident.span().located_at(key.span()));
    Some(quote_spanned! {span=>
        const _: () = __specstar::require_dim(<#ident as __specstar::Resource>::DESCRIPTOR, #at);
    })
}

fn marks(resource: &Resource) -> impl Iterator<Item = TokenStream> {
    resource
        .stored()
        .flat_map(|field| {
            let marks = &field.marks;
            let case = marks.unique.0.as_ref().and_then(|(_, unique)| unique.ignore_case.as_ref());
            let reference = marks.reference.0.as_ref().map(|(_, reference)| reference);
            let set_null = reference
                .and_then(|reference| reference.on_delete.as_ref())
                .filter(|(_, action)| *action == "SetNull");
            [
                case.map(|key| require("require_text", field, key.span())),
                trigram(field),
                marks.display_name.0.as_ref().map(|_| at_type("require_display_name", &field.ty)),
                set_null.map(|(key, _)| require("require_set_null", field, key.span())),
                readonly(field, resource),
            ]
        })
        .flatten()
}

/// An index of nothing but a trigram asks this itself.
fn trigram(field: &Field) -> Option<TokenStream> {
    let marks = &field.marks;
    marks.trigram.0.as_ref()?;
    let indexed_otherwise =
        marks.unique.0.is_some() || marks.vector.0.is_some() || marks.reference.0.is_some();
    indexed_otherwise.then(|| at_type("require_trigram", &field.ty))
}

/// A field with a serde default may be left out whatever its type is.
fn readonly(field: &Field, resource: &Resource) -> Option<TokenStream> {
    let attr = field.marks.readonly.0.as_ref()?;
    let has_default = field.serde.default || resource.container.default;
    (!has_default).then(|| require("require_omittable", field, attr.path().span()))
}

fn at_type(function: &str, ty: &Type) -> TokenStream {
    let span = ty.span();
    let function = format_ident!("{function}", span = span);
    quote_spanned!(span=> const _: () = __specstar::#function::<#ty>();)
}

/// The error of a bound stands at the type argument, so its tokens are moved to the place to blame.
fn require(function: &str, field: &Field, place: Span) -> TokenStream {
    let span = Span::call_site().located_at(place);
    let function = Ident::new(function, span);
    let ty = moved(field.ty.to_token_stream(), place);
    quote_spanned!(span=> const _: () = __specstar::#function::<#ty>();)
}

/// The same tokens, at another place.
pub(super) fn moved(tokens: TokenStream, place: Span) -> TokenStream {
    use proc_macro2::{Group, TokenTree};
    tokens
        .into_iter()
        .map(|mut token| {
            let span = token.span().located_at(place);
            if let TokenTree::Group(group) = &token {
                let inner = moved(group.stream(), place);
                token = TokenTree::Group(Group::new(group.delimiter(), inner));
            }
            token.set_span(span);
            token
        })
        .collect()
}
