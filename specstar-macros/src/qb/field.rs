//! Methods of fields and quantifiers.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::LitStr;

use super::argument::{Call, integer, wrong};
use super::expand::{self, operand};
use super::logic::Parser;
use super::place::Place;
use super::primary::{META, no_method};
use super::query;
use super::value::{Condition, Constant, Field, Item, SortKey, Value};
use crate::attr::grammar::ident_from;

/// What a method of a field does; the texts are the methods of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldMethod {
    /// A question with one value.
    Is(&'static str),
    /// Its opposite.
    IsNot(&'static str),
    /// A null check with an optional boolean.
    Check(&'static str),
    Plain(&'static str),
    Between,
    Length,
    Quantify,
    During,
    Sort,
    Fuzzy,
    Similarity,
    Distance,
}

const FIELD_METHODS: &[(&str, FieldMethod)] = {
    use FieldMethod as M;
    &[
        ("eq", M::Is("eq")),
        ("ne", M::Is("ne")),
        ("gt", M::Is("gt")),
        ("gte", M::Is("ge")),
        ("lt", M::Is("lt")),
        ("lte", M::Is("le")),
        ("between", M::Between),
        ("in_range", M::Between),
        ("in_", M::Is("in_")),
        ("one_of", M::Is("in_")),
        ("not_in", M::Is("not_in")),
        ("contains_any", M::Is("contains_any")),
        ("contains", M::Is("contains")),
        ("starts_with", M::Is("starts_with")),
        ("ends_with", M::Is("ends_with")),
        ("not_contains", M::IsNot("contains")),
        ("not_starts_with", M::IsNot("starts_with")),
        ("not_ends_with", M::IsNot("ends_with")),
        ("icontains", M::Is("icontains")),
        ("istarts_with", M::Is("istarts_with")),
        ("iends_with", M::Is("iends_with")),
        ("regex", M::Is("regex")),
        ("match", M::Is("regex")),
        ("like", M::Is("like")),
        ("is_null", M::Check("IsNull")),
        ("exists", M::Check("Exists")),
        ("isna", M::Check("IsNa")),
        ("is_not_null", M::Plain("is_not_null")),
        ("has_value", M::Plain("is_not_null")),
        ("is_true", M::Plain("is_true")),
        ("is_false", M::Plain("is_false")),
        ("is_truthy", M::Plain("is_truthy")),
        ("is_falsy", M::Plain("is_falsy")),
        ("is_empty", M::Plain("is_empty")),
        ("is_blank", M::Plain("is_blank")),
        ("length", M::Length),
        ("any", M::Quantify),
        ("all", M::Quantify),
        ("today", M::During),
        ("yesterday", M::During),
        ("this_week", M::During),
        ("this_month", M::During),
        ("this_year", M::During),
        ("last_n_days", M::During),
        ("asc", M::Sort),
        ("desc", M::Sort),
        ("fuzzy", M::Fuzzy),
        ("similarity", M::Similarity),
        ("cosine", M::Distance),
        ("l2", M::Distance),
        ("ip", M::Distance),
    ]
};

const QUANTIFIER_METHODS: [&str; 10] = [
    "eq",
    "ne",
    "contains",
    "starts_with",
    "ends_with",
    "regex",
    "match",
    "icontains",
    "istarts_with",
    "iends_with",
];

/// What a length can be asked.
const LENGTH_METHODS: [&str; 8] = ["eq", "ne", "gt", "ge", "lt", "le", "in_", "not_in"];

impl Field {
    /// The column of that name, at the place of `written`: named as the derive names it.
    pub(super) fn named(name: &str, written: &LitStr) -> Self {
        let meta = META.contains(&name);
        let plain = ident_from(&LitStr::new(name, written.span()));
        // A field that is called like a keyword of Rust has a raw name; a path inside a field never is one.
        let keyword = !name.is_empty()
            && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
            && syn::parse_str::<Ident>(name).is_err()
            && !matches!(name, "self" | "Self" | "super" | "crate" | "_")
            && name.starts_with(|first: char| first.is_alphabetic());
        let column = if keyword { Ident::new_raw(name, written.span()) } else { plain };
        Self { column, meta, form: None, steps: Vec::new() }
    }

    fn test(&self, method: Ident, arguments: Vec<TokenStream>) -> Condition {
        Condition::Test { field: self.clone(), method, arguments }
    }
}

/// `.name(…)` of a value.
pub(super) fn method(parser: &mut Parser<'_>, item: Item, name: Ident) -> syn::Result<Item> {
    let known = name.to_string();
    match item.value {
        Value::Field(_) | Value::Condition(_) if query::METHODS.contains(&known.as_str()) => {
            query::method(parser, item, name)
        }
        Value::Field(field) => of_field(parser, item.place, *field, name),
        Value::Condition(_) => Err(no_method("a condition", &name, query::METHODS)),
        Value::Quantifier(field) => {
            if !QUANTIFIER_METHODS.contains(&known.as_str()) {
                return Err(no_method("a quantifier", &name, QUANTIFIER_METHODS));
            }
            let mut call = parser.call(name)?;
            let place = item.place.to(call.place);
            let value = call.one("value")?;
            let method = if known == "match" { "regex" } else { &known };
            let arguments = vec![operand(&known, &value)?];
            Ok(Item::condition(field.test(Ident::new(method, call.method.span()), arguments), place))
        }
        Value::Ranking(field) => {
            if !matches!(known.as_str(), "asc" | "desc") {
                return Err(no_method("a ranking", &name, ["asc", "desc"]));
            }
            let mut call = parser.call(name)?;
            call.none()?;
            let key = SortKey { field: *field, method: call.method };
            Ok(Item { value: Value::Sort(key), place: item.place.to(call.place) })
        }
        other => Err(syn::Error::new(name.span(), format_args!("{} has no methods", other.describe()))),
    }
}

fn of_field(parser: &mut Parser<'_>, start: Place, field: Field, name: Ident) -> syn::Result<Item> {
    let known = name.to_string();
    let Some((_, method)) = FIELD_METHODS.iter().find(|(method, _)| *method == known) else {
        let names = FIELD_METHODS.iter().map(|(method, _)| *method).chain(query::METHODS);
        return Err(no_method("a field", &name, names));
    };
    let mut call = parser.call(name)?;
    let place = start.to(call.place);
    if *method == FieldMethod::Length && field.form.is_some() {
        // The length of a length is the length.
        call.none()?;
        return Ok(Item { value: Value::Field(Box::new(field)), place });
    }
    if field.form.is_some() && !of_length(*method) {
        return Err(call.error("does not apply to length()"));
    }
    let value = match method {
        FieldMethod::Length => {
            call.none()?;
            Value::Field(Box::new(field.under(call.method, Vec::new())))
        }
        FieldMethod::Quantify => {
            call.none()?;
            Value::Quantifier(Box::new(field.under(call.method, Vec::new())))
        }
        FieldMethod::Sort => {
            call.none()?;
            Value::Sort(SortKey { field, method: call.method })
        }
        FieldMethod::Similarity => {
            let query = text(&known, &call.one("query")?)?;
            Value::Ranking(Box::new(field.under(call.method, vec![query])))
        }
        FieldMethod::Distance => {
            let vector = expand::vector(&known, &call.one("v")?)?;
            Value::Ranking(Box::new(field.under(call.method, vec![vector])))
        }
        other => return Ok(Item::condition(question(&field, *other, &mut call)?, place)),
    };
    Ok(Item { value, place })
}

fn of_length(method: FieldMethod) -> bool {
    match method {
        FieldMethod::Is(method) => LENGTH_METHODS.contains(&method),
        FieldMethod::Between => true,
        _ => false,
    }
}

fn question(field: &Field, method: FieldMethod, call: &mut Call) -> syn::Result<Condition> {
    let (name, span) = (call.method.to_string(), call.method.span());
    let ask = |method: &str, arguments| field.test(Ident::new(method, span), arguments);
    match method {
        FieldMethod::Is(method) | FieldMethod::IsNot(method) => {
            let value = call.one(if method == "like" { "pattern" } else { "value" })?;
            let condition = ask(method, vec![argument(&name, method, &value)?]);
            let negated = name.starts_with("not_") && name != "not_in";
            Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
        }
        FieldMethod::Check(operator) => {
            let [flag] = call.bind(["value"], 0)?;
            let flag = flag.map(|item| boolean(&name, &item)).transpose()?;
            let flag = flag.unwrap_or_else(|| expand::boolean(true, span));
            let operator = Ident::new(operator, span);
            Ok(ask("null_check", vec![quote_spanned!(span=> __specstar::Operator::#operator), flag]))
        }
        FieldMethod::Between => {
            let [low, high] = call.bind(["min_val", "max_val"], 2)?;
            let bounds = low.iter().chain(&high).map(|item| operand(&name, item));
            Ok(ask("between", bounds.collect::<syn::Result<_>>()?))
        }
        FieldMethod::During => during(field, call),
        FieldMethod::Fuzzy => {
            let [query, threshold] = call.bind(["query", "threshold"], 1)?;
            let mut arguments =
                query.iter().map(|item| text(&name, item)).collect::<syn::Result<Vec<_>>>()?;
            let threshold = threshold.filter(|item| !matches!(item.value, Value::Constant(Constant::None)));
            let Some(threshold) = threshold else { return Ok(ask("fuzzy", arguments)) };
            arguments.push(expand::float(&name, &threshold)?);
            Ok(ask("fuzzy_by", arguments))
        }
        FieldMethod::Plain(method) => {
            call.none()?;
            Ok(ask(method, Vec::new()))
        }
        FieldMethod::Length
        | FieldMethod::Quantify
        | FieldMethod::Sort
        | FieldMethod::Similarity
        | FieldMethod::Distance => Err(call.error("asks nothing by itself")),
    }
}

/// The text of a similarity.
fn text(method: &str, item: &Item) -> syn::Result<TokenStream> {
    match &item.value {
        Value::Rust(_) | Value::Constant(Constant::Text(_)) => operand(method, item),
        _ => Err(wrong(method, "a string", item)),
    }
}

/// `contains_any` takes one value for a list of one.
fn argument(name: &str, method: &str, item: &Item) -> syn::Result<TokenStream> {
    match (method, &item.value) {
        ("in_" | "not_in", Value::Constant(_)) => Err(wrong(name, "a list", item)),
        ("contains_any", Value::Constant(_)) => {
            let value = operand(name, item)?;
            Ok(quote_spanned!(item.place.start=> [#value]))
        }
        _ => operand(name, item),
    }
}

fn boolean(method: &str, item: &Item) -> syn::Result<TokenStream> {
    match &item.value {
        Value::Constant(Constant::Bool(value)) => Ok(expand::boolean(*value, item.place.start)),
        Value::Rust(tokens) => Ok(tokens.clone()),
        _ => Err(wrong(method, "true or false", item)),
    }
}

fn during(field: &Field, call: &mut Call) -> syn::Result<Condition> {
    let (name, span) = (call.method.to_string(), call.method.span());
    let unit = |unit: &str| {
        let unit = format_ident!("{unit}", span = span);
        quote_spanned!(span=> __specstar::Unit::#unit)
    };
    let (unit, zone) = match name.as_str() {
        "last_n_days" => {
            let [days, zone] = call.bind(["n", "tz"], 1)?;
            let days = days.map(|item| expand::days(&name, &item)).transpose()?;
            let unit = unit("LastDays");
            (quote_spanned!(span=> #unit(#days)), zone)
        }
        "this_week" => {
            let [zone, start] = call.bind(["tz", "week_start"], 0)?;
            let start = start.map_or(Ok(0), |item| week_start(&name, &item))?;
            let unit = unit("ThisWeek");
            (quote_spanned!(span=> #unit { start: #start }), zone)
        }
        _ => {
            let [zone] = call.bind(["tz"], 0)?;
            let variant = match name.as_str() {
                "today" => "Today",
                "yesterday" => "Yesterday",
                "this_month" => "ThisMonth",
                _ => "ThisYear",
            };
            (unit(variant), zone)
        }
    };
    let offset = offset(&name, zone, span)?;
    let period = quote_spanned!(span=> __specstar::Period { unit: #unit, offset: #offset });
    Ok(field.test(Ident::new("during", span), vec![period]))
}

fn week_start(method: &str, item: &Item) -> syn::Result<u8> {
    const EXPECTED: &str = "a week start from 0 to 6";
    let start = integer(method, EXPECTED, item)?;
    u8::try_from(start).ok().filter(|start| *start < 7).ok_or_else(|| wrong(method, EXPECTED, item))
}

/// Hours east of UTC; without them the calendar is that of the server.
fn offset(method: &str, zone: Option<Item>, span: Span) -> syn::Result<TokenStream> {
    let none = quote_spanned!(span=> ::core::option::Option::None);
    let Some(item) = zone else { return Ok(none) };
    let hours = match &item.value {
        Value::Utc => Some(0),
        Value::Constant(Constant::None) => return Ok(none),
        Value::Constant(Constant::Integer(hours)) => i8::try_from(*hours).ok(),
        Value::Constant(Constant::Text(text)) => text.trim().parse::<i8>().ok(),
        _ => None,
    };
    match hours.filter(|hours| hours.unsigned_abs() < 24) {
        Some(hours) => Ok(quote_spanned!(span=> ::core::option::Option::Some(#hours))),
        None => Err(wrong(method, "a time zone in hours from -23 to 23, or dt.timezone.utc", &item)),
    }
}
