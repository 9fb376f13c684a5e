//! The grammar all attributes share: `key`, `key = value`, `key(...)`, a literal, or a type.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, ExprPath, Lit, LitBool, LitStr, Meta, Path, Token, Type, parenthesized};

use crate::errors::Errors;
use crate::suggest::did_you_mean;

/// One argument of an attribute.
pub(crate) enum Arg {
    Flag(Ident),
    Pair(Ident, Expr),
    /// `type = T`, `artifact = T`: a type is no expression.
    Typed(Ident, Type),
    List(Ident, TokenStream),
    Literal(Lit),
    Type(Type),
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Lit) {
            return Ok(Self::Literal(input.parse()?));
        }
        let ahead = input.fork();
        let is_key =
            ahead.call(Ident::parse_any).is_ok() && !(ahead.peek(Token![::]) || ahead.peek(Token![<]));
        if !is_key {
            return Ok(Self::Type(input.parse()?));
        }
        let key = input.call(Ident::parse_any)?;
        Self::after_key(key, input)
    }
}

impl Arg {
    fn after_key(key: Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(syn::token::Paren) {
            let inner;
            parenthesized!(inner in input);
            return Ok(Self::List(key, inner.parse()?));
        }
        if !input.peek(Token![=]) {
            return Ok(Self::Flag(key));
        }
        input.parse::<Token![=]>()?;
        if key == "type" || key == "artifact" {
            return Ok(Self::Typed(key, input.parse()?));
        }
        Ok(Self::Pair(key, input.parse()?))
    }

    /// The key, where there is one.
    pub(crate) fn key(&self) -> Option<&Ident> {
        match self {
            Self::Flag(key) | Self::Pair(key, _) | Self::Typed(key, _) | Self::List(key, _) => Some(key),
            Self::Literal(_) | Self::Type(_) => None,
        }
    }
}

impl ToTokens for Arg {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Flag(key) => key.to_tokens(tokens),
            Self::Pair(key, value) => {
                key.to_tokens(tokens);
                value.to_tokens(tokens);
            }
            Self::Typed(key, ty) => {
                key.to_tokens(tokens);
                ty.to_tokens(tokens);
            }
            Self::List(key, inner) => {
                key.to_tokens(tokens);
                inner.to_tokens(tokens);
            }
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Type(ty) => ty.to_tokens(tokens),
        }
    }
}

/// The arguments of `#[name]` or `#[name(...)]`.
pub(crate) fn args(attr: &Attribute, errors: &mut Errors) -> Vec<Arg> {
    match &attr.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => errors.keep(parse_args(list.tokens.clone())).unwrap_or_default(),
        Meta::NameValue(pair) => {
            let name = name(&pair.path);
            errors.at(attr, format_args!("expected `#[{name}]` or `#[{name}(...)]`"));
            Vec::new()
        }
    }
}

/// A comma-separated list of arguments.
pub(crate) fn parse_args(tokens: TokenStream) -> syn::Result<Vec<Arg>> {
    let list = Punctuated::<Arg, Token![,]>::parse_terminated.parse2(tokens)?;
    Ok(list.into_iter().collect())
}

/// The last segment of a path.
pub(crate) fn name(path: &Path) -> String {
    path.segments.last().map_or_else(String::new, |segment| segment.ident.to_string())
}

/// A value that may be given once.
pub(crate) struct Once<T>(pub(crate) Option<T>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    /// Keeps the first; a second one is reported at its key.
    pub(crate) fn set(&mut self, key: &impl ToTokens, name: &str, value: Option<T>, errors: &mut Errors) {
        if self.0.is_some() {
            errors.at(key, format_args!("`{name}` is given twice"));
        } else {
            self.0 = value;
        }
    }
}

pub(crate) fn string(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<LitStr> {
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value {
        return Some(text.clone());
    }
    errors.at(value, format_args!("`{key}` expects a string literal"));
    None
}

pub(crate) fn boolean(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<LitBool> {
    if let Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }) = value {
        return Some(flag.clone());
    }
    errors.at(value, format_args!("`{key}` expects `true` or `false`"));
    None
}

pub(crate) fn function(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<ExprPath> {
    if let Expr::Path(path) = value {
        return Some(path.clone());
    }
    errors.at(value, format_args!("`{key}` expects the path of a function"));
    None
}

/// A string literal that is one of a few words; returns its position.
pub(crate) fn word(key: &Ident, value: &Expr, words: &[&str], errors: &mut Errors) -> Option<usize> {
    let text = string(key, value, errors)?;
    let position = words.iter().position(|word| text.value() == *word);
    if position.is_none() {
        let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        errors.at(&text, format_args!("expected {}", words.join(" or ")));
    }
    position
}

/// An argument whose key is known but whose form is not, or whose key is not known.
pub(crate) fn unexpected(arg: &Arg, known: &[(&str, &str)], errors: &mut Errors) {
    let Some(key) = arg.key() else {
        errors.at(arg, format_args!("expected one of {}", forms(known)));
        return;
    };
    let given = key.to_string();
    if let Some((_, form)) = known.iter().find(|(name, _)| *name == given) {
        errors.at(key, format_args!("expected `{form}`"));
        return;
    }
    let names = known.iter().map(|(name, _)| *name);
    let hint = did_you_mean(&given, names.clone());
    let separator = if hint.is_empty() { "; " } else { " " };
    let list = names.collect::<Vec<_>>().join(", ");
    errors.at(key, format_args!("unknown key `{given}`{hint}{separator}known keys: {list}"));
}

fn forms(known: &[(&str, &str)]) -> String {
    known.iter().map(|(_, form)| format!("`{form}`")).collect::<Vec<_>>().join(", ")
}

/// `a.b` → `a_b`, as an identifier with the span of the literal.
pub(crate) fn ident_from(text: &LitStr) -> Ident {
    let mut name: String =
        text.value().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    if !name.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        name.insert(0, '_');
    }
    let mut ident = syn::parse_str::<Ident>(&name).unwrap_or_else(|_| format_ident!("_{name}"));
    ident.set_span(text.span());
    ident
}
