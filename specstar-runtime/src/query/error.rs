//! What is wrong with a query, in words for the client. Nothing of it names SQL or the host language.

use std::fmt;

use super::field::Shape;
use super::limit;

/// Why a condition does not fit its field. The text has no position: whoever parsed the condition knows it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// An order between values of different families, or of a list.
    #[error("{}", ordering(.field, *.shape, .found))]
    Ordering {
        /// The field.
        field: String,
        /// What its values are.
        shape: Shape,
        /// What it was compared with.
        found: &'static str,
    },
    /// A text against a date-time field that is no date-time.
    #[error("field {} is a date-time and {} is not an ISO 8601 date-time", Quoted(.field), Quoted(.text))]
    NotATime {
        /// The field.
        field: String,
        /// The text.
        text: String,
    },
    /// A text operator on a field without a text.
    #[error("'{operator}' does not apply to field {}, which is {}", Quoted(.field), .shape.describe())]
    NoText {
        /// The operator.
        operator: &'static str,
        /// The field.
        field: String,
        /// What its values are.
        shape: Shape,
    },
    /// Similarity of words on a field that has none.
    #[error(
        "'{operator}' wants a text or a list of texts, and field {} is {}",
        Quoted(.field),
        .shape.describe_whole()
    )]
    NoWords {
        /// The operator.
        operator: &'static str,
        /// The field.
        field: String,
        /// What its values are.
        shape: Shape,
    },
    /// A distance of a field that holds no vectors.
    #[error("'{operator}' wants a vector, and field {} is {}", Quoted(.field), .shape.describe_whole())]
    NoVector {
        /// The operator.
        operator: &'static str,
        /// The field.
        field: String,
        /// What its values are.
        shape: Shape,
    },
    /// A text in the place of a vector, on a field that cannot encode it.
    #[error("field {} has no encoder for texts: a list of numbers is expected", Quoted(.field))]
    NoEncoder {
        /// The field.
        field: String,
    },
    /// A vector of another length.
    #[error("field {} has vectors of {expected} numbers, found {found}", Quoted(.field))]
    VectorLength {
        /// The field.
        field: String,
        /// How many numbers it wants.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An element of a vector that is no number.
    #[error("'{operator}' wants a list of numbers, found {found} in it")]
    VectorElement {
        /// The operator.
        operator: &'static str,
        /// What the element is.
        found: &'static str,
    },
    /// A text operator on a list.
    #[error(
        "'{operator}' does not apply to the list field {0}; use QB[\"{1}\"].any().{operator}(...)",
        Quoted(.field),
        .field.escape_debug()
    )]
    TextOfList {
        /// The operator.
        operator: &'static str,
        /// The field.
        field: String,
    },
    /// An operator that this form of the field does not have, such as a quantifier's `gt`.
    #[error("'{operator}' does not apply to {form}")]
    NoSuchOperator {
        /// The operator.
        operator: &'static str,
        /// `length()`, `any()` or `all()`.
        form: &'static str,
    },
    /// An operand of the wrong type, whatever the field.
    #[error("'{operator}' wants {expected}, found {found}")]
    Operand {
        /// The operator.
        operator: &'static str,
        /// What it wants.
        expected: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// A regular expression that cannot be used.
    #[error("the pattern is not valid: {reason}")]
    Pattern {
        /// A short phrase.
        reason: String,
    },
    /// A list of too many elements.
    #[error("a list has at most {} elements, found {found}", limit::LIST_ELEMENTS)]
    ListTooLong {
        /// How many it has.
        found: usize,
    },
    /// Too many conditions.
    #[error("a query has at most {} conditions", limit::CONDITIONS)]
    TooManyConditions,
    /// Too many patterns.
    #[error("a query has at most {} patterns", limit::PATTERNS)]
    TooManyPatterns,
    /// Too many regular expressions.
    #[error("a query has at most {} regular expressions", limit::REGULAR_EXPRESSIONS)]
    TooManyRegularExpressions,
    /// Too many list elements in all.
    #[error("the lists of a query have at most {} elements together", limit::VALUES)]
    TooManyValues,
}

/// The part of a condition that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The operator or method.
    Operator,
    /// The value.
    Operand,
}

impl ConditionError {
    /// What a message should point at.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::NoText { .. }
            | Self::NoWords { .. }
            | Self::NoVector { .. }
            | Self::TextOfList { .. }
            | Self::NoSuchOperator { .. } => Blame::Operator,
            _ => Blame::Operand,
        }
    }
}

fn ordering(field: &str, shape: Shape, found: &str) -> String {
    let field = Quoted(field);
    if shape.list {
        return format!("field {field} is a list and cannot be ordered");
    }
    format!("field {field} is {} and cannot be ordered against {found}", shape.describe())
}

