//! `resources![Team, User]`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Path, Token, Type, parenthesized};

use crate::suggest::did_you_mean;

/// The path of the facade, `;`, and what stands in the brackets: an option and `;`, the types, `;` and the actions.
struct Input {
    krate: TokenStream,
    deny_by_default: bool,
    types: Vec<Type>,
    actions: Vec<Path>,
    jobs: bool,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut krate = TokenStream::new();
        while !input.peek(Token![;]) {
            krate.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Token![;]>()?;
        let deny_by_default = input.peek(syn::Ident) && input.peek2(Token![;]) && option(input)?;
        let types = types(input)?;
        let (mut listed, mut jobs) = (Vec::new(), false);
        while !input.is_empty() {
            tail(input, &mut listed, &mut jobs)?;
        }
        Ok(Self { krate, deny_by_default, types, actions: listed, jobs })
    }
}

/// `deny_by_default;`, unless the one identifier is a type.
fn option(input: ParseStream<'_>) -> syn::Result<bool> {
    let ahead = input.fork();
    let name: Ident = ahead.parse()?;
    if name.to_string().starts_with(char::is_uppercase) {
        return Ok(false);
    }
    input.parse::<Ident>()?;
    input.parse::<Token![;]>()?;
    if name == "deny_by_default" {
        return Ok(true);
    }
    let hint = did_you_mean(&name.to_string(), ["deny_by_default"]);
    let hint = if hint.is_empty() { "; known is `deny_by_default`".to_owned() } else { hint };
    Err(syn::Error::new_spanned(&name, format!("unknown option `{name}`{hint}")))
}

fn types(input: ParseStream<'_>) -> syn::Result<Vec<Type>> {
    let mut types = Vec::new();
    while !input.is_empty() && !input.peek(Token![;]) {
        types.push(input.parse()?);
        if input.is_empty() || input.peek(Token![;]) {
            break;
        }
        input.parse::<Token![,]>()?;
    }
    Ok(types)
}

/// `; actions(a, b)`, `; jobs`, each once.
fn tail(input: ParseStream<'_>, actions: &mut Vec<Path>, jobs: &mut bool) -> syn::Result<()> {
    input.parse::<Token![;]>()?;
    if input.is_empty() {
        return Ok(());
    }
    let name: Ident = input.parse()?;
    if name == "jobs" && !*jobs {
        *jobs = true;
        return behind(input);
    }
    if name != "actions" || !actions.is_empty() {
        return Err(syn::Error::new_spanned(&name, "expected `actions(…)`, or `jobs`"));
    }
    let inner;
    parenthesized!(inner in input);
    let paths = Punctuated::<Path, Token![,]>::parse_terminated_with(&inner, Path::parse_mod_style)?;
    actions.extend(paths);
    behind(input)
}

fn behind(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![;]) {
        return Ok(());
    }
    Err(input.error("expected nothing behind `actions(…)`, or `; jobs`"))
}

/// For `resources![Team, User; actions(promote)]`:
///
/// ```text
/// {
///     const ENTRIES: &[ResourceEntry; 2] = &[<Team as Registered>::ENTRY, <User as Registered>::ENTRY];
///     const PROBLEMS: [Problem; 2] = problems(ENTRIES, false);
///     const _: () = report(ENTRIES, &PROBLEMS, 0); // with the span of `Team`
///     const _: () = report(ENTRIES, &PROBLEMS, 1);
///     const ACTIONS: &[ActionEntry] = &[<promote as Action>::ACTION];
///     const _: () = require_action(ENTRIES, ACTIONS, false, 0); // with the span of `promote`
///     Registry::new(ENTRIES).with_actions(ACTIONS)
/// }
/// ```
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Input { krate, deny_by_default, types, actions, jobs } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let count = types.len();
    let entries = types.iter().map(|ty| quote_spanned!(place(ty)=> <#ty as __specstar::Registered>::ENTRY));
    let reports = types.iter().enumerate().map(
        |(at, ty)| quote_spanned!(place(ty)=> const _: () = __specstar::report(ENTRIES, &PROBLEMS, #at);),
    );
    let denying = deny_by_default.then(|| quote!(.denying_by_default()));
    let (action_items, with_actions) = with_actions(&actions, jobs);
    let with_jobs = jobs.then(|| quote!(.with_jobs()));
    quote! {{
        #[allow(unused_imports)]
        use #krate::__private as __specstar;
        const ENTRIES: &[__specstar::ResourceEntry; #count] = &[#(#entries),*];
        const PROBLEMS: [__specstar::Problem; #count] = __specstar::problems(ENTRIES, #deny_by_default);
        #(#reports)*
        #action_items
        __specstar::Registry::new(ENTRIES) #denying #with_actions #with_jobs
    }}
}

fn with_actions(actions: &[Path], jobs: bool) -> (Option<TokenStream>, Option<TokenStream>) {
    if actions.is_empty() {
        return (None, None);
    }
    let entries =
        actions.iter().map(|path| quote_spanned!(last(path)=> <#path as __specstar::Action>::ACTION));
    let checks = actions.iter().enumerate().map(
        |(at, path)| quote_spanned!(last(path)=> const _: () = __specstar::require_action(ENTRIES, ACTIONS, #jobs, #at);),
    );
    let items = quote! {
        const ACTIONS: &[__specstar::ActionEntry] = &[#(#entries),*];
        #(#checks)*
    };
    (Some(items), Some(quote!(.with_actions(ACTIONS))))
}

/// The last segment: of `shop::User` the part people look for.
fn place(ty: &Type) -> Span {
    match ty {
        Type::Path(path) => last(&path.path),
        _ => Span::call_site().located_at(ty.span()),
    }
}

fn last(path: &Path) -> Span {
    let span = path.segments.last().map_or_else(|| path.span(), |segment| segment.ident.span());
    Span::call_site().located_at(span)
}
