//! Conditions on lists.

use super::operator::{Operator, Quantifier};
use super::{Comparison, ConditionError, Known, Literal, Operand, Predicate, Reduced, Test, ValueTest};
use crate::query::predicate::ElementTest;

impl Known<'_> {
    /// Every operator a list takes as a whole.
    pub(super) fn list_condition(
        &self,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, ConditionError> {
        match operator {
            Operator::Eq => self.equals_list(std::slice::from_ref(literal)),
            Operator::In => match literal {
                Literal::List(candidates) => self.equals_list(candidates),
                single => self.equals_list(std::slice::from_ref(single)),
            },
            Operator::Contains => Ok(self.some_element(self.subject().test(Operator::Eq, literal)?, false)),
            Operator::ContainsAny => Ok(self.some_element(self.subject().one_of(literal)?, false)),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => Err(ConditionError::Ordering {
                field: self.name.to_owned(),
                shape: self.shape,
                found: literal.describe(),
            }),
            Operator::Like => self.like_element(literal),
            other => Err(self.text_of_list(other)),
        }
    }

    fn text_of_list(&self, operator: Operator) -> ConditionError {
        ConditionError::TextOfList { operator: operator.as_str(), field: self.name.to_owned() }
    }

    /// Equal to one of the candidates; a candidate that is not a list, or has an element no element can
    /// equal, drops out.
    fn equals_list(&self, candidates: &[Literal]) -> Result<Predicate, ConditionError> {
        let mut lists = Vec::new();
        for candidate in candidates {
            if let Literal::List(items) = candidate {
                lists.extend(self.operands(items)?);
            }
        }
        Ok(self.leaf(if lists.is_empty() { Test::Present(false) } else { Test::Items(lists) }))
    }

    fn operands(&self, items: &[Literal]) -> Result<Option<Vec<Operand>>, ConditionError> {
        // All of them are looked at, also behind one that nothing equals: each may be an error.
        let operands: Vec<Option<Operand>> =
            items.iter().map(|item| self.subject().operand(item)).collect::<Result<_, _>>()?;
        Ok(operands.into_iter().collect())
    }

    /// `%x%` is membership of `x`, a pattern without wildcards is a text no list equals.
    fn like_element(&self, literal: &Literal) -> Result<Predicate, ConditionError> {
        let Literal::Text(pattern) = literal else { return Err(self.text_of_list(Operator::Like)) };
        let wild = |text: &str| text.contains(['%', '_']);
        if !wild(pattern) {
            return Ok(self.leaf(Test::Present(false)));
        }
        match pattern.strip_prefix('%').and_then(|part| part.strip_suffix('%')) {
            Some(part) if !wild(part) => {
                self.list_condition(Operator::Contains, &Literal::Text(part.to_owned()))
            }
            _ => Err(self.text_of_list(Operator::Like)),
        }
    }

    pub(super) fn quantified(
        &self,
        quantifier: Quantifier,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, ConditionError> {
        let test = self.subject().test(operator, literal)?;
        let negated = operator == Operator::Ne;
        match quantifier {
            Quantifier::Any => Ok(self.some_element(test, negated)),
            Quantifier::All => Ok(self.leaf(match test {
                Reduced::Test(test) => Test::All(ElementTest { test, negated }),
                Reduced::Always(answer) if answer != negated => Test::Present(true),
                Reduced::Always(_) => empty(),
            })),
        }
    }

    fn some_element(&self, test: Reduced, negated: bool) -> Predicate {
        self.leaf(match test {
            Reduced::Test(test) => Test::Any(ElementTest { test, negated }),
            Reduced::Always(answer) if answer != negated => not_empty(),
            Reduced::Always(_) => Test::Present(false),
        })
    }
}

fn empty() -> Test {
    Test::Length(ValueTest::Compare(Comparison::Eq, Operand::Integer(0)))
}

pub(super) fn not_empty() -> Test {
    Test::Length(ValueTest::Compare(Comparison::Gt, Operand::Integer(0)))
}
