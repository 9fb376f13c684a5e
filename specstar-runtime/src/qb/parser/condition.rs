//! Methods of conditions, which fields have too: joining, order and page.

use super::argument::{Call, needed, optional};
use super::date::wrong;
use super::logic;
use super::value::{Item, Value};
use super::{Parsed, Parser};
use crate::qb::error::{ArgumentProblem, Problem};
use crate::qb::limit;
use crate::qb::span::Span;
use crate::qb::tree::{Query, Sort, SortTerm};
use crate::query::Literal;

/// What a condition can do, and a field too.
pub(super) const CONDITION_METHODS: [&str; 10] =
    ["filter", "exclude", "and_", "or_", "sort", "order_by", "limit", "offset", "page", "first"];

impl Parser<'_> {
    pub(super) fn of_condition(&mut self, item: Item, call: Call<'_>) -> Parsed<Item> {
        let span = item.span.to(call.end);
        match call.method {
            "filter" | "exclude" | "and_" | "or_" => self.combined(item, call, span),
            _ => {
                let (mut value, start) = (item.value, item.span);
                let page = match &mut value {
                    Value::Field(field) => &mut field.page,
                    Value::Condition(query) => &mut **query,
                    other => return Err(Problem::NoMethods(other.describe()).at(start)),
                };
                paged(page, call)?;
                Ok(Item { value, span })
            }
        }
    }

    fn combined(&mut self, item: Item, call: Call<'_>, span: Span) -> Parsed<Item> {
        let method = call.method;
        let others = match method {
            "and_" | "or_" => {
                let [other] = call.bind(&[needed("other")])?;
                other.into_iter().collect()
            }
            _ => call.positional()?,
        };
        // Nothing is joined to it: it stays what it is, with its order and page.
        let nothing = method != "exclude" && !logic::is_all(&item) && others.iter().all(logic::is_all);
        if others.is_empty() || nothing {
            return Ok(item);
        }
        let exclude_at = others.first().map_or(span, |other| other.span);
        let mut others = self.parts(method, others)?;
        if method == "exclude" {
            others = others.into_iter().map(|other| negated(other, exclude_at)).collect::<Parsed<_>>()?;
        }
        let mut parts = self.parts(method, vec![item])?;
        parts.append(&mut others);
        Ok(super::primary::joined(parts, method != "or_", span))
    }
}

fn negated(query: Query, at: Span) -> Parsed<Query> {
    let condition = query.condition.negated().ok_or_else(|| Problem::NotEverything.at(at))?;
    Ok(Query::new(condition))
}

/// Order and page: what is said later is added to the order, and replaces the page.
fn paged(query: &mut Query, call: Call<'_>) -> Parsed<()> {
    let (method, at) = (call.method, call.at);
    match method {
        "limit" => {
            let [limit] = call.bind(&[needed("limit")])?;
            query.limit_at = limit.as_ref().map_or(at, |item| item.span);
            query.limit = limit.map(|item| count(method, &item, 0)).transpose()?;
        }
        "offset" => {
            let [offset] = call.bind(&[needed("offset")])?;
            query.offset = offset.map(|item| count(method, &item, 0)).transpose()?;
        }
        "page" => {
            let [page, size] = call.bind(&[needed("page"), optional("size")])?;
            query.limit_at = size.as_ref().map_or(at, |item| item.span);
            let page = page.map(|item| count(method, &item, 1)).transpose()?.unwrap_or(1);
            let size = size.map(|item| count(method, &item, 1)).transpose()?.unwrap_or(20);
            let offset = (page - 1).checked_mul(size).filter(|offset| i64::try_from(*offset).is_ok());
            query.offset = Some(offset.ok_or_else(|| Problem::IntegerRange.at(at))?);
            query.limit = Some(size);
        }
        "first" => {
            let [] = call.bind(&[])?;
            query.limit_at = at;
            query.limit = Some(1);
        }
        _ => {
            for item in call.positional()? {
                if query.sorts.len() == limit::SORT_KEYS {
                    return Err(Problem::TooManySortKeys.at(item.span));
                }
                query.sorts.push(sort_key(method, item)?);
            }
        }
    }
    Ok(())
}

fn sort_key(method: &str, item: Item) -> Parsed<Sort> {
    match item.value {
        Value::Sort(sort) => Ok(*sort),
        // What fits best comes first.
        Value::Ranking(term) => {
            let descending = matches!(*term, SortTerm::Similarity { .. });
            Ok(Sort { by: *term, descending, at: item.span })
        }
        Value::Literal(Literal::Text(text)) => {
            let (name, descending) = match text.strip_prefix('-') {
                Some(name) => (name, true),
                None => (text.strip_prefix('+').unwrap_or(&text), false),
            };
            Ok(Sort { by: SortTerm::Field(name.to_owned().into()), descending, at: item.span })
        }
        ref other => Err(wrong(method, "\"name\", \"-name\", .asc() or .desc()", other, item.span)),
    }
}

fn count(method: &str, item: &Item, least: u64) -> Parsed<u64> {
    let expected = if least == 0 { "an integer from 0" } else { "an integer from 1" };
    let value = match item.value {
        Value::Literal(Literal::Integer(value)) => u64::try_from(value).ok().filter(|value| *value >= least),
        ref other => return Err(wrong(method, expected, other, item.span)),
    };
    value.ok_or_else(|| {
        let problem = ArgumentProblem::Type { expected, found: "a smaller one" };
        Problem::Arguments { method: method.to_owned(), problem }.at(item.span)
    })
}
