//! `~ & |`, and the binary operators by precedence.

use super::value::{Item, Value};
use super::{Parsed, Parser};
use crate::qb::error::{Fault, Problem};
use crate::qb::lexer::{Symbol, TokenKind};
use crate::qb::span::Span;
use crate::qb::tree::{Condition, Query};
use crate::query::Operator;

/// How tightly a binary operator binds; comparisons are looser than all of them.
const fn precedence(symbol: Symbol) -> Option<u8> {
    match symbol {
        Symbol::Pipe => Some(1),
        Symbol::Ampersand => Some(2),
        Symbol::ShiftLeft | Symbol::ShiftRight => Some(3),
        Symbol::Plus | Symbol::Minus => Some(4),
        Symbol::Star | Symbol::Slash | Symbol::Percent => Some(5),
        _ => None,
    }
}

impl Parser<'_> {
    /// Binary operators of at least this precedence, all left-associative.
    pub(super) fn binary(&mut self, least: u8) -> Parsed<Item> {
        let mut left = self.unary()?;
        while let TokenKind::Symbol(symbol) = self.token.kind
            && let Some(level) = precedence(symbol).filter(|level| *level >= least)
        {
            let at = self.bump()?.span;
            let right = self.operand(symbol, level + 1)?;
            left = self.combine(symbol, at, left, right)?;
        }
        Ok(left)
    }

    /// What stands behind an operator.
    fn operand(&mut self, symbol: Symbol, least: u8) -> Parsed<Item> {
        if self.token.kind == TokenKind::End {
            return Err(self.unexpected(format!("a value is expected after '{}'", symbol.as_str())));
        }
        self.binary(least)
    }

    fn combine(&mut self, symbol: Symbol, at: Span, left: Item, right: Item) -> Parsed<Item> {
        match (symbol, &left.value) {
            (Symbol::Ampersand | Symbol::Pipe, _) => self.connect(symbol, left, right),
            (Symbol::ShiftLeft, Value::Field(_)) => self.applied(Operator::In, at, left, right),
            (Symbol::ShiftRight, Value::Field(_)) => self.applied(Operator::Contains, at, left, right),
            (Symbol::Percent, Value::Field(_)) => self.applied(Operator::Regex, at, left, right),
            _ => super::arithmetic::binary(symbol, at, left, right),
        }
    }

    fn unary(&mut self) -> Parsed<Item> {
        let TokenKind::Symbol(symbol @ (Symbol::Tilde | Symbol::Minus | Symbol::Plus)) = self.token.kind
        else {
            return self.postfix();
        };
        let at = self.token.span;
        self.deeper(at)?;
        self.bump()?;
        let item = match self.token.kind {
            TokenKind::End => {
                return Err(self.unexpected(format!("a value is expected after '{}'", symbol.as_str())));
            }
            // The one integer that only exists with its sign.
            TokenKind::Integer(value) if symbol == Symbol::Minus && value > i64::MAX as u64 => {
                let span = at.to(self.bump()?.span);
                Item::literal(i64::MIN, span)
            }
            _ => {
                let item = self.unary()?;
                self.signed(symbol, at, item)?
            }
        };
        self.depth -= 1;
        Ok(item)
    }

    fn signed(&mut self, symbol: Symbol, at: Span, item: Item) -> Parsed<Item> {
        if symbol != Symbol::Tilde {
            return super::arithmetic::unary(symbol, at, item);
        }
        let span = at.to(item.span);
        let query = self.condition_of(item, |found, span| {
            let problem = format!("needs a field or a condition, found {found}");
            Problem::Operand { operator: "~", problem }.at(span)
        })?;
        let negated = query.condition.negated().ok_or_else(|| Problem::NotEverything.at(at))?;
        Ok(condition(negated, span))
    }

    fn connect(&mut self, symbol: Symbol, left: Item, right: Item) -> Parsed<Item> {
        let span = left.span.to(right.span);
        for (item, other) in [(&left, &right), (&right, &left)] {
            if !matches!(item.value, Value::Field(_) | Value::Condition(_)) {
                return Err(self.no_side(symbol, item, other, [&left, &right]));
            }
        }
        // Nothing is joined to it: it stays what it is, with its order and page.
        if is_all(&right) && !is_all(&left) {
            return Ok(left);
        }
        let unreachable = |found: &'static str, span| Problem::NoCondition(found).at(span);
        let left = self.condition_of(left, unreachable)?.condition;
        let right = self.condition_of(right, unreachable)?.condition;
        Ok(condition(if symbol == Symbol::Ampersand { left.and(right) } else { left.or(right) }, span))
    }

    /// A side of `&` or `|` that is neither a field nor a condition: mostly a comparison without parentheses.
    fn no_side(&self, symbol: Symbol, item: &Item, other: &Item, [left, right]: [&Item; 2]) -> Fault {
        let following = match self.token.kind {
            TokenKind::Symbol(next) if super::comparison::is_comparison(next) => Some(next),
            _ => None,
        };
        let outer = self.comparing.or(following).filter(|_| matches!(other.value, Value::Field(_)));
        let problem = match outer {
            Some(outer) => Problem::Precedence {
                inner: symbol.as_str(),
                outer: outer.as_str(),
                left: self.shown(left),
                right: self.shown(right),
            },
            None => Problem::Operand {
                operator: symbol.as_str(),
                problem: format!(
                    "needs a field or a condition on each side, found {}",
                    item.value.describe()
                ),
            },
        };
        problem.at(item.span)
    }

    /// A side of an operator in a message: a short literal as it is written.
    fn shown(&self, item: &Item) -> String {
        const LONGEST: usize = 20;
        let text = self.text(item.span);
        match item.value {
            Value::Literal(_) if text.len() <= LONGEST && !text.contains(char::is_control) => text.to_owned(),
            ref value => value.describe().trim_start_matches("a ").trim_start_matches("an ").to_owned(),
        }
    }

    /// A field or a condition as a condition with its order and page.
    pub(super) fn condition_of(
        &mut self,
        item: Item,
        refuse: impl FnOnce(&'static str, Span) -> Fault,
    ) -> Parsed<Query> {
        match item.value {
            Value::Field(field) => field.into_query(&mut self.tests, item.span),
            Value::Condition(query) => Ok(*query),
            other => Err(refuse(other.describe(), item.span)),
        }
    }
}

/// A fresh condition: order and page of what it was made of are gone.
pub(super) fn condition(condition: Condition, span: Span) -> Item {
    Item { value: Value::Condition(Box::new(Query::new(condition))), span }
}

pub(super) fn is_all(item: &Item) -> bool {
    matches!(&item.value, Value::Condition(query) if query.condition.is_all())
}
