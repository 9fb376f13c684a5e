//! Trees as QB: what is printed is read again as the same tree.
//!
//! Methods are printed, not operators, so that nothing depends on precedence. Three values have no text and
//! cannot come from one: a float that is not finite, text with U+0000, and an instant outside the years 1 to
//! 9999.

use std::fmt::{self, Display, Formatter, Write};

use time::OffsetDateTime;

use super::tree::{Condition, Form, Period, Query, Question, Sort, SortTerm, Test, Unit};
use crate::datetime::Timestamp;
use crate::query::{Comparison, Literal, MetaField, Operator};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = self.sorts.is_empty() && self.limit.is_none() && self.offset.is_none();
        match &self.condition {
            condition if !plain && !is_postfix(condition) => write!(f, "({condition})")?,
            condition => write!(f, "{condition}")?,
        }
        if !self.sorts.is_empty() {
            f.write_str(".sort(")?;
            separated(f, &self.sorts, ", ")?;
            f.write_str(")")?;
        }
        if let Some(limit) = self.limit {
            write!(f, ".limit({limit})")?;
        }
        if let Some(offset) = self.offset {
            write!(f, ".offset({offset})")?;
        }
        Ok(())
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("QB.all()"),
            Self::Test(test) => write!(f, "{test}"),
            Self::And(parts) => grouped(f, parts, " & "),
            Self::Or(parts) => grouped(f, parts, " | "),
            Self::Not(inner) if is_postfix(inner) => write!(f, "~{inner}"),
            Self::Not(inner) => write!(f, "~({inner})"),
        }
    }
}

/// Whether a method can be called on it as it is printed.
const fn is_postfix(condition: &Condition) -> bool {
    match condition {
        Condition::All => true,
        Condition::Test(test) => !matches!(test.question, Question::Within { .. }),
        Condition::And(_) | Condition::Or(_) | Condition::Not(_) => false,
    }
}

/// Parts of a group; inner groups stand in parentheses.
fn grouped(f: &mut Formatter<'_>, parts: &[Condition], separator: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        match part {
            Condition::Not(_) => write!(f, "{part}")?,
            part if is_postfix(part) => write!(f, "{part}")?,
            part => write!(f, "({part})")?,
        }
    }
    Ok(())
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        field(f, &self.field)?;
        match &self.question {
            Question::Is { form, operator, operand } => {
                f.write_str(match form {
                    Form::Value => "",
                    Form::Length => ".length()",
                    Form::Elements(crate::query::Quantifier::Any) => ".any()",
                    Form::Elements(crate::query::Quantifier::All) => ".all()",
                })?;
                write!(f, ".{}(", method(*operator))?;
                literal(f, operand)?;
                f.write_str(")")
            }
            Question::Truthy => f.write_str(".is_truthy()"),
            Question::Empty => f.write_str(".is_empty()"),
            Question::Blank => f.write_str(".is_blank()"),
            Question::During(period) => write!(f, "{period}"),
            Question::Fuzzy { query, threshold } => {
                f.write_str(".fuzzy(")?;
                literal(f, query)?;
                if let Some(threshold) = threshold {
                    f.write_str(", ")?;
                    literal(f, threshold)?;
                }
                f.write_str(")")
            }
            // A comparison is looser than what may stand around it.
            Question::Within { metric, vector, comparison, bound } => {
                write!(f, ".{}(", metric.as_str())?;
                literal(f, vector)?;
                write!(f, ") {} {bound:?}", symbol(*comparison))
            }
        }
    }
}

const fn symbol(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "==",
        Comparison::Lt => "<",
        Comparison::Lte => "<=",
        Comparison::Gt => ">",
        Comparison::Gte => ">=",
    }
}

/// The method of an operator.
pub(super) const fn method(operator: Operator) -> &'static str {
    match operator {
        Operator::In => "in_",
        other => other.as_str(),
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = match self.unit {
            Unit::Today => "today",
            Unit::Yesterday => "yesterday",
            Unit::ThisWeek { .. } => "this_week",
            Unit::ThisMonth => "this_month",
            Unit::ThisYear => "this_year",
            Unit::LastDays(_) => "last_n_days",
        };
        let mut arguments = Vec::new();
        if let Unit::LastDays(days) = self.unit {
            arguments.push(days.to_string());
        }
        arguments.extend(self.offset.map(|hours| format!("tz={hours}")));
        if let Unit::ThisWeek { start: start @ 1.. } = self.unit {
            arguments.push(format!("week_start={start}"));
        }
        write!(f, ".{name}({})", arguments.join(", "))
    }
}

impl Display for Sort {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.by {
            SortTerm::Field(name) => field(f, name)?,
            SortTerm::Similarity { field: name, query } => {
                field(f, name)?;
                f.write_str(".similarity(")?;
                literal(f, query)?;
                f.write_str(")")?;
            }
            SortTerm::Distance { field: name, metric, vector } => {
                field(f, name)?;
                write!(f, ".{}(", metric.as_str())?;
                literal(f, vector)?;
                f.write_str(")")?;
            }
        }
        f.write_str(if self.descending { ".desc()" } else { ".asc()" })
    }
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn field(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if MetaField::parse(name).is_some() {
        return write!(f, "QB.{name}()");
    }
    f.write_str("QB[")?;
    text(f, name)?;
    f.write_str("]")
}

fn literal(f: &mut Formatter<'_>, value: &Literal) -> fmt::Result {
    match value {
        // Neither is equal to any value.
        Literal::Null | Literal::Object => f.write_str("None"),
        Literal::Bool(true) => f.write_str("True"),
        Literal::Bool(false) => f.write_str("False"),
        Literal::Integer(value) => write!(f, "{value}"),
        Literal::Float(value) => write!(f, "{value:?}"),
        Literal::Text(value) => text(f, value),
        Literal::DateTime(at) => moment(f, *at),
        Literal::List(items) => {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    f.write_str(", ")?;
                }
                literal(f, item)?;
            }
            f.write_str("]")
        }
    }
}

fn text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_str("\"")
}

fn moment(f: &mut Formatter<'_>, Timestamp(micros): Timestamp) -> fmt::Result {
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000) else {
        return write!(f, "None");
    };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    let micro = at.microsecond();
    write!(f, "dt.datetime({year}, {month}, {day}, {hour}, {minute}, {second}, {micro}, dt.UTC)")
}
