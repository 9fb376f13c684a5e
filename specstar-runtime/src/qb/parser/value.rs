//! What an expression can be worth while it is read.

use std::borrow::Cow;

use super::Parsed;
use crate::datetime::Timestamp;
use crate::qb::error::Problem;
use crate::qb::limit;
use crate::qb::span::Span;
use crate::qb::tree::{Condition, Form, Query, Question, Sort, SortTerm, Test};
use crate::query::{Literal, Quantifier};

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// The kinds of value. The large ones are boxed, because values are moved at every level of nesting.
#[derive(Debug)]
pub(super) enum Value {
    Literal(Literal),
    /// A date is the midnight it begins with, in UTC.
    Moment {
        at: Timestamp,
        date: bool,
    },
    /// Microseconds.
    Duration(i64),
    /// `dt.UTC`.
    Utc,
    Field(Box<Field>),
    Condition(Box<Query>),
    Quantifier(Box<Field>, Quantifier),
    Sort(Box<Sort>),
    /// What a sort key may compare, without a direction.
    Ranking(Box<SortTerm>),
}

/// `QB["age"]`, perhaps its length, and what was said about order and page.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Cow<'static, str>,
    pub(super) length: bool,
    /// Its condition stays [`Condition::All`].
    pub(super) page: Query,
}

impl Item {
    pub(super) fn literal(literal: impl Into<Literal>, span: Span) -> Self {
        Self { value: Value::Literal(literal.into()), span }
    }

    /// The value as an operand; what is none is named in the error.
    pub(super) fn into_operand(self) -> Result<Literal, Self> {
        match self.value {
            Value::Literal(literal) => Ok(literal),
            Value::Moment { at, .. } => Ok(Literal::DateTime(at)),
            _ => Err(self),
        }
    }
}

impl Value {
    /// Its name in messages, with an article where it takes one.
    pub(super) const fn describe(&self) -> &'static str {
        match self {
            Self::Literal(Literal::Null) => "None",
            Self::Literal(literal) => literal.describe(),
            Self::Moment { .. } => "a date-time",
            Self::Duration(_) => "a duration",
            Self::Utc => "a time zone",
            Self::Field(_) => "a field",
            Self::Condition(_) => "a condition",
            Self::Quantifier(..) => "a quantifier",
            Self::Sort(_) => "a sort key",
            Self::Ranking(_) => "a ranking",
        }
    }
}

impl Field {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self { name, length: false, page: Query::default() }
    }

    pub(super) const fn form(&self) -> Form {
        if self.length { Form::Length } else { Form::Value }
    }

    /// The condition it is by itself, with its order and page.
    pub(super) fn into_query(self, tests: &mut usize, span: Span) -> Parsed<Query> {
        let condition = test(self.name, Question::Truthy, [span, span], tests)?;
        Ok(Query { condition, ..self.page })
    }
}

/// One more question of the expression; there may be only so many.
pub(super) fn test(
    field: Cow<'static, str>,
    question: Question,
    [operator_at, operand_at]: [Span; 2],
    tests: &mut usize,
) -> Parsed<Condition> {
    *tests += 1;
    if *tests > limit::CONDITIONS {
        let problem = crate::query::ConditionError::TooManyConditions;
        return Err(Problem::Condition(problem).at(operator_at));
    }
    Ok(Condition::Test(Test::new(field, question, operator_at, operand_at)))
}
