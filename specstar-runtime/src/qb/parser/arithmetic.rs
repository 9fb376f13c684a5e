//! Constants: what is computed before a condition sees it. Results are bounded, so that folding cannot take
//! memory or time.

// As in Python, an integer beside a float is the nearest double; a double that is too large for a duration
// becomes the largest integer, which is refused.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use super::Parsed;
use super::value::{Item, Value};
use crate::datetime::Timestamp;
use crate::qb::error::Problem;
use crate::qb::lexer::Symbol;
use crate::qb::limit;
use crate::qb::span::Span;
use crate::query::Literal;

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// `+` and `-` in front of a number, `-` in front of a duration.
pub(super) fn unary(symbol: Symbol, at: Span, item: Item) -> Parsed<Item> {
    let span = at.to(item.span);
    let negative = symbol == Symbol::Minus;
    let value = match counted(item.value) {
        Value::Literal(Literal::Integer(value)) if negative => Value::Literal(Literal::Integer(
            value.checked_neg().ok_or_else(|| Problem::IntegerRange.at(span))?,
        )),
        Value::Literal(Literal::Float(value)) if negative => Value::Literal(Literal::Float(-value)),
        Value::Duration(micros) if negative => Value::Duration(-micros),
        value @ Value::Literal(Literal::Integer(_) | Literal::Float(_)) => value,
        other => {
            let problem = format!("works on numbers, found {}", other.describe());
            return Err(Problem::Operand { operator: symbol.as_str(), problem }.at(at));
        }
    };
    Ok(Item { value, span })
}

/// `+ - * / %` of two constants; every other operator of two constants is an error.
pub(super) fn binary(symbol: Symbol, at: Span, left: Item, right: Item) -> Parsed<Item> {
    use Literal::{Float, Integer, Text};
    let span = left.span.to(right.span);
    let value = match (counted(left.value), counted(right.value)) {
        (Value::Literal(Integer(a)), Value::Literal(Integer(b))) => integers(symbol, a, b),
        (Value::Literal(Integer(a)), Value::Literal(Float(b))) => floats(symbol, a as f64, b),
        (Value::Literal(Float(a)), Value::Literal(Integer(b))) => floats(symbol, a, b as f64),
        (Value::Literal(Float(a)), Value::Literal(Float(b))) => floats(symbol, a, b),
        (Value::Literal(Text(a)), Value::Literal(Text(b))) if symbol == Symbol::Plus => {
            joined(a, &b).map(Some)
        }
        (Value::Moment { at, date }, Value::Duration(micros)) => moved(symbol, at, date, micros),
        (Value::Duration(micros), Value::Moment { at, date }) if symbol == Symbol::Plus => {
            moved(symbol, at, date, micros)
        }
        (Value::Duration(a), Value::Duration(b)) => durations(symbol, a, b),
        (Value::Duration(micros), Value::Literal(Integer(factor)))
        | (Value::Literal(Integer(factor)), Value::Duration(micros))
            if symbol == Symbol::Star =>
        {
            duration(i128::from(micros) * i128::from(factor)).map(Some)
        }
        (Value::Duration(micros), Value::Literal(Float(factor)))
        | (Value::Literal(Float(factor)), Value::Duration(micros))
            if symbol == Symbol::Star =>
        {
            duration((micros as f64 * factor).round_ties_even() as i128).map(Some)
        }
        (left, right) => return Err(no_operands(symbol, &left, &right).at(at)),
    };
    match value.map_err(|problem| problem.at(span))? {
        Some(value) => Ok(Item { value, span }),
        None => {
            Err(Problem::Operand { operator: symbol.as_str(), problem: "does not work on constants".into() }
                .at(at))
        }
    }
}

/// A boolean counts as 0 or 1, as in every comparison.
fn counted(value: Value) -> Value {
    match value {
        Value::Literal(Literal::Bool(bit)) => Value::Literal(Literal::Integer(bit.into())),
        other => other,
    }
}

fn no_operands(symbol: Symbol, left: &Value, right: &Value) -> Problem {
    let problem = match (left, right) {
        (Value::Field(_), _) | (_, Value::Field(_)) => {
            "works on constants; a field can only be compared with a value".to_owned()
        }
        _ => format!("does not work on {} and {}", left.describe(), right.describe()),
    };
    Problem::Operand { operator: symbol.as_str(), problem }
}

fn integers(symbol: Symbol, a: i64, b: i64) -> Result<Option<Value>, Problem> {
    let value = match symbol {
        Symbol::Plus => a.checked_add(b),
        Symbol::Minus => a.checked_sub(b),
        Symbol::Star => a.checked_mul(b),
        Symbol::Slash => return floats(symbol, a as f64, b as f64),
        Symbol::Percent if b == 0 => return Err(Problem::DivisionByZero),
        // The result has the sign of the divisor. The one overflow, MIN % -1, is 0.
        Symbol::Percent => {
            let rest = a.wrapping_rem(b);
            Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        }
        _ => return Ok(None),
    };
    value.map(|value| Some(Value::Literal(Literal::Integer(value)))).ok_or(Problem::IntegerRange)
}

#[allow(clippy::float_cmp)] // a rest of exactly zero
fn floats(symbol: Symbol, a: f64, b: f64) -> Result<Option<Value>, Problem> {
    let value = match symbol {
        Symbol::Plus => a + b,
        Symbol::Minus => a - b,
        Symbol::Star => a * b,
        Symbol::Slash | Symbol::Percent if b == 0.0 => return Err(Problem::DivisionByZero),
        Symbol::Slash => a / b,
        Symbol::Percent => {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        }
        _ => return Ok(None),
    };
    if value.is_finite() { Ok(Some(Value::Literal(Literal::Float(value)))) } else { Err(Problem::FloatRange) }
}

fn joined(mut a: String, b: &str) -> Result<Value, Problem> {
    a.push_str(b);
    text(a)
}

/// A string, unless it is too long.
pub(super) fn text(text: String) -> Result<Value, Problem> {
    if text.chars().count() > limit::TEXT_CHARACTERS {
        return Err(Problem::TextTooLong);
    }
    Ok(Value::Literal(Literal::Text(text)))
}

fn moved(symbol: Symbol, at: Timestamp, date: bool, micros: i64) -> Result<Option<Value>, Problem> {
    // A date moves by the whole days of the duration, as in Python, in either direction.
    let micros = if date { micros.div_euclid(DAY) * DAY } else { micros };
    let by = match symbol {
        Symbol::Plus => micros,
        Symbol::Minus => -micros,
        _ => return Ok(None),
    };
    let sum = at.0.checked_add(by);
    let sum = sum.map(Timestamp).filter(|at| super::date::is_in_calendar(*at)).ok_or(Problem::TimeRange)?;
    Ok(Some(Value::Moment { at: sum, date }))
}

fn durations(symbol: Symbol, a: i64, b: i64) -> Result<Option<Value>, Problem> {
    match symbol {
        Symbol::Plus => duration(i128::from(a) + i128::from(b)).map(Some),
        Symbol::Minus => duration(i128::from(a) - i128::from(b)).map(Some),
        _ => Ok(None),
    }
}

/// A duration of at most that many days, which is the range of the calendar.
pub(super) fn duration(micros: i128) -> Result<Value, Problem> {
    const MOST_DAYS: i64 = 3_652_060;
    i64::try_from(micros)
        .ok()
        .filter(|micros| micros.unsigned_abs() <= (MOST_DAYS * DAY).unsigned_abs())
        .map(Value::Duration)
        .ok_or(Problem::TimeRange)
}
