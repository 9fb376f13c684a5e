#![doc = include_str!("../docs/qb.md")]

mod check;
mod error;
mod lexer;
mod parser;
mod period;
mod print;
mod span;
#[cfg(test)]
mod tests;
mod tree;

pub use check::{Checked, Context};
pub use error::{ArgumentProblem, Error, Problem};
pub use span::Span;
pub use tree::{Condition, Form, Period, Query, Question, Sort, SortTerm, Test, Unit};

use crate::datetime::Timestamp;
use crate::query::limit;

/// Every method of fields and conditions.
pub const METHODS: &[&str] = &parser::METHODS;

/// Reads an expression; `dt.date.today()` is that of the machine's clock, in UTC.
pub fn parse(source: &str) -> Result<Query, Error> {
    parse_at(source, Timestamp::now())
}

/// Reads an expression as if it were this moment.
pub fn parse_at(source: &str, now: Timestamp) -> Result<Query, Error> {
    if source.chars().nth(limit::EXPRESSION_CHARACTERS).is_some() {
        return Err(Error::whole(Problem::TooLong));
    }
    let mut query = parser::parse(source, now).map_err(|fault| fault.in_source(source))?;
    query.source = tree::Source(Some(source.into()));
    Ok(query)
}
