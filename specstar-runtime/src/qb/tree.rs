//! An expression as what it says: conditions joined by and, or, not; sort keys; a page.
//!
//! The parser makes such a tree, and so do the typed columns of a program; [`print`](super::print) writes it as
//! QB again and [`check`](super::check) turns it into a predicate.

use std::borrow::Cow;

use super::span::Span;
use crate::descriptor::Metric;
use crate::query::{Comparison, Literal, Operator, Quantifier};

/// A whole expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Which rows.
    pub condition: Condition,
    /// In which order.
    pub sorts: Vec<Sort>,
    /// At most this many.
    pub limit: Option<u64>,
    /// After skipping this many.
    pub offset: Option<u64>,
    /// Where the limit stands, for messages.
    pub(super) limit_at: Span,
    pub(super) source: Source,
}

/// The text a tree was read from, for messages; it makes no difference to what the tree says.
#[derive(Clone, Debug, Default)]
pub(super) struct Source(pub(super) Option<Box<str>>);

impl PartialEq for Source {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Condition {
    /// `QB.all()`: every row; the identity of both connectives.
    #[default]
    All,
    /// One question about one field.
    Test(Test),
    /// All of at least two.
    And(Vec<Condition>),
    /// Some of at least two.
    Or(Vec<Condition>),
    /// The opposite; unknown stays unknown.
    Not(Box<Condition>),
}

/// One question about one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Which field: the name of an index, or of metadata.
    pub field: Cow<'static, str>,
    /// What is asked.
    pub question: Question,
    /// The operator or method.
    pub(super) operator_at: Span,
    /// The value.
    pub(super) operand_at: Span,
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// An operator with a value.
    Is {
        /// Of what: the value, its length, or its elements.
        form: Form,
        /// Which.
        operator: Operator,
        /// The value.
        operand: Literal,
    },
    /// Not null and none of `false`, `0`, `""` and `[]`.
    Truthy,
    /// Null or the empty text.
    Empty,
    /// Null or a text of white space.
    Blank,
    /// In a part of the calendar.
    During(Period),
    /// Its words are similar to some text.
    Fuzzy {
        /// The text.
        query: Literal,
        /// How similar, from 0 to 1; `None` for the usual 0.6.
        threshold: Option<Literal>,
    },
    /// Its vector is near to another one, or far from it.
    Within {
        /// How the distance is measured.
        metric: Metric,
        /// The other vector, or a text for the encoder of the field.
        vector: Literal,
        /// How the distance stands to the bound; not [`Comparison::Eq`].
        comparison: Comparison,
        /// The bound.
        bound: f64,
    },
}

/// What of a field an operator looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The value.
    Value,
    /// The number of its characters or elements.
    Length,
    /// Its elements.
    Elements(Quantifier),
}

/// A part of the calendar, relative to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Which part.
    pub unit: Unit,
    /// Hours east of UTC of the calendar; `None` for that of the server.
    pub offset: Option<i8>,
}

/// The parts of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// This day.
    Today,
    /// The day before.
    Yesterday,
    /// Seven days from the last day of this number: 0 is Monday, 6 is Sunday.
    ThisWeek {
        /// The first day of a week.
        start: u8,
    },
    /// This month.
    ThisMonth,
    /// This year.
    ThisYear,
    /// From the start of the day that many days ago, less one, and on.
    LastDays(i64),
}

/// One sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// What is compared.
    pub by: SortTerm,
    /// The greatest first.
    pub descending: bool,
    /// Where it stands.
    pub(super) at: Span,
}

/// What a sort key compares.
#[derive(Clone, Debug, PartialEq)]
pub enum SortTerm {
    /// A field: the name of an index, or of metadata.
    Field(Cow<'static, str>),
    /// How similar the words of a field are to a text.
    Similarity {
        /// The field.
        field: Cow<'static, str>,
        /// The text.
        query: Literal,
    },
    /// How far the vector of a field is from another one.
    Distance {
        /// The field.
        field: Cow<'static, str>,
        /// How it is measured.
        metric: Metric,
        /// The other vector, or a text for the encoder of the field.
        vector: Literal,
    },
}

impl Query {
    /// Every row that meets a condition.
    pub fn new(condition: Condition) -> Self {
        Self { condition, ..Self::default() }
    }
}

impl Sort {
    /// By a field: the name of an index, or of metadata.
    pub fn field(name: impl Into<Cow<'static, str>>, descending: bool) -> Self {
        Self::by(SortTerm::Field(name.into()), descending)
    }

    /// By anything.
    pub fn by(by: SortTerm, descending: bool) -> Self {
        Self { by, descending, at: Span::default() }
    }
}

impl Test {
    pub(super) fn new(
        field: Cow<'static, str>,
        question: Question,
        operator_at: Span,
        operand_at: Span,
    ) -> Self {
        Self { field, question, operator_at, operand_at }
    }
}

impl Condition {
    /// One question about one field.
    pub fn test(field: impl Into<Cow<'static, str>>, question: Question) -> Self {
        Self::Test(Test::new(field.into(), question, Span::default(), Span::default()))
    }

    /// An operator on the value of a field.
    pub fn is(field: impl Into<Cow<'static, str>>, operator: Operator, operand: impl Into<Literal>) -> Self {
        Self::test(field, Question::Is { form: Form::Value, operator, operand: operand.into() })
    }

    /// Whether it is met by every row.
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::group(
            [self, other],
            |part| if let Self::And(parts) = part { Ok(parts) } else { Err(part) },
            Self::And,
        )
    }

    /// Either, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::group(
            [self, other],
            |part| if let Self::Or(parts) = part { Ok(parts) } else { Err(part) },
            Self::Or,
        )
    }

    /// Groups of one kind are merged, so that trees stay flat; what is met by every row is left out.
    fn group(
        parts: impl IntoIterator<Item = Self>,
        same: fn(Self) -> Result<Vec<Self>, Self>,
        make: fn(Vec<Self>) -> Self,
    ) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_all()) {
            match same(part) {
                Ok(inner) if flat.is_empty() => flat = inner,
                Ok(inner) => flat.extend(inner),
                Err(part) => flat.push(part),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => make(flat),
        }
    }

    /// The opposite; `None` of [`Condition::All`], whose opposite no expression can say.
    #[must_use]
    pub fn negated(self) -> Option<Self> {
        match self {
            Self::All => None,
            Self::Not(inner) => Some(*inner),
            other => Some(Self::Not(Box::new(other))),
        }
    }

    /// Whether some question is about this field.
    pub fn mentions(&self, field: &str) -> bool {
        match self {
            Self::All => false,
            Self::Test(test) => test.field == field,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.mentions(field)),
            Self::Not(inner) => inner.mentions(field),
        }
    }
}
