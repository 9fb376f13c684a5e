//! `ENTRY`: the one place that asks for serde and utoipa, with the span of the struct's name.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::bounds;
use crate::ast::Resource;
use crate::migration::Way;

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
    let migrations = resource.ways().into_iter().map(|way| migration(resource, &way));
    quote! {
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: #prepare,
            schemas: #schemas,
            policy: #policy,
            migrations: &[#(#migrations),*],
        };
    }
}

/// The same of a payload: it decodes whole documents.
pub(super) fn of_job(resource: &Resource) -> TokenStream {
    let ident = &resource.ident;
    let span = Span::call_site().located_at(ident.span());
    let prepare = match &resource.options.validate.0 {
        None => quote_spanned!(span=> __specstar::prepare_job::<#ident>),
        Some(path) => {
            let call = quote_spanned!(span=> __specstar::prepare_job_validated::<#ident>);
            quote!(|body| #call(body, #path))
        }
    };
    let schemas = if resource.options.openapi.0 == Some(false) {
        quote!(__specstar::no_schemas)
    } else {
        quote_spanned!(span=> __specstar::job_schemas::<#ident>)
    };
    let policy = policy(resource);
    quote! {
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::JobPayload>::DESCRIPTOR,
            prepare: #prepare,
            schemas: #schemas,
            policy: #policy,
            migrations: &[],
        };
    }
}

/// For `"v1" => UserV1, "v2" => UserV2` and content of `"v1"`:
///
/// ```text
/// |data| {
///     let value = __specstar::older::<UserV1>(data)?;
///     let value = __specstar::newer::<UserV1, UserV2>(value)?;
///     let value = __specstar::newer::<UserV2, User>(value)?;
///     __specstar::migrated::<User>(&value)
/// }
/// ```
///
/// What a step lacks is said at the shape it starts from.
fn migration(resource: &Resource, way: &Way<'_>) -> TokenStream {
    let ident = &resource.ident;
    let shapes = way.shapes.iter().map(quote::ToTokens::to_token_stream);
    let types: Vec<TokenStream> = shapes.chain([ident.to_token_stream()]).collect();
    let first = &types[0];
    let older = quote_spanned!(first.span()=> __specstar::older::<#first>);
    let steps = types.windows(2).map(|pair| {
        let (old, span) = (&pair[0], Span::call_site().located_at(pair[0].span()));
        let new = bounds::moved(pair[1].clone(), pair[0].span());
        let step = quote_spanned!(span=> __specstar::newer::<#old, #new>);
        quote!(let value = #step(value)?;)
    });
    let end = match &resource.options.validate.0 {
        None => quote!(__specstar::migrated::<#ident>(&value)),
        Some(path) => quote!(__specstar::migrated_validated::<#ident>(&value, #path)),
    };
    quote! {
        |data| {
            let value = #older(data)?;
            #(#steps)*
            #end
        }
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
        let ty = if resource.job.is_some() { quote!(__specstar::Job<#ident>) } else { quote!(#ident) };
        let made = quote_spanned!(span=> __specstar::scope::<#ty, _>(#path, principal, now));
        quote!(scope: ::core::option::Option::Some(|principal, now| #made),)
    });
    quote!(__specstar::Policy { #permission #scope ..__specstar::Policy::NONE })
}
