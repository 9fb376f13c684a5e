//! `== != < <= > >=`, which bind loosest and do not chain, but for a range around a field.

use super::logic;
use super::value::{self, Field, Item, Value};
use super::{Parsed, Parser};
use crate::qb::error::{ArgumentProblem, Problem};
use crate::qb::lexer::{Symbol, TokenKind};
use crate::qb::span::Span;
use crate::qb::tree::{Condition, Question, SortTerm};
use crate::query::{Comparison, Literal, Operator};

pub(super) const fn is_comparison(symbol: Symbol) -> bool {
    operator(symbol).is_some()
}

const fn operator(symbol: Symbol) -> Option<Operator> {
    Some(match symbol {
        Symbol::Equal => Operator::Eq,
        Symbol::NotEqual => Operator::Ne,
        Symbol::Less => Operator::Lt,
        Symbol::LessEqual => Operator::Lte,
        Symbol::Greater => Operator::Gt,
        Symbol::GreaterEqual => Operator::Gte,
        _ => return None,
    })
}

/// `5 < F` is `F > 5`.
const fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Lt => Operator::Gt,
        Operator::Lte => Operator::Gte,
        Operator::Gt => Operator::Lt,
        Operator::Gte => Operator::Lte,
        same => same,
    }
}

impl Parser<'_> {
    /// One expression.
    pub(super) fn expression(&mut self) -> Parsed<Item> {
        let outer = self.comparing.take();
        let left = self.binary(1)?;
        let item = match self.comparison()? {
            Some(first) => self.compared(left, first)?,
            None => left,
        };
        self.comparing = outer;
        Ok(item)
    }

    /// A comparison operator and its right side.
    fn comparison(&mut self) -> Parsed<Option<(Operator, Span, Item)>> {
        let TokenKind::Symbol(symbol) = self.token.kind else { return Ok(None) };
        let Some(operator) = operator(symbol) else { return Ok(None) };
        let at = self.bump()?.span;
        if self.token.kind == TokenKind::End && self.open.is_empty() {
            return Err(self.unexpected(format!("a value is expected after '{}'", symbol.as_str())));
        }
        self.comparing = Some(symbol);
        let right = self.binary(1)?;
        self.comparing = None;
        Ok(Some((operator, at, right)))
    }

    fn compared(&mut self, left: Item, (operator, at, right): (Operator, Span, Item)) -> Parsed<Item> {
        let Some((next, next_at, last)) = self.comparison()? else {
            return self.pair(operator, at, left, right);
        };
        if let TokenKind::Symbol(symbol) = self.token.kind
            && is_comparison(symbol)
        {
            let problem = Problem::Comparison(
                "comparisons do not chain; put each into parentheses and join them with '&'",
            );
            return Err(problem.at(self.token.span));
        }
        self.range([left, last], [(operator, at), (next, next_at)], right)
    }

    /// `10 <= F < 20`: both hold.
    fn range(
        &mut self,
        [low, high]: [Item; 2],
        operators: [(Operator, Span); 2],
        middle: Item,
    ) -> Parsed<Item> {
        let span = low.span.to(high.span);
        let ordered = operators.iter().all(|(operator, _)| !matches!(operator, Operator::Eq | Operator::Ne));
        let Value::Field(field) = middle.value else { return Err(chain(operators[1].1)) };
        let [(first, first_at), (second, second_at)] = operators;
        let (Ok(low), Ok(high), true) = (operand(low), operand(high), ordered) else {
            return Err(chain(second_at));
        };
        let at = |operator, (literal, place): (Literal, Span)| (operator, literal, place);
        let low = self.question(&field, first_at, at(mirrored(first), low))?;
        let high = self.question(&field, second_at, at(second, high))?;
        Ok(logic::condition(low.and(high), span))
    }

    fn pair(&mut self, operator: Operator, at: Span, left: Item, right: Item) -> Parsed<Item> {
        let span = left.span.to(right.span);
        let (field, operator, other) = match (left.value, right.value) {
            (Value::Field(_), Value::Field(_)) => {
                return Err(
                    Problem::Comparison("two fields cannot be compared; compare each with a value").at(at)
                );
            }
            (Value::Field(field), value) => (field, operator, Item { value, span: right.span }),
            (value, Value::Field(field)) => (field, mirrored(operator), Item { value, span: left.span }),
            (Value::Ranking(term), bound) => return self.within(*term, operator, at, &bound, span),
            (bound, Value::Ranking(term)) => return self.within(*term, mirrored(operator), at, &bound, span),
            (left, right) => return Err(no_field(&left, &right).at(at)),
        };
        let (literal, place) = operand(other).map_err(|item| no_operand(operator, &item))?;
        let condition = self.question(&field, at, (operator, literal, place))?;
        Ok(logic::condition(condition, span))
    }

    /// A distance with a bound.
    fn within(
        &mut self,
        term: SortTerm,
        operator: Operator,
        at: Span,
        bound: &Value,
        span: Span,
    ) -> Parsed<Item> {
        let SortTerm::Distance { field, metric, vector } = term else {
            return Err(Problem::Comparison("a similarity orders only; use .fuzzy(query, threshold)").at(at));
        };
        let comparison = match operator {
            Operator::Lt => Comparison::Lt,
            Operator::Lte => Comparison::Lte,
            Operator::Gt => Comparison::Gt,
            Operator::Gte => Comparison::Gte,
            _ => return Err(Problem::Comparison("a distance is compared with < <= > >= only").at(at)),
        };
        #[allow(clippy::cast_precision_loss)] // as in a comparison of numbers
        let bound = match bound {
            Value::Literal(Literal::Integer(bound)) => *bound as f64,
            Value::Literal(Literal::Float(bound)) => *bound,
            _ => return Err(Problem::Comparison("a distance is compared with a number").at(at)),
        };
        let question = Question::Within { metric, vector, comparison, bound };
        Ok(logic::condition(value::test(field, question, [at, at], &mut self.tests)?, span))
    }

    /// An operator with a literal, of a field or its length.
    pub(super) fn question(
        &mut self,
        field: &Field,
        at: Span,
        (operator, operand, place): (Operator, Literal, Span),
    ) -> Parsed<Condition> {
        let question = Question::Is { form: field.form(), operator, operand };
        value::test(field.name.clone(), question, [at, place], &mut self.tests)
    }

    /// `F << list` and its like.
    pub(super) fn applied(&mut self, operator: Operator, at: Span, left: Item, right: Item) -> Parsed<Item> {
        self.pair(operator, at, left, right)
    }
}

fn no_operand(operator: Operator, item: &Item) -> crate::qb::error::Fault {
    let problem = ArgumentProblem::Type { expected: "a value", found: item.value.describe() };
    Problem::Arguments { method: operator.as_str().to_owned(), problem }.at(item.span)
}

fn operand(item: Item) -> Result<(Literal, Span), Item> {
    let span = item.span;
    item.into_operand().map(|literal| (literal, span))
}

fn chain(at: Span) -> crate::qb::error::Fault {
    Problem::Comparison(
        "only a range chains: value < field < value; else put each comparison into parentheses",
    )
    .at(at)
}

fn no_field(left: &Value, right: &Value) -> Problem {
    let condition = |value: &Value| matches!(value, Value::Condition(_));
    Problem::Comparison(if condition(left) || condition(right) {
        "a condition cannot be compared; a comparison needs a field on one side"
    } else if matches!(left, Value::Quantifier(..)) || matches!(right, Value::Quantifier(..)) {
        "a quantifier has methods only; write .any().eq(...)"
    } else {
        "a comparison needs a field on one side"
    })
}