/// Why a search is refused. Each is an error of the request, status 400.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A structured parameter that cannot be read.
    #[error("Invalid {parameter} format: {problem}")]
    Format {
        /// Its name.
        parameter: &'static str,
        /// What is wrong with it.
        problem: FormatProblem,
    },
    /// Conditions on fields that are not indexed, where that is not allowed.
    #[error("{}", unindexed(.fields, .indexed, .suggestion.as_deref()))]
    Unindexed {
        /// The fields, as they were written.
        fields: Vec<String>,
        /// The fields that could be used.
        indexed: Vec<&'static str>,
        /// A name close to the first of the fields.
        suggestion: Option<&'static str>,
    },
}

/// What is wrong with a structured parameter.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatProblem {
    /// More text than is read.
    #[error("longer than {} bytes", limit::JSON_BYTES)]
    TooLong,
    /// Not JSON.
    #[error("not valid JSON at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but not a list.
    #[error("a list is expected, found {found}")]
    NotAList {
        /// What it is.
        found: &'static str,
    },
    /// A list with too many entries.
    #[error("at most {limit} entries, found {found}")]
    TooMany {
        /// How many there may be.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Not a date-time.
    #[error("{} is not an ISO 8601 date-time", Quoted(.text))]
    NotATime {
        /// The text.
        text: String,
    },
    /// An entry of the list is wrong.
    #[error("entry {position}: {problem}")]
    Entry {
        /// Which, from 1.
        position: usize,
        /// What is wrong with it.
        problem: EntryProblem,
    },
    /// The entries together are too many.
    #[error(transparent)]
    Whole(#[from] ConditionError),
}

/// What is wrong with one entry of a structured parameter.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryProblem {
    /// Not an object.
    #[error("an object is expected, found {0}")]
    NotAnObject(&'static str),
    /// A member is missing.
    #[error("'{0}' is missing")]
    Missing(&'static str),
    /// A member that has to be a string is not.
    #[error("'{member}' wants a string, found {found}")]
    NotAString {
        /// The member.
        member: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A member has none of the values it may have.
    #[error("unknown {member} {}; known are {known}", Quoted(.found))]
    Unknown {
        /// The member.
        member: &'static str,
        /// What it is.
        found: String,
        /// The values it may have.
        known: String,
    },
    /// An integer beyond 64 bits.
    #[error("an integer is outside the signed 64-bit range")]
    IntegerRange,
    /// A list cannot be sorted by.
    #[error("field {} is a list and cannot be sorted by", Quoted(.0))]
    SortByList(String),
    /// The condition does not fit its field.
    #[error(transparent)]
    Condition(#[from] ConditionError),
}

fn unindexed(fields: &[String], indexed: &[&str], suggestion: Option<&str>) -> String {
    let names: Vec<String> = fields.iter().map(|name| Quoted(name).to_string()).collect();
    let subject = if names.len() == 1 { "field" } else { "fields" };
    let verb = if names.len() == 1 { "is" } else { "are" };
    let known = if indexed.is_empty() { "none".to_owned() } else { indexed.join(", ") };
    let hint = suggestion.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
    format!("{subject} {} {verb} not indexed; indexed fields: {known}{hint}", names.join(", "))
}

/// Text of a request in a message: at most 40 characters, control characters escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 40;
        f.write_str("'")?;
        for character in self.0.chars().take(LONGEST) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        let cut = self.0.chars().nth(LONGEST).is_some();
        f.write_str(if cut { "…'" } else { "'" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::IndexKind;

    #[test]
    fn texts() {
        let shape = Shape { kind: IndexKind::Integer, list: false, nullable: false };
        let error = ConditionError::Ordering { field: "age".into(), shape, found: "a string" };
        assert_eq!(error.to_string(), "field 'age' is an integer and cannot be ordered against a string");
        let error = ConditionError::TextOfList { operator: "starts_with", field: "tags".into() };
        assert_eq!(
            error.to_string(),
            "'starts_with' does not apply to the list field 'tags'; use QB[\"tags\"].any().starts_with(...)"
        );
        let error = QueryError::Unindexed {
            fields: vec!["aeg".into(), "x\n".into()],
            indexed: vec!["age", "name"],
            suggestion: Some("age"),
        };
        assert_eq!(
            error.to_string(),
            "fields 'aeg', 'x\\n' are not indexed; indexed fields: age, name; did you mean 'age'?"
        );
    }

    #[test]
    fn quotes_are_short() {
        assert_eq!(Quoted(&"é".repeat(40)).to_string(), format!("'{}'", "é".repeat(40)));
        assert_eq!(Quoted(&"é".repeat(41)).to_string(), format!("'{}…'", "é".repeat(40)));
    }
}
