//! Precedence climbing: `~ & |` and the other binary operators.

use syn::parse::ParseStream;

use super::comparison::Operator;
use super::place::Place;
use super::symbol::{self, Symbol};
use super::value::{Constant, Item, Query, Value};
use super::{constant, primary};

/// Reads one expression of a stream.
pub(super) struct Parser<'a> {
    pub(super) input: ParseStream<'a>,
    /// The comparison whose right side is being read.
    pub(super) comparing: Option<Symbol>,
}

/// The whole stream as one query.
pub(super) fn whole(input: ParseStream<'_>) -> syn::Result<Query> {
    let mut parser = Parser::new(input);
    let item = parser.expression()?;
    if !input.is_empty() {
        return Err(symbol::unexpected(input, "the expression should end here"));
    }
    item.into_query(|found| format!("{found} is no condition; an expression says which resources are wanted"))
}

impl<'a> Parser<'a> {
    pub(super) const fn new(input: ParseStream<'a>) -> Self {
        Self { input, comparing: None }
    }

    /// Binary operators of at least this precedence, all left-associative.
    pub(super) fn binary(&mut self, least: u8) -> syn::Result<Item> {
        let mut left = self.unary()?;
        while let Some(symbol) = symbol::peek(self.input)
            && let Some(level) = symbol.precedence().filter(|level| *level >= least)
        {
            let at = symbol::take(self.input, symbol)?;
            self.value_behind(symbol, at)?;
            let right = self.binary(level + 1)?;
            left = self.combine(symbol, at, left, right)?;
        }
        Ok(left)
    }

    /// Something has to stand behind an operator.
    pub(super) fn value_behind(&self, symbol: Symbol, at: Place) -> syn::Result<()> {
        if self.input.is_empty() {
            let problem = format!("unexpected end, a value is expected after '{}'", symbol.as_str());
            return Err(at.error(problem));
        }
        Ok(())
    }

    fn combine(&mut self, symbol: Symbol, at: Place, left: Item, right: Item) -> syn::Result<Item> {
        let applied = match (symbol, &left.value) {
            (Symbol::Ampersand | Symbol::Pipe, _) => return self.connect(symbol, left, right),
            (Symbol::ShiftLeft, Value::Field(_)) => Operator::In,
            (Symbol::ShiftRight, Value::Field(_)) => Operator::Contains,
            (Symbol::Percent, Value::Field(_)) => Operator::Regex,
            _ => return constant::binary(symbol, at, left, right),
        };
        super::comparison::pair(applied, at, left, right)
    }

    fn unary(&mut self) -> syn::Result<Item> {
        let Some(symbol @ (Symbol::Tilde | Symbol::Minus | Symbol::Plus)) = symbol::peek(self.input) else {
            return primary::postfix(self);
        };
        let at = symbol::take(self.input, symbol)?;
        self.value_behind(symbol, at)?;
        let item = self.unary()?;
        if symbol != Symbol::Tilde {
            return constant::unary(symbol, at, item);
        }
        let place = at.to(item.place);
        let query = item.into_query(|found| format!("'~' needs a field or a condition, found {found}"))?;
        Ok(Item::condition(query.condition.negated(at)?, place))
    }

    fn connect(&mut self, symbol: Symbol, left: Item, right: Item) -> syn::Result<Item> {
        let place = left.place.to(right.place);
        for (item, other) in [(&left, &right), (&right, &left)] {
            self.check_side(symbol, item, other, [&left, &right])?;
        }
        // Nothing is joined to it: it stays what it is, with its order and page.
        if right.is_all() && !left.is_all() {
            return Ok(left);
        }
        let left = left.into_query(str::to_owned)?.condition;
        let right = right.into_query(str::to_owned)?.condition;
        let joined = if symbol == Symbol::Ampersand { left.and(right) } else { left.or(right) };
        Ok(Item::condition(joined, place))
    }

    /// A side of `&` or `|` that is neither a field nor a condition: mostly a comparison without parentheses.
    fn check_side(
        &self,
        symbol: Symbol,
        item: &Item,
        other: &Item,
        [left, right]: [&Item; 2],
    ) -> syn::Result<()> {
        let following = symbol::peek(self.input).filter(|next| next.is_comparison());
        let outer = self.comparing.or(following);
        // A Rust value may be a condition, but not beside a comparison.
        if matches!(item.value, Value::Field(_) | Value::Condition(_))
            || (outer.is_none() && matches!(item.value, Value::Rust(_)))
        {
            return Ok(());
        }
        Err(item.place.error(match outer.filter(|_| matches!(other.value, Value::Field(_))) {
            Some(outer) => format!(
                "'{}' binds tighter than '{}', so this reads {} {} {}; put the comparisons in parentheses",
                symbol.as_str(),
                outer.as_str(),
                shown(left),
                symbol.as_str(),
                shown(right),
            ),
            None => format!(
                "'{}' needs a field or a condition on each side, found {}",
                symbol.as_str(),
                item.value.describe()
            ),
        }))
    }
}

/// A side of an operator in a message: a short value as it is written.
fn shown(item: &Item) -> String {
    const LONGEST: usize = 20;
    let text = match &item.value {
        Value::Constant(Constant::Integer(value)) => value.to_string(),
        Value::Constant(Constant::Float(value)) => format!("{value:?}"),
        Value::Constant(Constant::Text(value)) => format!("{value:?}"),
        Value::Constant(Constant::Bool(true)) => "True".to_owned(),
        Value::Constant(Constant::Bool(false)) => "False".to_owned(),
        Value::Rust(tokens) => tokens.to_string(),
        _ => String::new(),
    };
    if (1..=LONGEST).contains(&text.len()) {
        return text;
    }
    item.value.describe().trim_start_matches("a ").trim_start_matches("an ").to_owned()
}
