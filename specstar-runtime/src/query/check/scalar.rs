//! Conditions on one value: a scalar field, an element of a list, or a length.

use super::operator::Operator;
use super::{
    Comparison, ConditionError, IndexKind, Literal, Number, Operand, Pattern, Reduced, ValueTest, number,
};
use crate::query::field::Shape;
use crate::query::instant::parse_instant;
use crate::query::number::{float_text, reduce};
use crate::query::pattern::Anchor;

/// A value that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) kind: IndexKind,
}

impl Subject<'_> {
    /// The length of a text or a list.
    pub(super) const fn length() -> Self {
        Subject { name: "length()", kind: IndexKind::Integer }
    }

    /// The test an operator means. Negated operators mean that of their positive form.
    pub(super) fn test(self, operator: Operator, literal: &Literal) -> Result<Reduced, ConditionError> {
        match operator {
            Operator::Eq | Operator::Ne => self.equals(literal),
            Operator::Gt => self.ordered(Comparison::Gt, literal),
            Operator::Gte => self.ordered(Comparison::Gte, literal),
            Operator::Lt => self.ordered(Comparison::Lt, literal),
            Operator::Lte => self.ordered(Comparison::Lte, literal),
            Operator::In | Operator::NotIn | Operator::ContainsAny => self.one_of(literal),
            text => self.text_test(text, literal),
        }
    }

    fn equals(self, literal: &Literal) -> Result<Reduced, ConditionError> {
        Ok(match self.operand(literal)? {
            Some(operand) => Reduced::Test(ValueTest::Compare(Comparison::Eq, operand)),
            None => Reduced::Always(false),
        })
    }

    /// The operand an equal value has; `None` when no value is equal, as across families.
    pub(super) fn operand(self, literal: &Literal) -> Result<Option<Operand>, ConditionError> {
        Ok(match (self.kind, literal) {
            (IndexKind::Text, Literal::Text(text)) => Some(Operand::Text(text.clone())),
            (IndexKind::DateTime, Literal::Text(_) | Literal::DateTime(_)) => self.instant(literal)?,
            (IndexKind::Integer | IndexKind::Float | IndexKind::Boolean, literal) => {
                number(literal).and_then(|value| reduce(self.kind, Comparison::Eq, value).into_operand())
            }
            _ => None,
        })
    }

    fn ordered(self, comparison: Comparison, literal: &Literal) -> Result<Reduced, ConditionError> {
        let operand = match (self.kind, literal) {
            (IndexKind::Text, Literal::Text(text)) => Some(Operand::Text(text.clone())),
            (IndexKind::DateTime, literal) => self.instant(literal)?,
            (IndexKind::Integer | IndexKind::Float | IndexKind::Boolean, literal) => {
                return number(literal)
                    .map(|value| reduce(self.kind, comparison, value))
                    .ok_or_else(|| self.unordered(literal));
            }
            _ => None,
        };
        let operand = operand.ok_or_else(|| self.unordered(literal))?;
        Ok(Reduced::Test(ValueTest::Compare(comparison, operand)))
    }

    fn unordered(self, literal: &Literal) -> ConditionError {
        ConditionError::Ordering {
            field: self.name.to_owned(),
            shape: self.shape(),
            found: literal.describe(),
        }
    }

    /// The instant of a literal of the family of date-times; a text must be one.
    fn instant(self, literal: &Literal) -> Result<Option<Operand>, ConditionError> {
        match literal {
            Literal::DateTime(instant) => Ok(Some(Operand::Integer(instant.0))),
            Literal::Text(text) => match parse_instant(text) {
                Some(instant) => Ok(Some(Operand::Integer(instant.0))),
                None => Err(ConditionError::NotATime { field: self.name.to_owned(), text: text.clone() }),
            },
            _ => Ok(None),
        }
    }

    /// Equal to some element; an operand that is not a list counts as one.
    pub(super) fn one_of(self, literal: &Literal) -> Result<Reduced, ConditionError> {
        let candidates = match literal {
            Literal::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut operands = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            operands.extend(self.operand(candidate)?);
        }
        Ok(self.members(operands))
    }

    fn members(self, mut operands: Vec<Operand>) -> Reduced {
        if self.kind == IndexKind::Boolean {
            // Two values at most, and both together are every value.
            operands.dedup();
            if operands.windows(2).any(|pair| pair[0] != pair[1]) {
                return Reduced::Always(true);
            }
        }
        match (operands.pop(), operands.is_empty()) {
            (None, _) => Reduced::Always(false),
            (Some(only), true) => Reduced::Test(ValueTest::Compare(Comparison::Eq, only)),
            (Some(last), false) => {
                operands.push(last);
                Reduced::Test(ValueTest::In(operands))
            }
        }
    }

    fn text_test(self, operator: Operator, literal: &Literal) -> Result<Reduced, ConditionError> {
        if matches!(self.kind, IndexKind::Boolean | IndexKind::DateTime) {
            let operator = operator.as_str();
            return Err(ConditionError::NoText {
                operator,
                field: self.name.to_owned(),
                shape: self.shape(),
            });
        }
        let needle = needle(operator, literal)?;
        let pattern = match operator {
            Operator::Contains => return self.plain(Anchor::Anywhere, needle),
            Operator::StartsWith => return self.plain(Anchor::Start, needle),
            Operator::EndsWith => return self.plain(Anchor::End, needle),
            Operator::Like => return self.like(needle),
            Operator::IContains => Pattern::folded(&needle, Anchor::Anywhere),
            Operator::IStartsWith => Pattern::folded(&needle, Anchor::Start),
            Operator::IEndsWith => Pattern::folded(&needle, Anchor::End),
            _ => Pattern::parse(&needle),
        };
        matches(pattern)
    }

    /// A literal part of the text. The empty one is in every text; the text of a double is only known to
    /// this program, so that there it is left to a pattern.
    fn plain(self, anchor: Anchor, needle: String) -> Result<Reduced, ConditionError> {
        if needle.is_empty() {
            return Ok(Reduced::Always(true));
        }
        if self.kind == IndexKind::Float {
            return matches(Pattern::literal(&needle, anchor));
        }
        Ok(Reduced::Test(match anchor {
            Anchor::Anywhere => ValueTest::Contains(needle),
            Anchor::Start => ValueTest::StartsWith(needle),
            Anchor::End => ValueTest::EndsWith(needle),
        }))
    }

    /// The simple forms are those an index or a plain search answers.
    fn like(self, pattern: String) -> Result<Reduced, ConditionError> {
        let wild = |text: &str| text.contains(['%', '_']);
        if !wild(&pattern) {
            return self.equals(&Literal::Text(pattern));
        }
        let start = pattern.strip_suffix('%').filter(|part| !wild(part));
        let end = pattern.strip_prefix('%').filter(|part| !wild(part));
        let middle = pattern.strip_prefix('%').and_then(|part| part.strip_suffix('%'));
        match (start, end, middle.filter(|part| !wild(part))) {
            (Some(part), _, _) => self.plain(Anchor::Start, part.to_owned()),
            (_, Some(part), _) => self.plain(Anchor::End, part.to_owned()),
            (_, _, Some(part)) => self.plain(Anchor::Anywhere, part.to_owned()),
            _ => matches(Pattern::like(&pattern)),
        }
    }

    const fn shape(self) -> Shape {
        Shape { kind: self.kind, list: false, nullable: true }
    }
}

fn matches(pattern: Result<Pattern, String>) -> Result<Reduced, ConditionError> {
    let pattern = pattern.map_err(|reason| ConditionError::Pattern { reason })?;
    Ok(Reduced::Test(ValueTest::Matches(pattern)))
}

/// What to look for: a text, or a number for its text.
fn needle(operator: Operator, literal: &Literal) -> Result<String, ConditionError> {
    match (literal, number(literal)) {
        (Literal::Text(text), _) => Ok(text.clone()),
        (Literal::Integer(_) | Literal::Float(_), Some(Number::Integer(value))) => Ok(value.to_string()),
        (Literal::Integer(_) | Literal::Float(_), Some(Number::Float(value))) => Ok(float_text(value)),
        _ => {
            let expected = "a string or a number";
            Err(ConditionError::Operand { operator: operator.as_str(), expected, found: literal.describe() })
        }
    }
}
