//! What serde makes of names and forms: only what decides where a value stands in JSON.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, LitStr, Meta, Token};

use super::grammar::{Arg, name, parse_args};
use crate::case::Case;
use crate::errors::Errors;

/// `#[serde(...)]` on the struct or enum.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) rename_all: Option<Case>,
    pub(crate) default: bool,
    /// A key that replaces the plain form (`transparent`, `from`, `tag`, …).
    pub(crate) form: Vec<Ident>,
}

/// `#[serde(...)]` on a field or variant.
#[derive(Default)]
pub(crate) struct Item {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: bool,
    pub(crate) flatten: Option<Ident>,
    /// Not written to JSON at all.
    pub(crate) skipped: bool,
    /// Left out of JSON for some values.
    pub(crate) skipped_if: bool,
    /// A key that changes the form of the value (`with`, `serialize_with`, …).
    pub(crate) form: Option<Ident>,
}

impl Container {
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for meta in metas(attrs) {
            out.add(&meta, errors);
        }
        out
    }

    fn add(&mut self, meta: &Meta, errors: &mut Errors) {
        match (name(meta.path()).as_str(), meta) {
            ("rename_all", _) => {
                let rule = both_ways(meta, errors);
                self.rename_all = rule.and_then(|rule| Case::parse(&rule.value()));
            }
            ("default", _) => self.default = true,
            ("transparent" | "from" | "try_from" | "into" | "tag" | "content" | "untagged" | "remote", _) => {
                self.form.extend(meta.path().get_ident().cloned());
            }
            _ => {}
        }
    }
}

impl Item {
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for meta in metas(attrs) {
            out.add(&meta, errors);
        }
        out
    }

    fn add(&mut self, meta: &Meta, errors: &mut Errors) {
        let key = meta.path().get_ident().cloned();
        match name(meta.path()).as_str() {
            "rename" => self.rename = both_ways(meta, errors),
            "alias" => self.aliases.extend(text(meta)),
            "default" => self.default = true,
            "flatten" => self.flatten = key,
            "skip" | "skip_serializing" => self.skipped = true,
            "skip_serializing_if" => self.skipped_if = true,
            "with" | "serialize_with" | "deserialize_with" | "getter" => self.form = key,
            _ => {}
        }
    }
}

/// The parts of every `#[serde(...)]`. What does not parse is left for serde to report.
fn metas(attrs: &[Attribute]) -> Vec<Meta> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok())
        .flatten()
        .collect()
}

fn text(meta: &Meta) -> Option<LitStr> {
    let Meta::NameValue(pair) = meta else { return None };
    literal(&pair.value)
}

fn literal(value: &Expr) -> Option<LitStr> {
    match value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

/// `rename = "…"`, or `rename(serialize = "…", deserialize = "…")` with equal names.
fn both_ways(meta: &Meta, errors: &mut Errors) -> Option<LitStr> {
    let Meta::List(list) = meta else { return text(meta) };
    let (written, read) = ways(list.tokens.clone());
    match (written, read) {
        (Some(written), Some(read)) if written.value() == read.value() => Some(written),
        (written, _) => {
            errors.at(meta, "a resource reads back what it writes: give both directions the same name");
            written
        }
    }
}

fn ways(tokens: TokenStream) -> (Option<LitStr>, Option<LitStr>) {
    let (mut written, mut read) = (None, None);
    for arg in parse_args(tokens).unwrap_or_default() {
        if let Arg::Pair(key, value) = &arg {
            match key.to_token_stream().to_string().as_str() {
                "serialize" => written = literal(value),
                "deserialize" => read = literal(value),
                _ => {}
            }
        }
    }
    (written, read)
}
