//! The payload of a job: everything about the resource type, and the columns of its documents.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{Names, descriptor, entry, handles};
use crate::ast::Resource;
use crate::attr::job::Job;
use crate::plan::Plan;

/// For `#[job(queue = "mail")] struct EmailJob { to: String }`:
///
/// ```text
/// pub struct EmailJobColumns { pub status: Column<Job<EmailJob>, JobStatus>, … }
/// const _: () = {
///     use ::specstar::__private as __specstar;
///     impl __specstar::JobPayload for EmailJob {
///         type Artifact = ();
///         const ID: __specstar::Identity = …;
///         const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &…;
///         const ENTRY: __specstar::ResourceEntry = …;
///     }
///     impl __specstar::Registered for EmailJob { const ENTRY: … = <Self as __specstar::JobPayload>::ENTRY; }
///     impl EmailJob { pub const COLUMNS: EmailJobColumns = …; }
/// };
/// ```
pub(super) fn payload(resource: &Resource, job: &Job, plan: &Plan<'_>) -> TokenStream {
    let ident = &resource.ident;
    let private = resource.options.private();
    let names = Names::of(resource);
    let columns = handles::job_columns(resource, plan, &names);
    let column_values = handles::job_column_values(resource, plan, &names);
    let artifact = job.artifact.0.as_ref().map_or_else(|| quote!(()), |ty| quote!(#ty));
    let id = descriptor::identity(resource);
    let descriptor = descriptor::of_job(resource, job, plan);
    let entry = entry::of_job(resource);
    let periodic = job.periodic.map(|place| periodic(resource, place));
    quote! {
        #columns
        const _: () = {
            #[allow(unused_imports)]
            use #private as __specstar;
            #[automatically_derived]
            impl __specstar::JobPayload for #ident {
                type Artifact = #artifact;
                #id
                #descriptor
                #entry
                #periodic
            }
            #[automatically_derived]
            impl __specstar::Registered for #ident {
                const ENTRY: __specstar::ResourceEntry = <Self as __specstar::JobPayload>::ENTRY;
            }
            #column_values
        };
    }
}

/// The job that the type has by itself is made of nothing.
fn periodic(resource: &Resource, place: Span) -> TokenStream {
    let span = Span::call_site().located_at(place);
    let mut ident = resource.ident.clone();
    ident.set_span(ident.span().located_at(place));
    let made = quote_spanned!(span=> __specstar::default_payload::<#ident>);
    quote!(const PERIODIC: ::core::option::Option<fn() -> Self> = ::core::option::Option::Some(#made);)
}
