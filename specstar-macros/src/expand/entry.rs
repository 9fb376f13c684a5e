//! `ENTRY`: the one place that asks for serde and utoipa, with the span of the struct's name.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::ast::Resource;

pub(super) fn entry(resource: &Resource) -> TokenStream {
    let ident = &resource.ident;
    let span = Span::call_site().located_at(ident.span());
    let prepare = match &resource.options.validate.0 {
        None => quote_spanned!(span=> __specstar::prepare::<#ident>),
        Some(path) => {
            let call = quote_spanned!(span=> __specstar::prepare_validated::<#ident>);
            quote!(|body| #call(body, #path))
        }
    };
    let schemas = if resource.options.openapi.0 == Some(false) {
        quote!(__specstar::no_schemas)
    } else {
        quote_spanned!(span=> __specstar::schemas::<#ident>)
    };
    let policy = policy(resource);
    quote! {
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: #prepare,
            schemas: #schemas,
            policy: #policy,
        };
    }
}

/// The rules of the attributes: functions of the runtime with the path of the program in them. The error of a path
/// of another type stands at the path.
fn policy(resource: &Resource) -> TokenStream {
    let options = &resource.options;
    if options.permission.0.is_none() && options.scope.0.is_none() {
        return quote!(__specstar::Policy::NONE);
    }
    let permission = options.permission.0.as_ref().map(|path| {
        let rule = if path.path.is_ident("open") {
            quote!(__specstar::open)
        } else {
            let span = Span::call_site().located_at(path.span());
            let made = quote_spanned!(span=> __specstar::permission(#path));
            quote!(|| #made)
        };
        quote!(permission: ::core::option::Option::Some(#rule),)
    });
    let scope = options.scope.0.as_ref().map(|path| {
        let ident = &resource.ident;
        let span = Span::call_site().located_at(path.span());
        let made = quote_spanned!(span=> __specstar::scope::<#ident, _>(#path, principal, now));
        quote!(scope: ::core::option::Option::Some(|principal, now| #made),)
    });
    quote!(__specstar::Policy { #permission #scope ..__specstar::Policy::NONE })
}
