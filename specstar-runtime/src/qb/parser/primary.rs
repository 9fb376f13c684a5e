//! What an expression begins with: literals, brackets, `QB`, and the date module.

use std::borrow::Cow;

use super::argument::{Call, needed};
use super::logic;
use super::value::{Field, Item, Value};
use super::{Parsed, Parser, keyword};
use crate::qb::error::{Fault, Problem};
use crate::qb::lexer::{Symbol, TokenKind};
use crate::qb::limit;
use crate::qb::span::Span;
use crate::qb::tree::{Condition, Query};
use crate::query::{ConditionError, Literal, MetaField, nearest};

impl<'s> Parser<'s> {
    /// A value and the methods called on it.
    pub(super) fn postfix(&mut self) -> Parsed<Item> {
        let mut item = self.primary()?;
        loop {
            if self.is(Symbol::BracketOpen) {
                let problem = Problem::NotSupported { what: "[".into(), instead: "only QB has subscripts" };
                return Err(problem.at(self.token.span));
            }
            if self.is(Symbol::ParenOpen) {
                return Err(Problem::Comparison("only methods can be called").at(self.token.span));
            }
            if !self.eat(Symbol::Dot)? {
                return Ok(item);
            }
            let (name, at) = self.attribute()?;
            item = self.method(item, name, at)?;
        }
    }

    /// The name behind a dot.
    pub(super) fn attribute(&mut self) -> Parsed<(&'s str, Span)> {
        if self.token.kind != TokenKind::Name {
            return Err(self.unexpected("a method is expected after '.'"));
        }
        let at = self.bump()?.span;
        let name = self.text(at);
        if name.starts_with('_') {
            return Err(Problem::Private.at(at));
        }
        Ok((name, at))
    }

    fn primary(&mut self) -> Parsed<Item> {
        let span = self.token.span;
        match &self.token.kind {
            TokenKind::Name => self.name(span),
            TokenKind::Integer(value) => {
                let value = i64::try_from(*value).map_err(|_| Problem::IntegerRange.at(span))?;
                self.bump()?;
                Ok(Item::literal(value, span))
            }
            TokenKind::Float(value) => {
                let value = *value;
                self.bump()?;
                Ok(Item::literal(value, span))
            }
            TokenKind::Text(_) => self.texts(),
            TokenKind::Symbol(Symbol::ParenOpen) => self.parentheses(),
            TokenKind::Symbol(Symbol::BracketOpen) => self.list(),
            _ => Err(self.unexpected("a value is expected")),
        }
    }

    /// Strings that stand side by side are one.
    fn texts(&mut self) -> Parsed<Item> {
        let mut span = self.token.span;
        let mut text = String::new();
        while let TokenKind::Text(part) = &mut self.token.kind {
            if text.is_empty() {
                text = std::mem::take(part);
            } else {
                text.push_str(part);
            }
            span = span.to(self.bump()?.span);
        }
        let value = super::arithmetic::text(text).map_err(|problem| problem.at(span))?;
        Ok(Item { value, span })
    }

    /// `(x)` is x; with a comma it is a tuple, which is a list here.
    fn parentheses(&mut self) -> Parsed<Item> {
        let start = self.open()?;
        if self.is(Symbol::ParenClose) {
            let span = start.to(self.close(Symbol::ParenClose, "")?);
            return Ok(Item { value: Value::Literal(Literal::List(Vec::new())), span });
        }
        let first = self.expression()?;
        if self.is(Symbol::Comma) {
            return self.elements(start, first, Symbol::ParenClose);
        }
        let end = self.close(Symbol::ParenClose, "a ')' is expected")?;
        // Errors about the value point at it without its parentheses, unless something is joined to it.
        Ok(Item { span: start.to(end), ..first })
    }

    fn list(&mut self) -> Parsed<Item> {
        let start = self.open()?;
        if self.is(Symbol::BracketClose) {
            let span = start.to(self.close(Symbol::BracketClose, "")?);
            return Ok(Item { value: Value::Literal(Literal::List(Vec::new())), span });
        }
        let first = self.expression()?;
        self.elements(start, first, Symbol::BracketClose)
    }

    /// The rest of a list or tuple, from the end of its first element on.
    fn elements(&mut self, start: Span, first: Item, end: Symbol) -> Parsed<Item> {
        let mut elements = vec![element(first)?];
        while self.eat(Symbol::Comma)? && !self.is(end) {
            if elements.len() == limit::LIST_ELEMENTS {
                let problem = ConditionError::ListTooLong { found: limit::LIST_ELEMENTS + 1 };
                return Err(Problem::Condition(problem).at(start));
            }
            let item = self.expression()?;
            elements.push(element(item)?);
        }
        let expected =
            if end == Symbol::ParenClose { "a ',' or ')' is expected" } else { "a ',' or ']' is expected" };
        let span = start.to(self.close(end, expected)?);
        Ok(Item { value: Value::Literal(Literal::List(elements)), span })
    }

    fn name(&mut self, span: Span) -> Parsed<Item> {
        let name = self.text(span);
        let literal = match name {
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            "None" => Literal::Null,
            "QB" => return self.qb(),
            "dt" | "datetime" => return self.module(name),
            _ => return Err(unknown(name, span)),
        };
        self.bump()?;
        Ok(Item::literal(literal, span))
    }

