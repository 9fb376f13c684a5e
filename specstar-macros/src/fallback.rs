//! What stands in for a failed derive, so that only its own errors are shown.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{DeriveInput, GenericParam, Generics, Type, parse_quote};

use crate::ast::{Field, Resource};
use crate::expand::Names;

/// The trait with an identity that later checks pass over, a column for *every* field, and a finder for
/// every unique one.
pub(crate) fn resource(input: &DeriveInput, resource: &Resource, errors: &TokenStream) -> TokenStream {
    let private = resource.options.private();
    let trait_impl = trait_impl(input);
    let handles = (!resource.fields.is_empty() && input.generics.params.is_empty())
        .then(|| handles(resource, &private));
    let job = resource.job.is_some().then(|| job_impl(input));
    quote! {
        #errors
        const _: () = {
            #[allow(unused_imports)]
            use #private as __specstar;
            #trait_impl
            #job
        };
        #handles
    }
}

fn trait_impl(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let generics = owned_generics(input);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let arguments = input.generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(_) => quote!('static),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics __specstar::Resource for #ident<#(#arguments),*> #where_clause {
            const ID: __specstar::Identity = __specstar::Identity::REJECTED;
            const DESCRIPTOR: &'static __specstar::ResourceDescriptor =
                &__specstar::ResourceDescriptor::named(__specstar::Identity::REJECTED);
            const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry::rejected(
                <Self as __specstar::Resource>::DESCRIPTOR,
            );
        }
    }
}

/// Of the payload of a job, for those who name `Job<…>`.
fn job_impl(input: &DeriveInput) -> Option<TokenStream> {
    let ident = &input.ident;
    input.generics.params.is_empty().then(|| {
        quote! {
            #[automatically_derived]
            impl __specstar::JobPayload for #ident {
                type Artifact = ();
                const ID: __specstar::Identity = <Self as __specstar::Resource>::ID;
                const DESCRIPTOR: &'static __specstar::ResourceDescriptor = <Self as __specstar::Resource>::DESCRIPTOR;
                const ENTRY: __specstar::ResourceEntry = <Self as __specstar::Resource>::ENTRY;
            }
        }
    })
}

/// A resource is `'static`: lifetimes become that one, and types must be it.
fn owned_generics(input: &DeriveInput) -> Generics {
    let mut generics = input.generics.clone();
    generics.params =
        generics.params.into_iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
    for param in generics.type_params_mut() {
        param.bounds.push(parse_quote!('static));
    }
    generics
}

fn handles(resource: &Resource, private: &TokenStream) -> TokenStream {
    let (ident, vis) = (&resource.ident, &resource.vis);
    let Names { columns, repository } = Names::of(resource);
    let names: Vec<_> = resource.fields.iter().map(|field| &field.ident).collect();
    let visibilities = resource.fields.iter().map(|field| &field.vis);
    let types: Vec<&Type> = resource.fields.iter().map(|field| &field.ty).collect();
    let finders = resource
        .fields
        .iter()
        .filter(|field| field.marks.unique.0.is_some())
        .map(|field| finder(field, resource, private));
    quote! {
        #[allow(dead_code, missing_docs)]
        #vis struct #columns { #(#visibilities #names: #private::Column<#ident, #types>),* }
        #[allow(dead_code, missing_docs)]
        #vis struct #repository(#private::Repository<#ident>);
        #[allow(dead_code, missing_docs)]
        impl #ident {
            #vis const COLUMNS: #columns = #columns { #(#names: #private::Column::new(0)),* };
        }
        #[allow(dead_code, missing_docs)]
        impl #repository {
            #vis fn of(app: &#private::App) -> Self {
                Self(#private::Repository::of(app))
            }
            #(#finders)*
        }
        impl ::core::ops::Deref for #repository {
            type Target = #private::Repository<#ident>;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}

fn finder(field: &Field, resource: &Resource, private: &TokenStream) -> TokenStream {
    let (ident, vis) = (&resource.ident, &resource.vis);
    let method = format_ident!("find_by_{}", field.plain_name());
    quote! {
        #vis fn #method<T>(&self, _: T) -> #private::FindUnique<'_, #ident> {
            #private::FindUnique::new(&self.0, 0, [])
        }
    }
}
