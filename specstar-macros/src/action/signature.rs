//! The function of an action.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{FnArg, ItemFn, Pat, ReturnType, Type};

use super::Kind;
use crate::errors::Errors;

pub(super) struct Argument {
    pub(super) name: Ident,
    pub(super) ty: Type,
}

/// The arguments, and what no type can tell about the function.
pub(super) fn read(kind: Kind, function: &ItemFn, errors: &mut Errors) -> Vec<Argument> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "an action cannot be generic: it is one route");
    }
    match &signature.output {
        ReturnType::Default => {
            errors.at(&signature.ident, "an action returns `Result<…>` of its resource");
        }
        ReturnType::Type(_, ty) => {
            if let Some(word) = opaque(ty.to_token_stream()) {
                let message = "an action names what it returns, `Result<…>` of its resource: one that waits is an \
                               `async fn`";
                errors.at(&word, message);
            }
        }
    }
    let inputs = signature.inputs.iter().enumerate();
    inputs.filter_map(|(at, input)| argument(kind, at, input, errors)).collect()
}

fn argument(kind: Kind, at: usize, input: &FnArg, errors: &mut Errors) -> Option<Argument> {
    match input {
        FnArg::Receiver(receiver) => {
            errors.at(receiver, "an action is a free function: it takes no `self`");
            None
        }
        FnArg::Typed(typed) => {
            let name = name(&typed.pat).unwrap_or_else(|| format_ident!("argument_{at}"));
            for attr in typed.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
                errors.at(attr, "an argument of an action is always there: put `#[cfg]` on the function");
            }
            if let Some(word) = opaque(typed.ty.to_token_stream()) {
                let message =
                    format_args!("argument `{name}` needs a type with a name: an action is one route");
                errors.at(&word, message);
            }
            // What is read of a call is owned. An alias of a reference would be an error of its own.
            if let Type::Reference(reference) = &*typed.ty {
                let hint = match kind {
                    Kind::Create => "",
                    Kind::Update => "; existing data is `existing: Existing<…>`",
                };
                errors.at(reference, format_args!("argument `{name}` is not an extractor{hint}"));
            }
            Some(Argument { name, ty: (*typed.ty).clone() })
        }
    }
}

/// The `impl` of a type that has no name.
fn opaque(ty: TokenStream) -> Option<Ident> {
    ty.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "impl" => Some(word),
        TokenTree::Group(group) => opaque(group.stream()),
        _ => None,
    })
}

/// Whether it has a `self`.
pub(super) fn is_method(function: &ItemFn) -> bool {
    function.sig.receiver().is_some()
}

/// The name of a pattern: its own, or that inside `Json(body)`.
fn name(pattern: &Pat) -> Option<Ident> {
    match pattern {
        Pat::Ident(name) => Some(name.ident.clone()),
        Pat::TupleStruct(tuple) => tuple.elems.iter().find_map(name),
        Pat::Tuple(tuple) => tuple.elems.iter().find_map(name),
        Pat::Reference(reference) => name(&reference.pat),
        _ => None,
    }
}
