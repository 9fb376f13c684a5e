//! What the program calls: typed columns and the repository.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::Names;
use crate::ast::Resource;
use crate::plan::{Plan, Unique};

pub(super) fn columns(resource: &Resource, plan: &Plan<'_>, names: &Names) -> TokenStream {
    let (ident, vis, columns) = (&resource.ident, &resource.vis, &names.columns);
    let private = resource.options.private();
    let fields = plan.indexes.iter().map(|index| {
        let (vis, column, ty) = (index.vis, &index.column, index.ty);
        quote!(#vis #column: #private::Column<#ident, #ty>)
    });
    let docs = format!("The indexed fields of [`{ident}`].");
    quote! {
        #[doc = #docs]
        #[allow(dead_code, missing_docs)]
        #vis struct #columns { #(#fields),* }
    }
}

pub(super) fn column_values(resource: &Resource, plan: &Plan<'_>, names: &Names) -> TokenStream {
    let (ident, vis, columns) = (&resource.ident, &resource.vis, &names.columns);
    let values = plan.indexes.iter().enumerate().map(|(at, index)| {
        let column = &index.column;
        quote!(#column: __specstar::Column::new(#at))
    });
    quote! {
        impl #ident {
            /// Typed handles of the indexed fields.
            #[allow(dead_code)]
            #vis const COLUMNS: #columns = #columns { #(#values),* };
        }
    }
}

/// The columns of every job, then those of the payload.
pub(super) fn job_columns(resource: &Resource, plan: &Plan<'_>, names: &Names) -> TokenStream {
    let (ident, vis, columns) = (&resource.ident, &resource.vis, &names.columns);
    let private = resource.options.private();
    let fields = plan.indexes.iter().map(|index| {
        let (vis, column, ty) = (index.vis, &index.column, index.ty);
        quote!(#vis #column: #private::Column<#private::Job<#ident>, #ty>)
    });
    let docs = format!("The indexed fields of jobs of [`{ident}`].");
    quote! {
        #[doc = #docs]
        #[allow(dead_code, missing_docs)]
        #vis struct #columns {
            #vis status: #private::Column<#private::Job<#ident>, #private::JobStatus>,
            #vis retries: #private::Column<#private::Job<#ident>, i64>,
            #vis partition_key: #private::Column<#private::Job<#ident>, ::core::option::Option<::std::string::String>>,
            #vis idempotency_key: #private::Column<#private::Job<#ident>, ::core::option::Option<::std::string::String>>,
            #(#fields),*
        }
    }
}

pub(super) fn job_column_values(resource: &Resource, plan: &Plan<'_>, names: &Names) -> TokenStream {
    let (ident, vis, columns) = (&resource.ident, &resource.vis, &names.columns);
    let values = plan.indexes.iter().enumerate().map(|(at, index)| {
        let (column, at) = (&index.column, at + 4);
        quote!(#column: __specstar::Column::new(#at))
    });
    quote! {
        impl #ident {
            /// Typed handles of the indexed fields of its jobs.
            #[allow(dead_code)]
            #vis const COLUMNS: #columns = #columns {
                status: __specstar::Column::new(0usize),
                retries: __specstar::Column::new(1usize),
                partition_key: __specstar::Column::new(2usize),
                idempotency_key: __specstar::Column::new(3usize),
                #(#values),*
            };
        }
    }
}

pub(super) fn repository(resource: &Resource, names: &Names) -> TokenStream {
    let (ident, vis, repository) = (&resource.ident, &resource.vis, &names.repository);
    let private = resource.options.private();
    let docs = format!("The resources of type [`{ident}`].");
    quote! {
        #[doc = #docs]
        #[allow(dead_code)]
        #vis struct #repository(#private::Repository<#ident>);
    }
}

pub(super) fn repository_impl(resource: &Resource, plan: &Plan<'_>, names: &Names) -> TokenStream {
    let (ident, vis, repository) = (&resource.ident, &resource.vis, &names.repository);
    let finders = plan.uniques.iter().enumerate().map(|(at, unique)| finder(resource, plan, at, unique));
    quote! {
        #[allow(dead_code)]
        impl #repository {
            /// The repository of this application.
            #vis fn of(app: &__specstar::App) -> Self {
                Self(__specstar::Repository::of(app))
            }
            #(#finders)*
        }
        #[automatically_derived]
        impl ::core::clone::Clone for #repository {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }
        #[automatically_derived]
        impl ::core::ops::Deref for #repository {
            type Target = __specstar::Repository<#ident>;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
        #[automatically_derived]
        impl ::core::convert::From<__specstar::Repository<#ident>> for #repository {
            fn from(repository: __specstar::Repository<#ident>) -> Self {
                Self(repository)
            }
        }
    }
}

fn finder(resource: &Resource, plan: &Plan<'_>, at: usize, unique: &Unique) -> TokenStream {
    let (ident, vis, method) = (&resource.ident, &resource.vis, &unique.method);
    let parts: Vec<_> = unique.indexes.iter().map(|index| &plan.indexes[*index]).collect();
    let values: Vec<_> = parts.iter().map(|part| format_ident!("{}_value", part.column.unraw())).collect();
    let types = parts.iter().map(|part| part.ty);
    let names: Vec<String> = parts.iter().map(|part| format!("`{}`", part.field.plain_name())).collect();
    let docs = format!("The live resource with this {}.", names.join(" and "));
    quote! {
        #[doc = #docs]
        #vis fn #method(
            &self,
            #(#values: impl __specstar::Operand<#types>),*
        ) -> __specstar::FindUnique<'_, #ident> {
            __specstar::FindUnique::new(&self.0, #at, [#(__specstar::Operand::into_literal(#values)),*])
        }
    }
}
