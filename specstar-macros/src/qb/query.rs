//! Methods of conditions, which fields have too: joining, order and page.

use proc_macro2::Ident;
use syn::LitStr;

use super::argument::{Call, wrong};
use super::expand::count;
use super::logic::Parser;
use super::value::{Condition, Constant, Field, Item, Query, SortKey, Step, Value};

/// What a condition can do, and a field too.
pub(super) const METHODS: [&str; 10] =
    ["filter", "exclude", "and_", "or_", "sort", "order_by", "limit", "offset", "page", "first"];

pub(super) fn method(parser: &mut Parser<'_>, item: Item, name: Ident) -> syn::Result<Item> {
    let mut call = parser.call(name)?;
    match call.method.to_string().as_str() {
        "filter" | "exclude" | "and_" | "or_" => combined(item, &mut call),
        _ => {
            let place = item.place.to(call.place);
            let mut value = item.value;
            match &mut value {
                Value::Field(field) => paged(&mut field.steps, &mut call)?,
                Value::Condition(query) => paged(&mut query.steps, &mut call)?,
                _ => return Err(call.error("is a method of conditions")),
            }
            Ok(Item { value, place })
        }
    }
}

fn combined(item: Item, call: &mut Call) -> syn::Result<Item> {
    let method = call.method.to_string();
    let mut others = match method.as_str() {
        "and_" | "or_" => vec![call.one("other")?],
        _ => call.positional()?,
    };
    // Nothing is joined to it: it stays what it is, with its order and page.
    if others.is_empty() || method != "exclude" && !item.is_all() && others.iter().all(Item::is_all) {
        return Ok(item);
    }
    if method == "exclude" {
        others = others.into_iter().map(|other| negated(other, call)).collect::<syn::Result<_>>()?;
    }
    others.insert(0, item);
    joined(others, call, method != "or_")
}

fn negated(item: Item, call: &Call) -> syn::Result<Item> {
    let place = item.place;
    let query = conditions(item, call)?;
    Ok(Item::condition(query.condition.negated(place)?, place))
}

fn conditions(item: Item, call: &Call) -> syn::Result<Query> {
    item.into_query(|found| format!("'{}' wants conditions, found {found}", call.method))
}

/// One condition of several, without their orders and pages.
pub(super) fn joined(items: Vec<Item>, call: &Call, all: bool) -> syn::Result<Item> {
    let queries = items.into_iter().map(|item| conditions(item, call)).collect::<syn::Result<Vec<_>>>()?;
    let join = if all { Condition::and } else { Condition::or };
    let condition = queries.into_iter().map(|part| part.condition).reduce(join);
    Ok(Item::condition(condition.unwrap_or(Condition::All), call.place))
}

/// Order and page: what is said later is added to the order, and replaces the page.
fn paged(steps: &mut Vec<Step>, call: &mut Call) -> syn::Result<()> {
    let name = call.method.to_string();
    let span = call.method.span();
    let step = |method: &str, arguments| Step::Call { method: Ident::new(method, span), arguments };
    match name.as_str() {
        "limit" | "offset" => {
            let argument = count(&name, &call.one(&name)?, 0)?;
            steps.push(step(&name, vec![argument]));
        }
        "page" => {
            let [page, size] = call.bind(["page", "size"], 1)?;
            let mut arguments = Vec::new();
            for item in page.iter().chain(&size) {
                arguments.push(count(&name, item, 1)?);
            }
            if size.is_none() {
                arguments.push(quote::quote!(20));
            }
            steps.push(step("page", arguments));
        }
        "first" => {
            call.none()?;
            steps.push(step("limit", vec![quote::quote!(1)]));
        }
        _ => {
            for item in call.positional()? {
                steps.push(Step::Order(sort_key(&name, item)?));
            }
        }
    }
    Ok(())
}

/// `"name"`, `"-name"`, `.asc()` or `.desc()`.
fn sort_key(method: &str, item: Item) -> syn::Result<SortKey> {
    match item.value {
        Value::Sort(key) => Ok(key),
        // What fits best comes first.
        Value::Ranking(field) => {
            let direction = if field.is_under("similarity") { "desc" } else { "asc" };
            Ok(SortKey { field: *field, method: Ident::new(direction, item.place.start) })
        }
        Value::Constant(Constant::Text(text)) => {
            let (name, direction) = match text.strip_prefix('-') {
                Some(name) => (name, "desc"),
                None => (text.strip_prefix('+').unwrap_or(&text), "asc"),
            };
            let span = item.place.start;
            let field = Field::named(name, &LitStr::new(name, span));
            Ok(SortKey { field, method: Ident::new(direction, span) })
        }
        _ => Err(wrong(method, "\"name\", \"-name\", .asc() or .desc()", &item)),
    }
}
