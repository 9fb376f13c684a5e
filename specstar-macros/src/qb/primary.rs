//! What an expression begins with: literals, brackets, `QB`, the date module, and Rust values.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Lit, LitStr, Path, Token};

use super::field;
use super::logic::Parser;
use super::place::Place;
use super::symbol::{self, Symbol};
use super::value::{Condition, Constant, Field, Item, Value};
use crate::suggest::nearest;

/// The metadata of every resource: the fields of `MetaColumns`.
pub(super) const META: [&str; 14] = [
    "resource_id",
    "current_revision_id",
    "schema_version",
    "total_revision_count",
    "created_time",
    "updated_time",
    "created_by",
    "updated_by",
    "is_deleted",
    "rev_status",
    "rev_created_by",
    "rev_updated_by",
    "rev_created_time",
    "rev_updated_time",
];

/// A value and the methods called on it.
pub(super) fn postfix(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let mut item = primary(parser)?;
    loop {
        if parser.input.peek(syn::token::Bracket) {
            return Err(parser.input.error("'[' is not supported; only QB has subscripts"));
        }
        if parser.input.peek(syn::token::Paren) {
            return Err(item.place.error(match item.value {
                Value::Rust(_) => "a Rust value is computed in braces: { function() }",
                _ => "only methods can be called",
            }));
        }
        if !symbol::eat(parser.input, Symbol::Dot)? {
            return Ok(item);
        }
        let name = attribute(parser)?;
        item = field::method(parser, item, name)?;
    }
}

/// The name behind a dot.
pub(super) fn attribute(parser: &mut Parser<'_>) -> syn::Result<Ident> {
    if !parser.input.peek(Ident::peek_any) {
        return Err(symbol::unexpected(parser.input, "a method is expected after '.'"));
    }
    parser.input.call(Ident::parse_any)
}

fn primary(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let input = parser.input;
    if input.peek(syn::token::Paren) {
        return parentheses(parser);
    }
    if input.peek(syn::token::Bracket) {
        return list(parser);
    }
    if input.peek(syn::token::Brace) {
        return braces(parser);
    }
    if let Some(name) = symbol::peek_name(input) {
        return named(parser, &name);
    }
    if input.peek(Lit) {
        return literal(parser);
    }
    if input.peek(Token![::]) {
        return rust_path(parser);
    }
    Err(symbol::unexpected(input, "a value is expected"))
}

fn literal(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let literal: Lit = parser.input.parse()?;
    let place = Place::of(literal.span());
    let fail = |problem: &str| Err(place.error(problem));
    let constant = match &literal {
        Lit::Str(text) if text.suffix().is_empty() => Constant::Text(texts(parser, text)?),
        Lit::Int(number) if number.suffix().is_empty() => match number.base10_parse::<u64>() {
            Ok(value) => Constant::Integer(value.into()),
            Err(_) => return fail(super::constant::INTEGER_RANGE),
        },
        Lit::Float(number) if number.suffix().is_empty() => match number.base10_parse::<f64>() {
            Ok(value) if value.is_finite() => Constant::Float(value),
            _ => return fail("a float is beyond the range of doubles"),
        },
        Lit::Int(_) | Lit::Float(_) => return fail("a number has no suffix here"),
        _ => return fail("only strings, numbers, True, False and None are literals here"),
    };
    Ok(Item::constant(constant, place))
}

/// Strings that stand side by side are one.
fn texts(parser: &Parser<'_>, first: &LitStr) -> syn::Result<String> {
    let mut text = first.value();
    while parser.input.peek(LitStr) {
        text.push_str(&parser.input.parse::<LitStr>()?.value());
    }
    Ok(text)
}

/// `(x)` is x; with a comma it is a tuple, which is a list here.
fn parentheses(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let content;
    let token = syn::parenthesized!(content in parser.input);
    let place = Place::between(token.span.open(), token.span.close());
    if content.is_empty() {
        return Ok(Item { value: Value::List(Vec::new()), place });
    }
    let mut inner = Parser::new(&content);
    let first = inner.expression()?;
    if symbol::peek(&content) == Some(Symbol::Comma) {
        let items = elements(&mut inner, vec![first], "a ',' or ')' is expected")?;
        return Ok(Item { value: Value::List(items), place });
    }
    if !content.is_empty() {
        return Err(symbol::unexpected(&content, "a ')' is expected"));
    }
    Ok(Item { place, ..first })
}

fn list(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let content;
    let token = syn::bracketed!(content in parser.input);
    let place = Place::between(token.span.open(), token.span.close());
    let mut inner = Parser::new(&content);
    let first = if content.is_empty() { Vec::new() } else { vec![inner.expression()?] };
    let items = elements(&mut inner, first, "a ',' or ']' is expected")?;
    Ok(Item { value: Value::List(items), place })
}

/// The rest of a list or tuple, from the end of its first element on.
fn elements(parser: &mut Parser<'_>, mut items: Vec<Item>, expected: &str) -> syn::Result<Vec<Item>> {
    while !parser.input.is_empty() {
        if !symbol::eat(parser.input, Symbol::Comma)? {
            return Err(symbol::unexpected(parser.input, expected));
        }
        if !parser.input.is_empty() {
            items.push(parser.expression()?);
        }
    }
    Ok(items)
}

