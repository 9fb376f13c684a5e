//! Constants: what is computed while compiling, with the results the wire computes.

// As on the wire, an integer beside a float is the nearest double; a double that is too large for a duration
// becomes the largest integer, which is refused.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use super::date;
use super::place::Place;
use super::symbol::Symbol;
use super::value::{Base, Constant, Item, Value};

/// A day in microseconds.
pub(super) const DAY: i64 = 86_400_000_000;

type Folded = Result<Constant, &'static str>;

/// `+` and `-` in front of a number, `-` in front of a duration.
pub(super) fn unary(symbol: Symbol, at: Place, item: Item) -> syn::Result<Item> {
    let place = at.to(item.place);
    let negative = symbol == Symbol::Minus;
    let constant = match counted(item.value) {
        Value::Constant(Constant::Integer(value)) => Constant::Integer(if negative { -value } else { value }),
        Value::Constant(Constant::Float(value)) => Constant::Float(if negative { -value } else { value }),
        Value::Constant(Constant::Duration(micros)) if negative => Constant::Duration(-micros),
        Value::Rust(_) => return Err(item.place.error(COMPUTE)),
        other => {
            let problem = format!("'{}' works on numbers, found {}", symbol.as_str(), other.describe());
            return Err(at.error(problem));
        }
    };
    Ok(Item::constant(constant, place))
}

const COMPUTE: &str = "Rust values are computed in braces: { first - second }";

/// `+ - * / %` of two constants; every other operator of two constants is an error.
pub(super) fn binary(symbol: Symbol, at: Place, left: Item, right: Item) -> syn::Result<Item> {
    let place = left.place.to(right.place);
    match (counted(left.value), counted(right.value)) {
        (Value::Constant(left), Value::Constant(right)) => match fold(symbol, &left, &right) {
            Some(Ok(constant)) => Ok(Item::constant(constant, place)),
            Some(Err(problem)) => Err(place.error(problem)),
            None => Err(at.error(no_operands(symbol, &Value::Constant(left), &Value::Constant(right)))),
        },
        (left, right) => Err(at.error(no_operands(symbol, &left, &right))),
    }
}

/// A boolean counts as 0 or 1, as in every comparison.
fn counted(value: Value) -> Value {
    match value {
        Value::Constant(Constant::Bool(bit)) => Value::Constant(Constant::Integer(bit.into())),
        other => other,
    }
}

fn no_operands(symbol: Symbol, left: &Value, right: &Value) -> String {
    match (left, right) {
        (Value::Field(_), _) | (_, Value::Field(_)) => {
            format!("'{}' works on constants; a field can only be compared with a value", symbol.as_str())
        }
        (Value::Rust(_), _) | (_, Value::Rust(_)) => COMPUTE.to_owned(),
        _ => format!("'{}' does not work on {} and {}", symbol.as_str(), left.describe(), right.describe()),
    }
}

fn fold(symbol: Symbol, left: &Constant, right: &Constant) -> Option<Folded> {
    use Constant::{Duration, Float, Integer, Moment, Text};
    match (left, right) {
        (Integer(a), Integer(b)) => integers(symbol, *a, *b),
        (Integer(a), Float(b)) => floats(symbol, *a as f64, *b),
        (Float(a), Integer(b)) => floats(symbol, *a, *b as f64),
        (Float(a), Float(b)) => floats(symbol, *a, *b),
        (Text(a), Text(b)) if symbol == Symbol::Plus => Some(Ok(Text(format!("{a}{b}")))),
        (&Moment { base, micros, date }, Duration(by)) => moved(symbol, (base, micros, date), *by),
        (Duration(by), &Moment { base, micros, date }) if symbol == Symbol::Plus => {
            moved(symbol, (base, micros, date), *by)
        }
        (Duration(a), Duration(b)) => match symbol {
            Symbol::Plus => Some(duration(i128::from(*a) + i128::from(*b))),
            Symbol::Minus => Some(duration(i128::from(*a) - i128::from(*b))),
            _ => None,
        },
        (Duration(micros), Integer(factor)) | (Integer(factor), Duration(micros))
            if symbol == Symbol::Star =>
        {
            Some(duration(i128::from(*micros).saturating_mul(*factor)))
        }
        (Duration(micros), Float(factor)) | (Float(factor), Duration(micros)) if symbol == Symbol::Star => {
            Some(duration((*micros as f64 * factor).round_ties_even() as i128))
        }
        _ => None,
    }
}

fn integers(symbol: Symbol, a: i128, b: i128) -> Option<Folded> {
    let value = match symbol {
        Symbol::Plus => a + b,
        Symbol::Minus => a - b,
        Symbol::Star => a.saturating_mul(b),
        Symbol::Slash => return floats(symbol, a as f64, b as f64),
        Symbol::Percent if b == 0 => return Some(Err("division by zero")),
        // The result has the sign of the divisor.
        Symbol::Percent => (a % b + b) % b,
        _ => return None,
    };
    let in_range = i64::try_from(value).map(|_| Constant::Integer(value));
    Some(in_range.map_err(|_| INTEGER_RANGE))
}

pub(super) const INTEGER_RANGE: &str = "an integer is outside the signed 64-bit range";

#[allow(clippy::float_cmp)] // a rest of exactly zero
fn floats(symbol: Symbol, a: f64, b: f64) -> Option<Folded> {
    let value = match symbol {
        Symbol::Plus => a + b,
        Symbol::Minus => a - b,
        Symbol::Star => a * b,
        Symbol::Slash | Symbol::Percent if b == 0.0 => return Some(Err("division by zero")),
        Symbol::Slash => a / b,
        Symbol::Percent => {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        }
        _ => return None,
    };
    Some(if value.is_finite() {
        Ok(Constant::Float(value))
    } else {
        Err("a float is beyond the range of doubles")
    })
}

fn moved(symbol: Symbol, (base, micros, date): (Base, i64, bool), by: i64) -> Option<Folded> {
    // A date moves by the whole days of the duration, as in Python, in either direction.
    let by = if date { by.div_euclid(DAY) * DAY } else { by };
    let by = match symbol {
        Symbol::Plus => by,
        Symbol::Minus => -by,
        _ => return None,
    };
    let sum = micros.checked_add(by).filter(|micros| base != Base::Epoch || date::is_in_calendar(*micros));
    Some(sum.map(|micros| Constant::Moment { base, micros, date }).ok_or(date::TIME_RANGE))
}

/// A duration of at most that many days, which is the range of the calendar.
pub(super) fn duration(micros: i128) -> Folded {
    const MOST_DAYS: i64 = 3_652_060;
    i64::try_from(micros)
        .ok()
        .filter(|micros| micros.unsigned_abs() <= (MOST_DAYS * DAY).unsigned_abs())
        .map(Constant::Duration)
        .ok_or(date::TIME_RANGE)
}
