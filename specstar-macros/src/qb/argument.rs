//! Arguments of a call, by position or by name.

use proc_macro2::Ident;
use syn::Token;
use syn::ext::IdentExt;

use super::logic::Parser;
use super::place::Place;
use super::symbol::{self, Symbol};
use super::value::{Constant, Item, Value};

/// What was written between the parentheses.
pub(super) struct Call {
    /// What is called.
    pub(super) method: Ident,
    arguments: Vec<(Option<Ident>, Item)>,
    /// From the method to the closing parenthesis.
    pub(super) place: Place,
}

impl Parser<'_> {
    /// The parentheses behind a method.
    pub(super) fn call(&mut self, method: Ident) -> syn::Result<Call> {
        if !self.input.peek(syn::token::Paren) {
            let at = Place::of(method.span());
            return Err(at.error(format_args!("'{method}' has to be called: write {method}(...)")));
        }
        let content;
        let parentheses = syn::parenthesized!(content in self.input);
        let place = Place::between(method.span(), parentheses.span.close());
        let mut inner = Parser::new(&content);
        let mut arguments: Vec<(Option<Ident>, Item)> = Vec::new();
        while !content.is_empty() {
            let (name, item) = inner.argument()?;
            if name.is_none() && arguments.last().is_some_and(|(last, _)| last.is_some()) {
                let problem = "wants a name or a value here; a value follows a named argument";
                return Err(item.place.error(format_args!("'{method}' {problem}")));
            }
            arguments.push((name, item));
            if !symbol::eat(&content, Symbol::Comma)? && !content.is_empty() {
                return Err(symbol::unexpected(&content, "a ',' or ')' is expected"));
            }
        }
        Ok(Call { method, arguments, place })
    }

    fn argument(&mut self) -> syn::Result<(Option<Ident>, Item)> {
        let named =
            self.input.peek(Ident::peek_any) && self.input.peek2(Token![=]) && !self.input.peek2(Token![==]);
        if !named {
            return Ok((None, self.expression()?));
        }
        let name = self.input.call(Ident::parse_any)?;
        self.input.parse::<Token![=]>()?;
        Ok((Some(name), self.expression()?))
    }
}

impl Call {
    pub(super) fn error(&self, problem: impl std::fmt::Display) -> syn::Error {
        Place::of(self.method.span()).error(format_args!("'{}' {problem}", self.method))
    }

    /// The argument of each parameter, in order; the first `required` of them have to be there.
    pub(super) fn bind<const N: usize>(
        &mut self,
        parameters: [&str; N],
        required: usize,
    ) -> syn::Result<[Option<Item>; N]> {
        let mut bound = [const { None }; N];
        for (position, (name, item)) in std::mem::take(&mut self.arguments).into_iter().enumerate() {
            let at = name.as_ref().map_or(item.place, |name| Place::of(name.span()));
            let fail = |problem: String| at.error(format_args!("'{}' {problem}", self.method));
            let known = parameters.join(", ");
            let place = match &name {
                _ if N == 0 => return Err(fail("takes no arguments".to_owned())),
                None if position >= N => {
                    return Err(fail(format!("takes at most {N}, which are {known}")));
                }
                None => position,
                Some(name) => parameters
                    .iter()
                    .position(|parameter| name == parameter)
                    .ok_or_else(|| fail(format!("has no argument '{name}'; it takes {known}")))?,
            };
            if bound[place].replace(item).is_some() {
                return Err(fail(format!("is given '{}' twice", parameters[place])));
            }
        }
        if bound[..required].iter().any(Option::is_none) {
            return Err(self.error(format_args!("wants {}", parameters[..required].join(", "))));
        }
        Ok(bound)
    }

    /// The one argument of a method that has one.
    pub(super) fn one(&mut self, parameter: &str) -> syn::Result<Item> {
        let [item] = self.bind([parameter], 1)?;
        item.ok_or_else(|| self.error(format_args!("wants {parameter}")))
    }

    /// No arguments at all.
    pub(super) fn none(&mut self) -> syn::Result<()> {
        self.bind([], 0).map(|[]| ())
    }

    /// Any number of arguments without names.
    pub(super) fn positional(&mut self) -> syn::Result<Vec<Item>> {
        let item = |(name, item): (Option<Ident>, Item)| match name {
            None => Ok(item),
            Some(name) => Err(Place::of(name.span())
                .error(format_args!("'{}' takes its arguments without names", self.method))),
        };
        std::mem::take(&mut self.arguments).into_iter().map(item).collect()
    }
}

/// An argument of another type than the method wants.
pub(super) fn wrong(method: &str, expected: &str, item: &Item) -> syn::Error {
    let found = item.value.describe();
    item.place.error(format_args!("'{method}' wants {expected}, found {found}"))
}

/// An integer that has to be known while compiling.
pub(super) fn integer(method: &str, expected: &str, item: &Item) -> syn::Result<i64> {
    match item.value {
        Value::Constant(Constant::Integer(value)) => {
            i64::try_from(value).map_err(|_| item.place.error(super::constant::INTEGER_RANGE))
        }
        _ => Err(wrong(method, expected, item)),
    }
}
