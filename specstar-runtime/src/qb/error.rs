//! What is wrong with an expression: what was found, what was expected, and a way out.

use std::fmt;

use super::limit;
use super::span::Span;
use crate::query::error::Quoted;
use crate::query::{ConditionError, QueryError};

/// Why an expression is refused, and where. Status 400 on the wire.
///
/// ```
/// use specstar_runtime::qb;
/// let error = qb::parse("QB[\"age\"].contain(1)").unwrap_err();
/// assert_eq!(error.column(), Some(11));
/// assert_eq!(
///     error.to_string(),
///     "column 11: a field has no method 'contain'; did you mean 'contains'?\n  QB[\"age\"].contain(1)\n            ^^^^^^^"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{problem}{}", Position(.place.as_deref()), Excerpt(.place.as_deref()))]
pub struct Error {
    problem: Box<Problem>,
    /// `None` for the expression as a whole, and for one that was not parsed.
    place: Option<Box<Place>>,
}

impl Error {
    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Where it begins, in characters of the whole expression, from 1.
    pub fn column(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.column)
    }

    /// How many characters it takes.
    pub fn length(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.length)
    }

    /// The problem as a whole, at no place.
    pub(super) fn whole(problem: Problem) -> Self {
        Self { problem: Box::new(problem), place: None }
    }
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        match error.problem() {
            Problem::Unindexed(problem) => Self::InvalidQuery(problem.to_string()),
            _ => Self::InvalidExpression {
                message: error.to_string(),
                column: error.column(),
                length: error.length(),
            },
        }
    }
}

/// A place in a source, in characters.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    column: usize,
    length: usize,
    /// Only where the expression has several lines.
    line: Option<usize>,
    /// The part of the line around it.
    excerpt: String,
    /// Characters of the excerpt before the place.
    indent: usize,
}

/// How much of an expression is shown again.
const SHOWN: usize = 40;

impl Place {
    fn of(source: &str, span: Span) -> Self {
        let range = span.range();
        let start = range.start.min(source.len());
        let (before, marked) = (&source[..start], &source[start..range.end.clamp(start, source.len())]);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let indent = source[line_start..start].chars().count();
        let skipped = indent.saturating_sub(SHOWN / 2);
        let line = source[line_start..].lines().next().unwrap_or_default();
        let shown = line.chars().skip(skipped).take(SHOWN);
        Self {
            column: before.chars().count() + 1,
            length: marked.chars().count(),
            line: source.contains('\n').then(|| before.matches('\n').count() + 1),
            // One character stays one character, so that the mark below stands right.
            excerpt: shown
                .map(|character| if character.is_control() { '\u{fffd}' } else { character })
                .collect(),
            indent: indent - skipped,
        }
    }
}

struct Position<'a>(Option<&'a Place>);

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Place { column, line: Some(line), .. }) => write!(f, "column {column} (line {line}): "),
            Some(Place { column, .. }) => write!(f, "column {column}: "),
            None => Ok(()),
        }
    }
}

struct Excerpt<'a>(Option<&'a Place>);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { excerpt, indent, length, .. }) = self.0 else { return Ok(()) };
        let room = excerpt.chars().count().saturating_sub(*indent);
        let marks = "^".repeat((*length).clamp(1, room.max(1)));
        write!(f, "\n  {excerpt}\n  {:indent$}{marks}", "")
    }
}

/// A problem and where it is, until the source is at hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) problem: Box<Problem>,
    pub(super) span: Span,
}

impl Fault {
    /// With the place in its source.
    pub(super) fn in_source(self, source: &str) -> Error {
        Error { problem: self.problem, place: Some(Box::new(Place::of(source, self.span))) }
    }
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each carries its text
pub enum Problem {
    #[error("expression is longer than {} characters", limit::EXPRESSION_CHARACTERS)]
    TooLong,
    #[error("nesting deeper than {}", limit::NESTING)]
    TooDeep,
    #[error("more than {} tokens", limit::TOKENS)]
    TooManyTokens,
    #[error("a string is longer than {} characters", limit::TEXT_CHARACTERS)]
    TextTooLong,
    #[error("more than {} sort keys", limit::SORT_KEYS)]
    TooManySortKeys,
    #[error("an integer is outside the signed 64-bit range")]
    IntegerRange,
    #[error("a float is beyond the range of doubles")]
    FloatRange,
    #[error("a date-time or a duration is out of range")]
    TimeRange,

    #[error("character {} is not part of the language", Quoted(.0.encode_utf8(&mut [0; 4])))]
    Character(char),
    #[error("the number is not valid: {0}")]
    Number(&'static str),
    #[error("the string never ends")]
    StringEnd,
    #[error("a string cannot hold U+0000")]
    TextWithNull,
    #[error("the escape is not valid: {0}")]
    Escape(&'static str),
    #[error("strings with the prefix {} are not supported; only r and u are", Quoted(.0))]
    StringPrefix(String),
    #[error("{} is not supported; {instead}", Quoted(.what))]
    NotSupported { what: String, instead: &'static str },

    #[error("'{0}' is never closed")]
    Unclosed(&'static str),
    #[error("unexpected {found}, {expected}")]
    Unexpected { found: String, expected: String },
    #[error("unknown name {}{}", Quoted(.name), .hint)]
    UnknownName { name: String, hint: String },
    #[error("{owner} has no method {}{}", Quoted(.name), did_you_mean(*.suggestion))]
    UnknownMethod { owner: &'static str, name: String, suggestion: Option<&'static str> },
    #[error("{0} has no methods")]
    NoMethods(&'static str),
    #[error("'{0}' has to be called: write {0}(...)")]
    NotCalled(String),
    #[error("names that begin with '_' are not reachable")]
    Private,
    #[error("'{module}' is a module here; write {instead}")]
    Module { module: String, instead: String },

    #[error("'{method}' {problem}")]
    Arguments { method: String, problem: ArgumentProblem },
    #[error("'{operator}' {problem}")]
    Operand { operator: &'static str, problem: String },
    #[error(
        "'{inner}' binds tighter than '{outer}', so this reads {left} {inner} {right}; put the comparisons in \
         parentheses"
    )]
    Precedence { inner: &'static str, outer: &'static str, left: String, right: String },
    #[error("{0}")]
    Comparison(&'static str),
    #[error("division by zero")]
    DivisionByZero,
    #[error("{0} is no condition; an expression says which resources are wanted")]
    NoCondition(&'static str),
    #[error("'~' of a condition that holds for everything matches nothing; leave it out")]
    NotEverything,
    #[error("field {} is a list and cannot be sorted by", Quoted(.0))]
    SortByList(String),
    #[error("the limit is at most {most} here, found {found}")]
    LimitTooLarge { most: u64, found: u64 },
    #[error(transparent)]
    Condition(#[from] ConditionError),
    #[error(transparent)]
    Unindexed(#[from] QueryError),
}

impl Problem {
    pub(super) fn at(self, span: Span) -> Fault {
        Fault { problem: Box::new(self), span }
    }
}

/// What is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each carries its text
pub enum ArgumentProblem {
    #[error("wants {0}")]
    Missing(String),
    #[error("takes no arguments")]
    None,
    #[error("takes at most {0}, which are {1}")]
    TooMany(usize, String),
    #[error("has no argument {}; it takes {known}", Quoted(.name))]
    Unknown { name: String, known: String },
    #[error("is given '{0}' twice")]
    Repeated(String),
    #[error("takes its arguments without names")]
    PositionalOnly,
    #[error("wants a name or a value here; a value follows a named argument")]
    Order,
    #[error("wants {expected}, found {found}")]
    Type { expected: &'static str, found: &'static str },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
