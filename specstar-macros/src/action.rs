//! `#[create_action(…)]` and `#[update_action(…)]`: the function as it is, and a type of the same name beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{ItemFn, ReturnType};

use crate::ast::docs;
use crate::case::pascal;
use crate::errors::Errors;

mod options;
mod signature;

use options::{Options, Runs};
use signature::Argument;

/// Which of the two attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
}

pub(crate) fn attribute(kind: Kind, attr: TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        let error = syn::Error::new(Span::call_site(), "an action is a function").to_compile_error();
        return quote!(#error #item);
    };
    let mut errors = Errors::default();
    let options = Options::parse(kind, attr, &function.sig.ident, &mut errors);
    let arguments = signature::read(kind, &function, &mut errors);
    match (errors.finish(), options) {
        (Ok(()), Some(options)) => {
            let action = expand(kind, &options, &function, &arguments);
            let allowed = allowed();
            quote!(#allowed #function #action)
        }
        // Types cannot stand beside a method, nor a `self` outside of one.
        (Err(messages), _) if signature::is_method(&function) => messages,
        (result, options) => {
            let messages = result.err();
            let rejected = rejected(options.as_ref(), &function);
            quote!(#messages #function #rejected)
        }
    }
}

/// What its signature cannot help: it is that of every action.
fn allowed() -> TokenStream {
    quote!(#[allow(clippy::unused_async, clippy::unnecessary_wraps, clippy::needless_pass_by_value)])
}

/// What `resources!` names, so that only the errors of the attribute are shown.
fn rejected(options: Option<&Options>, function: &ItemFn) -> TokenStream {
    let private = options.map_or_else(|| quote!(::specstar::__private), Options::private);
    let (ident, marker) = (&function.sig.ident, marker(function));
    quote! {
        #marker
        #[automatically_derived]
        impl #private::Action for #ident {
            const ACTION: #private::ActionEntry = #private::ActionEntry::REJECTED;
        }
    }
}

/// A type that has no values, in the namespace the function leaves free.
fn marker(function: &ItemFn) -> TokenStream {
    let (vis, ident) = (&function.vis, &function.sig.ident);
    let cfgs = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let text = format!("The action of the function [`{ident}`](fn@{ident}), for `resources![…]`.");
    quote! {
        #(#cfgs)*
        #[doc = #text]
        #[allow(non_camel_case_types)]
        #vis enum #ident {}
    }
}

/// For `#[update_action(Hero)] async fn rest(existing: Existing<Hero>) -> Result<Hero>`:
///
/// ```text
/// pub enum rest {}
/// const _: () = {
///     use ::specstar::__private as __specstar;
///     type __Resource = Hero;
///     type __T0 = Existing<Hero>;
///     struct __Names<existing>(PhantomData<(existing,)>);
///     impl<existing> __Names<existing> {
///         const A0: __specstar::Argument<__T0> = __specstar::Argument::of_update::<existing, __Resource>();
///     }
///     const __OUTCOME: __specstar::Outcome<Result<Hero>> = __specstar::Outcome::of::<__Resource>();
///     const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[<__Names<()>>::A0.entry];
///     const _: () = __specstar::require_free(&<Hero as __specstar::Resource>::ID, …, "rest");
///     const _: () = __specstar::require_arguments(__ARGUMENTS, "rest");
///     impl __specstar::Action for rest {
///         const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
///             …
///             run: |input| __specstar::boxed(async move {
///                 let __a0 = (<__Names<()>>::A0.extract)(&input)?;
///                 (__OUTCOME.encode)(rest(__a0).await)
///             }),
///         };
///     }
/// };
/// ```
///
/// The names of arguments are type parameters because a message of a bound shows those as they are written. Types have
/// aliases outside, where no parameter hides what they name.
fn expand(kind: Kind, options: &Options, function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let private = options.private();
    let (ident, marker) = (&function.sig.ident, marker(function));
    let cfgs: Vec<_> = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let resource = &options.resource;
    let names = names(kind, arguments);
    let entries = (0..arguments.len()).map(|at| {
        let constant = argument_constant(at, arguments.len());
        quote!(#constant.entry)
    });
    let outcome = outcome(&function.sig.output);
    let checks = checks(options, ident);
    let (path, label, name) = (&options.path, &options.label, ident.unraw().to_string());
    let docs = docs(&function.attrs).unwrap_or_else(|| quote!(""));
    let made = &options.kind;
    let (runs, job) = runs(options, ident);
    let run = run(function, arguments.len());
    let id = quote_spanned!(located(resource.span())=> <#resource as __specstar::Resource>::ID);
    quote! {
        #marker
        #(#cfgs)*
        #[allow(non_camel_case_types, deprecated)]
        const _: () = {
            #[allow(unused_imports)]
            use #private as __specstar;
            type __Resource = #resource;
            #names
            #outcome
            const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[#(#entries),*];
            const __ID: &__specstar::Identity = &#id;
            #checks
            #job
            #[automatically_derived]
            impl __specstar::Action for #ident {
                const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
                    resource: __ID,
                    kind: #made,
                    name: #name,
                    path: #path,
                    label: #label,
                    docs: #docs,
                    runs: #runs,
                    optional: __OUTCOME.optional,
                    arguments: __ARGUMENTS,
                    run: #run,
                };
            }
        };
    }
}

/// When it runs, and of one that runs as a job the names of its job type: `import_url` makes `import-url-job`.
fn runs(options: &Options, ident: &Ident) -> (TokenStream, Option<TokenStream>) {
    match options.runs {
        Runs::InRequest => (quote!(__specstar::ActionRuns::InRequest), None),
        Runs::InBackground => (quote!(__specstar::ActionRuns::InBackground), None),
        Runs::AsJob => {
            let plain = ident.unraw().to_string();
            let name = format!("{}-job", plain.replace('_', "-"));
            let type_name = format!("{}Job", pascal(&plain));
            let job = quote! {
                #[automatically_derived]
                impl __specstar::AsyncAction for #ident {
                    const JOB: __specstar::Identity = __specstar::Identity::new(
                        #name,
                        ::core::concat!(::core::module_path!(), "::", #plain, "::job"),
                        #type_name,
                    );
                }
            };
            let entry = quote!(<__specstar::ActionCall<#ident> as __specstar::JobPayload>::ENTRY);
            (quote!(__specstar::ActionRuns::AsJob(#entry)), Some(job))
        }
    }
}

fn names(kind: Kind, arguments: &[Argument]) -> TokenStream {
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let aliases = arguments.iter().enumerate().map(|(at, argument)| {
        let (alias, ty) = (format_ident!("__T{at}"), &argument.ty);
        quote!(type #alias = #ty;)
    });
    let constants = arguments.iter().enumerate().map(|(at, argument)| constant(kind, at, argument));
    quote! {
        #(#aliases)*
        struct __Names<#(#names),*>(::core::marker::PhantomData<(#(#names,)*)>);
        impl<#(#names),*> __Names<#(#names),*> {
            #(#constants)*
        }
    }
}

/// The one place that asks for the bound, with the span of the type.
fn constant(kind: Kind, at: usize, argument: &Argument) -> TokenStream {
    let span = located(argument.ty.span());
    let (constant, alias) = (format_ident!("A{at}"), format_ident!("__T{at}", span = span));
    let mut name = argument.name.clone();
    name.set_span(name.span().located_at(argument.ty.span()));
    let of = Ident::new(if kind == Kind::Create { "of_create" } else { "of_update" }, span);
    let made = quote_spanned!(span=> __specstar::Argument::<#alias>::#of::<#name, __Resource>());
    quote!(const #constant: __specstar::Argument<#alias> = #made;)
}

/// Where the constant is found: the names no longer matter.
fn argument_constant(at: usize, count: usize) -> TokenStream {
    let constant = format_ident!("A{at}");
    let units = std::iter::repeat_n(quote!(()), count);
    quote!(<__Names<#(#units),*>>::#constant)
}

fn outcome(output: &ReturnType) -> TokenStream {
    let ty = match output {
        ReturnType::Type(_, ty) => quote!(#ty),
        ReturnType::Default => quote!(()),
    };
    let span = located(match output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => Span::call_site(),
    });
    let made = quote_spanned!(span=> __specstar::Outcome::<#ty>::of::<__Resource>());
    quote!(const __OUTCOME: __specstar::Outcome<#ty> = #made;)
}

/// What only the compiler knows: the name of the resource, and which part of a call each argument is.
fn checks(options: &Options, ident: &Ident) -> TokenStream {
    let (made, path) = (&options.kind, &options.path);
    let (place, function) = (located(path.span()), located(ident.span()));
    let free = quote_spanned!(place=> const _: () = __specstar::require_free(__ID, #made, #path););
    let fit = quote_spanned!(function=> const _: () = __specstar::require_arguments(__ARGUMENTS, #path););
    quote!(#free #fit)
}

fn run(function: &ItemFn, count: usize) -> TokenStream {
    let ident = &function.sig.ident;
    let values: Vec<_> = (0..count).map(|at| format_ident!("__a{at}")).collect();
    let constants = (0..count).map(|at| argument_constant(at, count));
    let input = if count == 0 { quote!(_) } else { quote!(input) };
    let wait = function.sig.asyncness.map(|_| quote!(.await));
    quote! {
        |#input| __specstar::boxed(async move {
            #(let #values = (#constants.extract)(&input)?;)*
            (__OUTCOME.encode)(#ident(#(#values),*) #wait)
        })
    }
}

fn located(span: Span) -> Span {
    Span::call_site().located_at(span)
}
