//! `resources![Team, User]`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Token, Type};

/// The path of the facade, `;`, and the types.
struct Input {
    krate: TokenStream,
    types: Punctuated<Type, Token![,]>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut krate = TokenStream::new();
        while !input.peek(Token![;]) {
            krate.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Token![;]>()?;
        Ok(Self { krate, types: Punctuated::parse_terminated(input)? })
    }
}

/// For `resources![Team, User]`:
///
/// ```text
/// {
///     const ENTRIES: &[ResourceEntry; 2] = &[<Team as Resource>::ENTRY, <User as Resource>::ENTRY];
///     const PROBLEMS: [Problem; 2] = problems(ENTRIES);
///     const _: () = report(ENTRIES, &PROBLEMS, 0); // with the span of `Team`
///     const _: () = report(ENTRIES, &PROBLEMS, 1);
///     Registry::new(ENTRIES)
/// }
/// ```
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Input { krate, types } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let count = types.len();
    let entries = types.iter().map(|ty| quote_spanned!(place(ty)=> <#ty as __specstar::Resource>::ENTRY));
    let reports = types.iter().enumerate().map(
        |(at, ty)| quote_spanned!(place(ty)=> const _: () = __specstar::report(ENTRIES, &PROBLEMS, #at);),
    );
    quote! {{
        #[allow(unused_imports)]
        use #krate::__private as __specstar;
        const ENTRIES: &[__specstar::ResourceEntry; #count] = &[#(#entries),*];
        const PROBLEMS: [__specstar::Problem; #count] = __specstar::problems(ENTRIES);
        #(#reports)*
        __specstar::Registry::new(ENTRIES)
    }}
}

/// The last segment: of `shop::User` the part people look for.
fn place(ty: &Type) -> Span {
    let span = match ty {
        Type::Path(path) => {
            path.path.segments.last().map_or_else(|| ty.span(), |segment| segment.ident.span())
        }
        _ => ty.span(),
    };
    Span::call_site().located_at(span)
}
