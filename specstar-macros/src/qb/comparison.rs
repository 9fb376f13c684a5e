//! `== != < <= > >=`, which bind loosest and do not chain, but for a range around a field.

use proc_macro2::Ident;

use super::expand::{float, operand};
use super::logic::Parser;
use super::place::Place;
use super::symbol::{self, Symbol};
use super::value::{Condition, Field, Item, Value};

/// What an operator sign asks, as the method of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Contains,
    Regex,
}

impl Operator {
    const fn of(symbol: Symbol) -> Option<Self> {
        Some(match symbol {
            Symbol::Equal => Self::Eq,
            Symbol::NotEqual => Self::Ne,
            Symbol::Less => Self::Lt,
            Symbol::LessEqual => Self::Le,
            Symbol::Greater => Self::Gt,
            Symbol::GreaterEqual => Self::Ge,
            _ => return None,
        })
    }

    /// `5 < F` is `F > 5`.
    const fn mirrored(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::In => "in_",
            Self::Contains => "contains",
            Self::Regex => "regex",
        }
    }
}

impl Parser<'_> {
    /// One expression.
    pub(super) fn expression(&mut self) -> syn::Result<Item> {
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
    fn comparison(&mut self) -> syn::Result<Option<(Operator, Place, Item)>> {
        let Some(symbol) = symbol::peek(self.input) else { return Ok(None) };
        let Some(operator) = Operator::of(symbol) else { return Ok(None) };
        let at = symbol::take(self.input, symbol)?;
        self.value_behind(symbol, at)?;
        self.comparing = Some(symbol);
        let right = self.binary(1)?;
        self.comparing = None;
        Ok(Some((operator, at, right)))
    }

    fn compared(&mut self, left: Item, (operator, at, right): (Operator, Place, Item)) -> syn::Result<Item> {
        let Some((next, next_at, last)) = self.comparison()? else {
            return pair(operator, at, left, right);
        };
        if symbol::peek(self.input).is_some_and(Symbol::is_comparison) {
            let problem = "comparisons do not chain; put each into parentheses and join them with '&'";
            return Err(symbol_place(self.input)?.error(problem));
        }
        range([left, last], [(operator, at), (next, next_at)], right)
    }
}

fn symbol_place(input: syn::parse::ParseStream<'_>) -> syn::Result<Place> {
    match symbol::peek(input) {
        Some(symbol) => symbol::take(&input.fork(), symbol),
        None => Ok(Place::of(input.span())),
    }
}

/// `10 <= F < 20`: both hold.
fn range([low, high]: [Item; 2], operators: [(Operator, Place); 2], middle: Item) -> syn::Result<Item> {
    let place = low.place.to(high.place);
    let [(first, first_at), (second, second_at)] = operators;
    let ordered = |operator| !matches!(operator, Operator::Eq | Operator::Ne);
    let values = !matches!(low.value, Value::Field(_) | Value::Condition(_))
        && !matches!(high.value, Value::Field(_) | Value::Condition(_));
    let Value::Field(field) = middle.value else { return Err(chain(second_at)) };
    if !values || !ordered(first) || !ordered(second) {
        return Err(chain(second_at));
    }
    let low = question(&field, first.mirrored(), first_at, &low)?;
    let high = question(&field, second, second_at, &high)?;
    Ok(Item::condition(low.and(high), place))
}

fn chain(at: Place) -> syn::Error {
    at.error("only a range chains: value < field < value; else put each comparison into parentheses")
}

/// A field and a value, in either order.
pub(super) fn pair(operator: Operator, at: Place, left: Item, right: Item) -> syn::Result<Item> {
    let place = left.place.to(right.place);
    let (field, operator, other) = match (left.value, right.value) {
        (Value::Field(_), Value::Field(_)) => {
            return Err(at.error("two fields cannot be compared; compare each with a value"));
        }
        (Value::Field(field), value) => (field, operator, Item { value, place: right.place }),
        (value, Value::Field(field)) => (field, operator.mirrored(), Item { value, place: left.place }),
        (Value::Ranking(field), value) => {
            return within(&field, operator, at, &Item { value, place: right.place }, place);
        }
        (value, Value::Ranking(field)) => {
            return within(&field, operator.mirrored(), at, &Item { value, place: left.place }, place);
        }
        (left, right) => return Err(at.error(no_field(&left, &right))),
    };
    Ok(Item::condition(question(&field, operator, at, &other)?, place))
}

/// A distance with a bound.
fn within(field: &Field, operator: Operator, at: Place, bound: &Item, place: Place) -> syn::Result<Item> {
    if field.is_under("similarity") {
        return Err(at.error("a similarity orders only; use .fuzzy(query, threshold)"));
    }
    if !matches!(operator, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge) {
        return Err(at.error("a distance is compared with < <= > >= only"));
    }
    let Ok(bound) = float(operator.method(), bound) else {
        return Err(at.error("a distance is compared with a number"));
    };
    let method = Ident::new(operator.method(), at.start);
    let condition = Condition::Test { field: field.clone(), method, arguments: vec![bound] };
    Ok(Item::condition(condition, place))
}

/// `field.operator(value)`, the method at the place of the operator.
fn question(field: &Field, operator: Operator, at: Place, value: &Item) -> syn::Result<Condition> {
    let method = operator.method();
    if field.form.is_some() && matches!(operator, Operator::Contains | Operator::Regex) {
        return Err(at.error(format_args!("'{method}' does not apply to length()")));
    }
    let arguments = vec![operand(method, value)?];
    Ok(Condition::Test { field: field.clone(), method: Ident::new(method, at.start), arguments })
}

fn no_field(left: &Value, right: &Value) -> &'static str {
    let condition = |value: &Value| matches!(value, Value::Condition(_));
    if condition(left) || condition(right) {
        "a condition cannot be compared; a comparison needs a field on one side"
    } else if matches!(left, Value::Quantifier(_)) || matches!(right, Value::Quantifier(_)) {
        "a quantifier has methods only; write .any().eq(...)"
    } else {
        "a comparison needs a field on one side"
    }
}
