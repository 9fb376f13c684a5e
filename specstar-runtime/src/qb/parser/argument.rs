//! Arguments of a call, by position or by name.

use super::value::Item;
use super::{Parsed, Parser};
use crate::qb::error::{ArgumentProblem, Fault, Problem};
use crate::qb::lexer::{Symbol, TokenKind};
use crate::qb::span::Span;

/// A parameter of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) required: bool,
}

/// A parameter that has to be given.
pub(super) const fn needed(name: &'static str) -> Parameter {
    Parameter { name, required: true }
}

/// A parameter that may be left out.
pub(super) const fn optional(name: &'static str) -> Parameter {
    Parameter { name, required: false }
}

/// What was written between the parentheses.
#[derive(Debug)]
pub(super) struct Call<'s> {
    /// What is called, and where.
    pub(super) method: &'s str,
    pub(super) at: Span,
    arguments: Vec<Argument<'s>>,
    /// The closing parenthesis.
    pub(super) end: Span,
}

#[derive(Debug)]
struct Argument<'s> {
    name: Option<(&'s str, Span)>,
    item: Item,
}

impl<'s> Parser<'s> {
    /// The parentheses behind a method.
    pub(super) fn call(&mut self, method: &'s str, at: Span) -> Parsed<Call<'s>> {
        if !self.is(Symbol::ParenOpen) {
            return Err(Problem::NotCalled(method.to_owned()).at(at));
        }
        self.open()?;
        let mut arguments: Vec<Argument<'s>> = Vec::new();
        while !self.is(Symbol::ParenClose) {
            let argument = self.argument(method)?;
            if argument.name.is_none() && arguments.last().is_some_and(|last| last.name.is_some()) {
                let (method, problem) = (method.to_owned(), ArgumentProblem::Order);
                return Err(Problem::Arguments { method, problem }.at(argument.item.span));
            }
            arguments.push(argument);
            if !self.eat(Symbol::Comma)? {
                break;
            }
        }
        let end = self.close(Symbol::ParenClose, "a ',' or ')' is expected")?;
        Ok(Call { method, at, arguments, end })
    }

    fn argument(&mut self, method: &str) -> Parsed<Argument<'s>> {
        if self.is(Symbol::Star) {
            return Err(super::not_supported("*", "write the arguments one by one").at(self.token.span));
        }
        if self.token.kind != TokenKind::Name {
            return Ok(Argument { name: None, item: self.expression()? });
        }
        let span = self.token.span;
        let name = self.text(span);
        if !self.followed_by_assign(span) {
            return Ok(Argument { name: None, item: self.expression()? });
        }
        self.bump()?;
        self.bump()?;
        if matches!(self.token.kind, TokenKind::Symbol(Symbol::Comma | Symbol::ParenClose)) {
            return Err(self.unexpected(format!("a value is expected for '{name}' of '{method}'")));
        }
        Ok(Argument { name: Some((name, span)), item: self.expression()? })
    }

    /// Whether the name is that of an argument: `=` stands behind it, and not `==`.
    fn followed_by_assign(&self, name: Span) -> bool {
        let rest = self.source[name.range().end..].trim_start();
        rest.starts_with('=') && !rest.starts_with("==")
    }
}

impl Call<'_> {
    /// The argument of each parameter, in order.
    pub(super) fn bind<const N: usize>(self, parameters: &[Parameter; N]) -> Parsed<[Option<Item>; N]> {
        let mut bound = [const { None }; N];
        self.bind_into(parameters, &mut bound)?;
        Ok(bound)
    }

    fn bind_into(self, parameters: &[Parameter], bound: &mut [Option<Item>]) -> Parsed<()> {
        let Self { method, at, arguments, .. } = self;
        let fail = |problem: ArgumentProblem, span: Span| -> Fault {
            Problem::Arguments { method: method.to_owned(), problem }.at(span)
        };
        for (position, argument) in arguments.into_iter().enumerate() {
            let (place, span) = match &argument.name {
                None => (position, argument.item.span),
                Some((name, span)) => {
                    let place = parameters.iter().position(|parameter| parameter.name == *name);
                    let unknown = || match parameters {
                        [] => ArgumentProblem::None,
                        _ => ArgumentProblem::Unknown { name: (*name).to_owned(), known: names(parameters) },
                    };
                    (place.ok_or_else(|| fail(unknown(), *span))?, *span)
                }
            };
            let Some(slot) = bound.get_mut(place) else {
                let problem = match parameters {
                    [] => ArgumentProblem::None,
                    _ => ArgumentProblem::TooMany(parameters.len(), names(parameters)),
                };
                return Err(fail(problem, span));
            };
            if slot.replace(argument.item).is_some() {
                return Err(fail(ArgumentProblem::Repeated(parameters[place].name.to_owned()), span));
            }
        }
        let missing =
            parameters.iter().zip(&*bound).any(|(parameter, item)| parameter.required && item.is_none());
        if missing {
            let wanted: Vec<Parameter> =
                parameters.iter().copied().filter(|parameter| parameter.required).collect();
            return Err(fail(ArgumentProblem::Missing(names(&wanted)), at));
        }
        Ok(())
    }

    /// Any number of arguments without names.
    pub(super) fn positional(self) -> Parsed<Vec<Item>> {
        let method = self.method;
        let item = |argument: Argument<'_>| match argument.name {
            None => Ok(argument.item),
            Some((_, span)) => Err(Problem::Arguments {
                method: method.to_owned(),
                problem: ArgumentProblem::PositionalOnly,
            }
            .at(span)),
        };
        self.arguments.into_iter().map(item).collect()
    }
}

fn names(parameters: &[Parameter]) -> String {
    parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
}
