//! Code out. It cannot fail: what could is checked before.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::ast::Resource;
use crate::lock;
use crate::plan::Plan;

mod bounds;
mod descriptor;
mod entry;
mod handles;
mod job;

/// For `struct User { #[unique] email: String }`:
///
/// ```text
/// pub struct UserColumns { pub email: Column<User, String> }
/// pub struct UserRepository(Repository<User>);
/// const _: () = {
///     use ::specstar::__private as __specstar;
///     impl __specstar::Resource for User {
///         const ID: __specstar::Identity = …;
///         const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &…;
///         const ENTRY: __specstar::ResourceEntry = …;
///     }
///     impl User { pub const COLUMNS: UserColumns = UserColumns { email: __specstar::Column::new(0) }; }
///     impl UserRepository { pub fn of(app: &App) -> Self; pub fn find_by_email(&self, …) -> …; }
/// };
/// ```
pub(crate) fn resource(resource: &Resource, plan: &Plan<'_>) -> TokenStream {
    if let Some(job) = &resource.job {
        return job::payload(resource, job, plan);
    }
    let ident = &resource.ident;
    let private = resource.options.private();
    let names = Names::of(resource);
    let columns = handles::columns(resource, plan, &names);
    let repository = handles::repository(resource, &names);
    let id = descriptor::identity(resource);
    let references = descriptor::references(plan);
    let descriptor = descriptor::descriptor(resource, plan);
    let entry = entry::entry(resource);
    let column_values = handles::column_values(resource, plan, &names);
    let repository_impl = handles::repository_impl(resource, plan, &names);
    let bounds = bounds::all(resource, plan);
    let lock = lock::dependency();
    quote! {
        #columns
        #repository
        const _: () = {
            #[allow(unused_imports)]
            use #private as __specstar;
            #references
            #[automatically_derived]
            impl __specstar::Resource for #ident {
                #id
                #descriptor
                #entry
            }
            #column_values
            #repository_impl
            #bounds
            #lock
        };
    }
}

/// The names the derive adds to the module.
pub(crate) struct Names {
    pub(crate) columns: Ident,
    pub(crate) repository: Ident,
}

impl Names {
    pub(crate) fn of(resource: &Resource) -> Self {
        Self {
            columns: format_ident!("{}Columns", resource.ident),
            repository: format_ident!("{}Repository", resource.ident),
        }
    }
}
