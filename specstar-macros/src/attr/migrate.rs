//! `migrate("v1" => UserV1, "v2" => same, plus("v1" -> "v3" => UserV1))`: the steps between schema versions.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{LitStr, Token, Type, parenthesized};

use crate::errors::Errors;

/// What content was written at.
#[derive(Clone)]
pub(crate) enum Source {
    Version(LitStr),
    /// `none`: before the type had a version.
    Unversioned(Ident),
}

impl Source {
    pub(crate) fn version(&self) -> Option<String> {
        match self {
            Self::Version(text) => Some(text.value()),
            Self::Unversioned(_) => None,
        }
    }
}

impl ToTokens for Source {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Version(text) => text.to_tokens(tokens),
            Self::Unversioned(word) => word.to_tokens(tokens),
        }
    }
}

/// One step.
pub(crate) struct Step {
    pub(crate) from: Source,
    /// Where it leads, when that is not the next version of its chain.
    pub(crate) to: Option<LitStr>,
    /// The shape of content of this version; `None` for `same`: that of the version it leads to.
    pub(crate) shape: Option<Type>,
}

/// The key, and every chain of steps: the one without a name first, then each `plus(…)`.
pub(crate) struct Migrate {
    pub(crate) key: Ident,
    pub(crate) chains: Vec<Vec<Step>>,
}

impl Migrate {
    pub(crate) fn parse(key: &Ident, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let items = errors.keep(Punctuated::<Item, Token![,]>::parse_terminated.parse2(tokens))?;
        let mut chains = vec![Vec::new()];
        for item in items {
            match item {
                Item::Step(step) => chains[0].push(*step),
                Item::Plus(steps) => chains.push(steps),
            }
        }
        if chains.iter().all(Vec::is_empty) {
            errors.at(key, "`migrate` needs at least one step, such as `\"v1\" => UserV1`");
        }
        Some(Self { key: key.clone(), chains })
    }
}

enum Item {
    Step(Box<Step>),
    Plus(Vec<Step>),
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let named = ahead.call(Ident::parse_any).is_ok_and(|word| word == "plus");
        if named && ahead.peek(syn::token::Paren) {
            input.call(Ident::parse_any)?;
            let inner;
            parenthesized!(inner in input);
            let steps = Punctuated::<Step, Token![,]>::parse_terminated(&inner)?;
            return Ok(Self::Plus(steps.into_iter().collect()));
        }
        input.parse().map(Box::new).map(Self::Step)
    }
}

impl Parse for Step {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let from = source(input)?;
        let to = if input.peek(Token![->]) {
            input.parse::<Token![->]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        input.parse::<Token![=>]>()?;
        let shape: Type = input.parse()?;
        let same = matches!(&shape, Type::Path(path) if path.path.is_ident("same"));
        Ok(Self { from, to, shape: (!same).then_some(shape) })
    }
}

fn source(input: ParseStream<'_>) -> syn::Result<Source> {
    if input.peek(LitStr) {
        return input.parse().map(Source::Version);
    }
    let word = input.call(Ident::parse_any).map_err(|error| expected(error.span()))?;
    if word == "none" { Ok(Source::Unversioned(word)) } else { Err(expected(word.span())) }
}

fn expected(place: proc_macro2::Span) -> syn::Error {
    syn::Error::new(
        place,
        "a step is `\"v1\" => UserV1`; it starts at a version, or at `none` for content from before there was one",
    )
}
