//! `ID` and `DESCRIPTOR`: only what differs from a resource about which nothing is said.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::ast::{Field, Resource};
use crate::attr::job::Job;
use crate::attr::resource::Generator;
use crate::lock;
use crate::migration;
use crate::plan::{Index, Link, Plan, Source, Unique};

pub(super) fn identity(resource: &Resource) -> TokenStream {
    let name = resource.name();
    let type_name = resource.ident.unraw().to_string();
    quote! {
        const ID: __specstar::Identity = __specstar::Identity::new(
            #name,
            ::core::concat!(::core::module_path!(), "::", #type_name),
            #type_name,
        );
    }
}

pub(super) fn descriptor(resource: &Resource, plan: &Plan<'_>) -> TokenStream {
    let options = options(resource);
    let fields = resource.stored().map(field);
    let indexes = some("indexes", plan.indexes.iter().map(index));
    let uniques = some("uniques", plan.uniques.iter().map(unique));
    let references = (!plan.references.is_empty()).then(|| quote!(references: REFERENCES,));
    let display_name = resource.stored().find(|field| field.marks.display_name.0.is_some()).map(|field| {
        let wire = &field.wire;
        quote!(display_name: ::core::option::Option::Some(#wire),)
    });
    quote! {
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            #options
            fields: &[#(#fields),*],
            #indexes
            #uniques
            #references
            #display_name
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::Resource>::ID)
        };
    }
}

/// Of a payload: the fields and indexes of every job, the indexes of the payload, and how it is run.
pub(super) fn of_job(resource: &Resource, job: &Job, plan: &Plan<'_>) -> TokenStream {
    let options = options(resource);
    let own = 0..4_usize;
    let common = own.map(|at| quote!(__specstar::JOB_INDEXES[#at]));
    let indexes = common.chain(plan.indexes.iter().map(index));
    let job = job_descriptor(job);
    quote! {
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            #options
            fields: __specstar::JOB_FIELDS,
            indexes: &[#(#indexes),*],
            job: ::core::option::Option::Some(&#job),
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::JobPayload>::ID)
        };
    }
}

fn job_descriptor(job: &Job) -> TokenStream {
    let queue = job.queue.0.as_ref().map(|queue| quote!(queue: #queue,));
    let attempts = job.max_attempts.0.map(|most| quote!(max_attempts: #most,));
    let backoff = job
        .backoff
        .0
        .map(|(first, most)| quote!(backoff: __specstar::Backoff { first_ms: #first, most_ms: #most },));
    let timeout = job.timeout.0.map(|millis| quote!(timeout_ms: ::core::option::Option::Some(#millis),));
    let priority = job.priority.0.map(|priority| quote!(priority: #priority,));
    let cron = job.cron.0.as_ref().map(|cron| quote!(cron: ::core::option::Option::Some(#cron),));
    let every = job.every.0.map(|millis| quote!(every_ms: ::core::option::Option::Some(#millis),));
    quote! {
        __specstar::JobDescriptor {
            #queue #attempts #backoff #timeout #priority #cron #every
            ..__specstar::JobDescriptor::DEFAULT
        }
    }
}

/// A constant beside the impl, because indexes of reference fields read it.
pub(super) fn references(plan: &Plan<'_>) -> Option<TokenStream> {
    let references = plan.references.iter().map(reference);
    (!plan.references.is_empty()).then(|| {
        quote! {
            const REFERENCES: &[__specstar::ReferenceDescriptor] = &[#(#references),*];
        }
    })
}

fn some(name: &str, items: impl ExactSizeIterator<Item = TokenStream>) -> Option<TokenStream> {
    let name = format_ident!("{name}");
    (items.len() > 0).then(|| quote!(#name: &[#(#items),*],))
}

fn options(resource: &Resource) -> TokenStream {
    let options = &resource.options;
    let docs = resource.docs.as_ref().map(|docs| quote!(docs: #docs,));
    let schema = options
        .schema
        .0
        .as_ref()
        .map(|version| quote!(schema_version: ::core::option::Option::Some(#version),));
    let versions: Vec<_> = resource.ways().iter().map(|way| migration::value(&way.from)).collect();
    let older = (!versions.is_empty()).then(|| quote!(older_versions: &[#(#versions),*],));
    let status = options.default_status.0.map(|status| {
        let status = format_ident!("{status}");
        quote!(default_status: ::core::option::Option::Some(__specstar::RevisionStatus::#status),)
    });
    let id = options.id.0.as_ref().map(|id| {
        let id = generator(id);
        quote!(id_generator: ::core::option::Option::Some(#id),)
    });
    let unknown = options.unknown_fields.0.map(|policy| {
        let policy = format_ident!("{policy}");
        quote!(unknown_fields: ::core::option::Option::Some(__specstar::UnknownFields::#policy),)
    });
    let on_decode_error = options.on_decode_error.0.map(|policy| {
        let policy = format_ident!("{policy}");
        quote!(on_decode_error: ::core::option::Option::Some(__specstar::OnDecodeError::#policy),)
    });
    let openapi = (options.openapi.0 == Some(false)).then(|| quote!(openapi: false,));
    quote!(#docs #schema #older #status #id #unknown #on_decode_error #openapi)
}

fn generator(id: &Generator) -> TokenStream {
    match id {
        Generator::Known(name) => {
            let name = format_ident!("{name}");
            quote!(__specstar::IdGenerator::#name)
        }
        Generator::Function(path) => quote!(__specstar::IdGenerator::Custom(#path)),
    }
}

fn field(field: &Field) -> TokenStream {
    let wire = &field.wire;
    let ty = lock::written(&field.ty);
    let aliases = &field.serde.aliases;
    let readonly = field.marks.readonly.0.is_some();
    if aliases.is_empty() && !readonly {
        return quote!(__specstar::FieldDescriptor::typed(#wire, #ty));
    }
    quote!(__specstar::FieldDescriptor { name: #wire, type_name: #ty, aliases: &[#(#aliases),*], readonly: #readonly })
}

/// A call that carries a bound has the span of the type: the compiler points there, and at nothing else.
fn index(index: &Index<'_>) -> TokenStream {
    let (key, path) = (&index.key, &index.path);
    let span = index.ty.span();
    let made = match index.source {
        Source::Reference(position) => {
            quote!(__specstar::IndexDescriptor::reference(#key, &[#(#path),*], &REFERENCES[#position]))
        }
        Source::Indexed | Source::Path => typed("of", index, span),
        Source::Trigram => typed("trigram", index, span),
        Source::Vector => vector(index, span),
        Source::Unique => typed("unique", index, span),
        Source::UniquePart => typed("unique_part", index, span),
    };
    let or_absent =
        (index.source == Source::Path || index.field.serde.skipped_if).then(|| quote!(.or_absent()));
    let with_trigram = (index.field.marks.trigram.0.is_some()
        && !matches!(index.source, Source::Trigram | Source::Path))
    .then(|| quote!(.with_trigram()));
    quote!(#made #or_absent #with_trigram)
}

/// The vector of an `Embedding` stands one step further inside; only its type tells.
fn vector(index: &Index<'_>, span: Span) -> TokenStream {
    let (key, wire, ty) = (&index.key, &index.field.wire, index.ty);
    let declared = index.field.marks.vector.0.as_ref().map(|(_, vector)| vector);
    let dim = declared.and_then(|vector| vector.dim.as_ref()).map_or(0, |(_, dim)| *dim);
    let metric = declared.and_then(|vector| vector.metric).map(|metric| {
        let metric = format_ident!("{metric}");
        quote!(.measured_by(__specstar::Metric::#metric))
    });
    let encoder =
        declared.and_then(|vector| vector.encoder.as_ref()).map(|encoder| quote!(.encoded_by(#encoder)));
    let declared = quote!(__specstar::VectorDescriptor::new(#dim) #metric #encoder);
    quote_spanned! {span=>
        __specstar::IndexDescriptor::vector::<#ty>(#key, &[#wire], &[#wire, "vector"], #declared)
    }
}

fn typed(function: &str, index: &Index<'_>, span: Span) -> TokenStream {
    let (key, path, ty) = (&index.key, &index.path, index.ty);
    let function = format_ident!("{function}", span = span);
    quote_spanned!(span=> __specstar::IndexDescriptor::#function::<#ty>(#key, &[#(#path),*]))
}

fn unique(unique: &Unique) -> TokenStream {
    let indexes = &unique.indexes;
    let case = unique.ignore_case.then(|| quote!(.ignoring_case()));
    let nulls = unique.nulls_equal.then(|| quote!(.with_equal_nulls()));
    quote!(__specstar::UniqueDescriptor::new(&[#(#indexes),*]) #case #nulls)
}

fn reference(link: &Link<'_>) -> TokenStream {
    let (wire, ty) = (&link.field.wire, &link.field.ty);
    let span = ty.span();
    let target = link.reference.target.as_ref();
    let Some(index) = link.index else {
        return match target {
            None => quote_spanned!(span=> __specstar::ReferenceDescriptor::revision_of::<#ty>(#wire)),
            Some(target) => {
                quote_spanned!(span=> __specstar::ReferenceDescriptor::revision_to::<#target, #ty>(#wire))
            }
        };
    };
    let action = link.reference.on_delete.as_ref().map_or("Dangling", |(_, action)| action);
    let action = format_ident!("{action}");
    let action = quote!(__specstar::OnDelete::#action);
    let made = match target {
        None => quote_spanned!(span=> __specstar::ReferenceDescriptor::of::<#ty>(#wire, #index, #action)),
        Some(target) => {
            quote_spanned!(span=> __specstar::ReferenceDescriptor::to::<#target, #ty>(#wire, #index, #action))
        }
    };
    let unvalidated = link.reference.unvalidated().map(|_| quote!(.unvalidated()));
    quote!(#made #unvalidated)
}
