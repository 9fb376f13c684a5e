//! `ENTRY`: the one place that asks for serde and utoipa, with the span of the struct's name.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

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
    quote! {
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: #prepare,
            schemas: #schemas,
            policy: __specstar::Policy::NONE,
        };
    }
}