    fn qb(&mut self) -> Parsed<Item> {
        let start = self.bump()?.span;
        if self.is(Symbol::BracketOpen) {
            return self.field(start);
        }
        if !self.eat(Symbol::Dot)? {
            return Err(match self.token.kind {
                TokenKind::Symbol(Symbol::ParenOpen) => {
                    Problem::Comparison("QB cannot be called; write QB[\"field\"]").at(start)
                }
                _ => Problem::Comparison("QB alone is no value; write QB[\"field\"]").at(start),
            });
        }
        let (name, at) = self.attribute()?;
        match name {
            "all" | "any" => self.group(name, start.to(at)),
            _ => self.accessor(name, start, at),
        }
    }

    fn field(&mut self, start: Span) -> Parsed<Item> {
        self.open()?;
        let item = self.expression()?;
        if !self.is(Symbol::BracketClose) && self.is(Symbol::Comma) {
            return Err(self.unexpected("one field name is expected"));
        }
        let end = self.close(Symbol::BracketClose, "a ']' is expected")?;
        let Value::Literal(Literal::Text(name)) = item.value else {
            let problem = format!("wants the name of a field in quotes, found {}", item.value.describe());
            return Err(Problem::Operand { operator: "QB[...]", problem }.at(item.span));
        };
        Ok(Item { value: Value::Field(Box::new(Field::new(Cow::Owned(name)))), span: start.to(end) })
    }

    /// `QB.created_time()`, which is `QB["created_time"]`.
    fn accessor(&mut self, name: &'s str, start: Span, at: Span) -> Parsed<Item> {
        let Some(field) = MetaField::parse(name) else {
            let known = MetaField::ALL.map(MetaField::as_str).into_iter().chain(["all", "any"]);
            let suggestion = nearest(name, known);
            return Err(Problem::UnknownMethod { owner: "QB", name: name.to_owned(), suggestion }.at(at));
        };
        let call = self.call(name, at)?;
        let span = start.to(call.end);
        let [] = call.bind(&[])?;
        Ok(Item { value: Value::Field(Box::new(Field::new(Cow::Borrowed(field.as_str())))), span })
    }

    /// `QB.all(…)` and `QB.any(…)`.
    fn group(&mut self, name: &'s str, at: Span) -> Parsed<Item> {
        let call = self.call(name, at)?;
        self.grouped(call)
    }

    /// A single argument comes back as it is.
    fn grouped(&mut self, call: Call<'_>) -> Parsed<Item> {
        let (name, at, span) = (call.method, call.at, call.at.to(call.end));
        let all = name == "all";
        let mut items = call.positional()?;
        if items.len() < 2 {
            return match items.pop() {
                Some(item) if matches!(item.value, Value::Field(_) | Value::Condition(_)) => Ok(item),
                Some(item) => Err(no_condition(name, item.value.describe(), item.span)),
                None if all => Ok(logic::condition(Condition::All, span)),
                None => Err(needs_one(name, at)),
            };
        }
        let parts = self.parts(name, items)?;
        Ok(joined(parts, all, span))
    }

    /// Arguments as conditions with their order and page.
    pub(super) fn parts(&mut self, method: &str, items: Vec<Item>) -> Parsed<Vec<Query>> {
        let each = |item| self.condition_of(item, |found, span| no_condition(method, found, span));
        items.into_iter().map(each).collect()
    }
}

/// One condition of several, without their orders and pages.
pub(super) fn joined(parts: Vec<Query>, all: bool, span: Span) -> Item {
    let join = if all { Condition::and } else { Condition::or };
    let condition = parts.into_iter().map(|part| part.condition).reduce(join);
    logic::condition(condition.unwrap_or_default(), span)
}

fn needs_one(method: &str, at: Span) -> Fault {
    let problem = crate::qb::error::ArgumentProblem::Missing("at least one condition".into());
    Problem::Arguments { method: method.to_owned(), problem }.at(at)
}

fn no_condition(method: &str, found: &'static str, span: Span) -> Fault {
    let problem = crate::qb::error::ArgumentProblem::Type { expected: "conditions", found };
    Problem::Arguments { method: method.to_owned(), problem }.at(span)
}

fn element(item: Item) -> Parsed<Literal> {
    item.into_operand().map_err(|item| {
        let problem = format!("holds values, found {}", item.value.describe());
        Problem::Operand { operator: "[...]", problem }.at(item.span)
    })
}

/// A name that means nothing: a word of Python, a literal of another language, or a field without `QB`.
fn unknown(name: &str, span: Span) -> Fault {
    if let Some(problem) = keyword(name) {
        return problem.at(span);
    }
    if name.starts_with('_') {
        return Problem::Private.at(span);
    }
    let literal = match name.to_ascii_lowercase().as_str() {
        "true" => Some("True"),
        "false" => Some("False"),
        "null" | "none" | "nil" | "undefined" => Some("None"),
        "qb" => Some("QB"),
        _ => nearest(name, ["QB", "dt", "datetime", "True", "False", "None"].into_iter()),
    };
    let hint = match literal {
        Some(known) => format!("; did you mean '{known}'?"),
        None if name.len() <= 40 => format!("; a field is written QB[\"{name}\"], a string in quotes"),
        None => String::new(),
    };
    Problem::UnknownName { name: name.to_owned(), hint }.at(span)
}

/// The one parameter most methods have.
pub(super) const VALUE: [super::argument::Parameter; 1] = [needed("value")];
