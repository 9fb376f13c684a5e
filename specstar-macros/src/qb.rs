//! `qb!(User: QB["age"] >= 18)`: the language of the wire, read from tokens and written as calls of typed
//! columns. What is wrong with an expression by itself is found here, in the words of the wire; what does
//! not fit a field is found by the compiler, at the token it was written with.

mod argument;
mod comparison;
mod constant;
mod date;
mod expand;
mod field;
mod logic;
mod place;
mod primary;
mod query;
mod symbol;
mod value;

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Token, Type};

use value::Query;

/// The path of the facade, `;`, the resource type, `:` and the expression.
struct Input {
    krate: TokenStream,
    resource: Type,
    query: Query,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut krate = TokenStream::new();
        while !input.peek(Token![;]) {
            krate.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Token![;]>()?;
        if input.is_empty() {
            let problem = "write a resource type and an expression: qb!(User: QB[\"age\"] >= 18)";
            return Err(syn::Error::new(input.span(), problem));
        }
        let resource = input.parse()?;
        if !input.peek(Token![:]) {
            let problem = "a ':' is expected after the resource type: qb!(User: QB[\"age\"] >= 18)";
            return Err(syn::Error::new(input.span(), problem));
        }
        input.parse::<Token![:]>()?;
        Ok(Self { krate, resource, query: logic::whole(input)? })
    }
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<Input>(input) {
        Ok(Input { krate, resource, query }) => expand::select(&krate, &resource, &query),
        Err(error) => error.to_compile_error(),
    }
}