/// Any Rust expression.
fn braces(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let content;
    let token = syn::braced!(content in parser.input);
    let place = Place::between(token.span.open(), token.span.close());
    if content.is_empty() {
        return Err(place.error("a Rust expression is expected in the braces"));
    }
    // Without its braces where it is one expression: the compiler calls them unnecessary.
    let fork = content.fork();
    let single = fork.parse::<syn::Expr>().is_ok() && fork.is_empty();
    let inside: TokenStream = content.parse()?;
    let tokens = if single { inside } else { quote::quote!({ #inside }) };
    Ok(Item { value: Value::Rust(tokens), place })
}

fn named(parser: &mut Parser<'_>, name: &Ident) -> syn::Result<Item> {
    let place = Place::of(name.span());
    let constant = match name.to_string().as_str() {
        "True" => Constant::Bool(true),
        "False" => Constant::Bool(false),
        "None" => Constant::None,
        "QB" => return qb(parser),
        "dt" | "datetime" if !parser.input.peek2(Token![::]) => {
            let name = attribute(parser)?;
            return super::date::module(parser, &name);
        }
        "true" => return Err(place.error("unknown name 'true'; did you mean 'True'?")),
        "false" => return Err(place.error("unknown name 'false'; did you mean 'False'?")),
        word if symbol::keyword(word).is_some() => {
            return Err(symbol::unexpected(parser.input, "a value is expected"));
        }
        _ => return rust_path(parser),
    };
    attribute(parser)?;
    Ok(Item::constant(constant, place))
}

/// `min_age`, `limits::MIN_AGE`.
fn rust_path(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let path = parser.input.call(Path::parse_mod_style)?;
    let start = path.segments.first().map_or_else(|| parser.input.span(), |segment| segment.ident.span());
    let end = path.segments.last().map_or(start, |segment| segment.ident.span());
    let place = Place::between(start, end);
    if symbol::peek(parser.input) == Some(Symbol::Bang) {
        return Err(place.error("a Rust value is computed in braces: { name!() }"));
    }
    if symbol::peek(parser.input) == Some(Symbol::Dot) {
        return Err(place.error("a Rust value is computed in braces: { value.method() }"));
    }
    Ok(Item { value: Value::Rust(path.into_token_stream()), place })
}

fn qb(parser: &mut Parser<'_>) -> syn::Result<Item> {
    let start = attribute(parser)?;
    if parser.input.peek(syn::token::Bracket) {
        return subscript(parser, &start);
    }
    if !symbol::eat(parser.input, Symbol::Dot)? {
        let at = Place::of(start.span());
        return Err(at.error(if parser.input.peek(syn::token::Paren) {
            "QB cannot be called; write QB[\"field\"]"
        } else {
            "QB alone is no value; write QB[\"field\"]"
        }));
    }
    let name = attribute(parser)?;
    match name.to_string().as_str() {
        "all" | "any" => group(parser, name),
        _ => accessor(parser, name, start.span().into()),
    }
}

impl From<proc_macro2::Span> for Place {
    fn from(span: proc_macro2::Span) -> Self {
        Self::of(span)
    }
}

fn subscript(parser: &mut Parser<'_>, start: &Ident) -> syn::Result<Item> {
    let content;
    let token = syn::bracketed!(content in parser.input);
    let place = Place::between(start.span(), token.span.close());
    if content.is_empty() {
        return Err(place.error("'QB[...]' wants the name of a field in quotes"));
    }
    if !content.peek(LitStr) {
        let item = Parser::new(&content).expression()?;
        let found = item.value.describe();
        let problem = format!("'QB[...]' wants the name of a field in quotes, found {found}");
        return Err(item.place.error(problem));
    }
    let name: LitStr = content.parse()?;
    if !content.is_empty() {
        return Err(symbol::unexpected(&content, "a ']' is expected"));
    }
    Ok(Item { value: Value::Field(Box::new(Field::named(&name.value(), &name))), place })
}

/// `QB.created_time()`, which is `QB["created_time"]`.
fn accessor(parser: &mut Parser<'_>, name: Ident, start: Place) -> syn::Result<Item> {
    if !META.iter().any(|known| name == known) {
        return Err(no_method("QB", &name, META.into_iter().chain(["all", "any"])));
    }
    let field = Field { column: name.clone(), meta: true, form: None, steps: Vec::new() };
    let mut call = parser.call(name)?;
    call.none()?;
    Ok(Item { value: Value::Field(Box::new(field)), place: start.to(call.place) })
}

/// `QB.all(…)` and `QB.any(…)`. A single argument comes back as it is.
fn group(parser: &mut Parser<'_>, name: Ident) -> syn::Result<Item> {
    let all = name == "all";
    let mut call = parser.call(name)?;
    let mut items = call.positional()?;
    if items.len() < 2 {
        return match items.pop() {
            Some(item) => {
                let place = item.place;
                let query =
                    item.into_query(|found| format!("'{}' wants conditions, found {found}", call.method))?;
                Ok(Item { value: Value::Condition(Box::new(query)), place })
            }
            None if all => Ok(Item::condition(Condition::All, call.place)),
            None => Err(call.error("wants at least one condition")),
        };
    }
    super::query::joined(items, &call, all)
}

/// "Did you mean", in the words of the wire.
pub(super) fn no_method<'a>(
    owner: &str,
    name: &Ident,
    known: impl IntoIterator<Item = &'a str>,
) -> syn::Error {
    let hint = nearest(&name.to_string(), known)
        .map_or_else(String::new, |known| format!("; did you mean '{known}'?"));
    Place::of(name.span()).error(format_args!("{owner} has no method '{name}'{hint}"))
}
