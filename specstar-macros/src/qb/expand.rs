//! Code out: calls of columns, each token with the place it was written at.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Type;

use super::argument::wrong;
use super::constant::INTEGER_RANGE;
use super::value::{Base, Condition, Constant, Field, Form, Item, Query, SortKey, Step, Value};

/// For `qb!(User: QB["age"] >= 18)`:
///
/// ```text
/// {
///     use ::specstar::__private as __specstar;
///     __specstar::select::<User>(<User>::COLUMNS.age.ge(18))
/// }
/// ```
pub(super) fn select(krate: &TokenStream, resource: &Type, query: &Query) -> TokenStream {
    let condition = condition(resource, &query.condition);
    let steps = query.steps.iter().map(|step| match step {
        Step::Order(key) => {
            let key = sort_key(resource, key);
            quote!(.order_by(#key))
        }
        Step::Call { method, arguments } => quote!(.#method(#(#arguments),*)),
    });
    quote! {{
        #[allow(unused_imports)]
        use #krate::__private as __specstar;
        __specstar::select::<#resource>(#condition) #(#steps)*
    }}
}

fn condition(resource: &Type, tree: &Condition) -> TokenStream {
    match tree {
        Condition::All => quote!(__specstar::Condition::<#resource>::all([])),
        Condition::Test { field, method, arguments } => {
            let column = column(resource, field);
            quote!(#column.#method(#(#arguments),*))
        }
        Condition::Rust(tokens) => quote!(__specstar::condition::<#resource>(#tokens)),
        Condition::Not(inner) => {
            let inner = condition(resource, inner);
            quote!(::core::ops::Not::not(#inner))
        }
        Condition::And(left, right) => {
            let (left, right) = (condition(resource, left), condition(resource, right));
            quote!(#left.and(#right))
        }
        Condition::Or(left, right) => {
            let (left, right) = (condition(resource, left), condition(resource, right));
            quote!(#left.or(#right))
        }
    }
}

/// The handle, whole at the place of the name.
fn column(resource: &Type, field: &Field) -> TokenStream {
    let (name, span) = (&field.column, field.column.span());
    let handle = if field.meta {
        quote_spanned!(span=> <#resource as __specstar::Resource>::META.#name)
    } else {
        quote_spanned!(span=> <#resource>::COLUMNS.#name)
    };
    match &field.form {
        Some(Form { method, arguments }) => quote!(#handle.#method(#(#arguments),*)),
        None => handle,
    }
}

fn sort_key(resource: &Type, key: &SortKey) -> TokenStream {
    let (column, method) = (column(resource, &key.field), &key.method);
    quote!(#column.#method())
}

/// A value of a question.
pub(super) fn operand(method: &str, item: &Item) -> syn::Result<TokenStream> {
    let span = item.place.start;
    match &item.value {
        Value::Rust(tokens) => Ok(tokens.clone()),
        Value::List(items) if items.is_empty() => {
            Ok(quote_spanned!(span=> ([] as [::core::convert::Infallible; 0])))
        }
        Value::List(items) => {
            let items = items.iter().map(|item| element(method, item)).collect::<syn::Result<Vec<_>>>()?;
            let mut list = Group::new(Delimiter::Bracket, quote!(#(#items),*));
            list.set_span(span);
            Ok(TokenTree::from(list).into())
        }
        Value::Constant(Constant::None) => {
            let problem = "None is equal to nothing; use .is_null() or .is_not_null()";
            Err(item.place.error(problem))
        }
        Value::Constant(Constant::Duration(_)) => Err(wrong(method, "a value", item)),
        Value::Constant(value) => constant(value, span).map_err(|problem| item.place.error(problem)),
        _ => Err(wrong(method, "a value", item)),
    }
}

fn element(method: &str, item: &Item) -> syn::Result<TokenStream> {
    match &item.value {
        Value::Constant(_) | Value::Rust(_) | Value::List(_) => operand(method, item),
        other => Err(item.place.error(format_args!("a list holds values, found {}", other.describe()))),
    }
}

fn constant(value: &Constant, span: Span) -> Result<TokenStream, &'static str> {
    Ok(match value {
        Constant::Bool(value) => boolean(*value, span),
        Constant::Integer(value) => {
            let value = i64::try_from(*value).map_err(|_| INTEGER_RANGE)?;
            signed(value < 0, Literal::u64_unsuffixed(value.unsigned_abs()), span)
        }
        Constant::Float(value) => {
            signed(value.is_sign_negative(), Literal::f64_unsuffixed(value.abs()), span)
        }
        Constant::Text(text) => located(Literal::string(text), span),
        Constant::Moment { base, micros, .. } => {
            let micros = Literal::i64_suffixed(*micros);
            match base {
                Base::Epoch => quote_spanned!(span=> __specstar::Timestamp(#micros)),
                Base::Now => quote_spanned!(span=> __specstar::now_and(#micros)),
                Base::Today => quote_spanned!(span=> __specstar::today_and(#micros)),
            }
        }
        Constant::None | Constant::Duration(_) => return Err("a value is expected"),
    })
}

fn signed(negative: bool, literal: Literal, span: Span) -> TokenStream {
    let literal = located(literal, span);
    if negative { quote_spanned!(span=> -#literal) } else { literal }
}

fn located(mut literal: Literal, span: Span) -> TokenStream {
    literal.set_span(span);
    TokenTree::from(literal).into()
}

pub(super) fn boolean(value: bool, span: Span) -> TokenStream {
    TokenTree::from(Ident::new(if value { "true" } else { "false" }, span)).into()
}

/// A vector: its numbers are floats, however they are written. Or a text.
pub(super) fn vector(method: &str, item: &Item) -> syn::Result<TokenStream> {
    let Value::List(items) = &item.value else {
        return match &item.value {
            Value::Rust(_) | Value::Constant(Constant::Text(_)) => operand(method, item),
            _ => Err(wrong(method, "a list of numbers", item)),
        };
    };
    let number = |item: &Item| match &item.value {
        Value::Constant(Constant::Integer(_) | Constant::Float(_)) | Value::Rust(_) => float(method, item),
        _ => Err(wrong(method, "a list of numbers", item)),
    };
    let numbers = items.iter().map(number).collect::<syn::Result<Vec<_>>>()?;
    let mut list = Group::new(Delimiter::Bracket, quote!(#(#numbers),*));
    list.set_span(item.place.start);
    Ok(TokenTree::from(list).into())
}

/// A number that is a float, however it is written.
#[allow(clippy::cast_precision_loss)] // as on the wire
pub(super) fn float(method: &str, item: &Item) -> syn::Result<TokenStream> {
    let value = match &item.value {
        Value::Constant(Constant::Integer(value)) => *value as f64,
        Value::Constant(Constant::Float(value)) => *value,
        Value::Rust(_) => return operand(method, item),
        _ => return Err(wrong(method, "a number", item)),
    };
    constant(&Constant::Float(value), item.place.start).map_err(|problem| item.place.error(problem))
}

/// A number of days.
pub(super) fn days(method: &str, item: &Item) -> syn::Result<TokenStream> {
    match &item.value {
        Value::Rust(_) | Value::Constant(Constant::Integer(_)) => operand(method, item),
        _ => Err(wrong(method, "an integer", item)),
    }
}

/// A number of rows, of at least `least`.
pub(super) fn count(method: &str, item: &Item, least: i128) -> syn::Result<TokenStream> {
    let expected = if least == 0 { "an integer from 0" } else { "an integer from 1" };
    match &item.value {
        Value::Rust(_) => operand(method, item),
        Value::Constant(Constant::Integer(value)) if *value >= least => operand(method, item),
        Value::Constant(Constant::Integer(_)) => {
            let problem = format!("'{method}' wants {expected}, found a smaller one");
            Err(item.place.error(problem))
        }
        _ => Err(wrong(method, expected, item)),
    }
}
