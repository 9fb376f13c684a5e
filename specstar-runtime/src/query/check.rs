//! From a name, an operator and a literal to a predicate, or to the reason why not.
//!
//! Everything that can be wrong is found here, before any row is read, so that an empty table refuses the
//! same queries as a full one.

mod checker;
mod list;
mod operator;
mod rank;
mod scalar;

pub(crate) use checker::nearest;
pub use checker::{Checker, Scope, UnindexedPolicy};
pub use operator::{Operator, Quantifier};

use super::error::ConditionError;
use super::field::{Field, MetaField, Shape};
use super::limit;
use super::literal::Literal;
use super::number::{Number, Reduced};
use super::pattern::Pattern;
use super::predicate::{Comparison, Operand, Predicate, Test, Truth, ValueTest};
use crate::descriptor::{IndexKind, ResourceDescriptor, VectorDescriptor};

/// A field name, resolved or not. A name that is neither metadata nor an index is a field that is missing on
/// every row.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    name: &'a str,
    found: Option<(Field, Shape)>,
    vector: Option<VectorDescriptor>,
}

/// A field that exists.
#[derive(Clone, Copy)]
struct Known<'a> {
    name: &'a str,
    field: Field,
    shape: Shape,
    vector: Option<VectorDescriptor>,
}

impl<'a> Target<'a> {
    /// Looks a name up; it is compared as a whole, dots and case included.
    pub fn find(descriptor: &ResourceDescriptor, name: &'a str, scope: Scope) -> Self {
        let meta = MetaField::parse(name).filter(|_| scope == Scope::Everything);
        if let Some(meta) = meta {
            return Self { name, found: Some((Field::Meta(meta), meta.shape())), vector: None };
        }
        let at = descriptor.indexes.iter().position(|index| index.key == name);
        let found = at.map(|at| (Field::Index(at), Shape::of(&descriptor.indexes[at])));
        Self { name, found, vector: at.and_then(|at| descriptor.indexes[at].vector) }
    }

    /// The field and what its values are; `None` when it is missing.
    pub const fn found(&self) -> Option<(Field, Shape)> {
        self.found
    }

    /// The name, as it was written.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// A condition with an operator and its operand.
    pub fn condition(&self, operator: Operator, literal: &Literal) -> Result<Predicate, ConditionError> {
        check_form(operator, literal)?;
        if let Some(known) = self.known() {
            return known.condition(operator, literal);
        }
        check_pattern(operator, literal)?;
        Ok(Predicate::Constant(missing(operator, literal)))
    }

    /// Not null, and none of `false`, `0`, `""` and the empty list. False on null.
    pub fn truthy(&self) -> Predicate {
        let Some(known) = self.known() else { return Predicate::Constant(Truth::Unknown) };
        let present = known.leaf(Test::Null(false));
        let equals = |operand| Test::Value(ValueTest::Compare(Comparison::Eq, operand));
        let solid = match known.shape.kind {
            _ if known.shape.list => known.leaf(list::not_empty()),
            IndexKind::Text => !known.leaf(equals(Operand::Text(String::new()))),
            IndexKind::Integer => !known.leaf(equals(Operand::Integer(0))),
            IndexKind::Float => !known.leaf(equals(Operand::Float(0.0))),
            IndexKind::Boolean => known.leaf(equals(Operand::Integer(1))),
            IndexKind::DateTime => return present,
        };
        present & solid
    }

    /// Null or the empty text.
    pub fn is_empty(&self) -> Predicate {
        let Some(known) = self.known() else { return Predicate::Constant(Truth::Unknown) };
        let null = known.leaf(Test::Null(true));
        if !known.is_text() {
            return null;
        }
        let empty = ValueTest::Compare(Comparison::Eq, Operand::Text(String::new()));
        known.leaf(Test::Value(empty)) | null
    }

    /// Null, or a text of white space only.
    pub fn is_blank(&self) -> Result<Predicate, ConditionError> {
        let Some(known) = self.known() else { return Ok(Predicate::Constant(Truth::Unknown)) };
        if known.shape.list {
            return Err(ConditionError::TextOfList { operator: "is_blank", field: self.name.to_owned() });
        }
        let null = known.leaf(Test::Null(true));
        if !known.is_text() {
            return Ok(null);
        }
        let blank = Pattern::blank().map_err(|reason| ConditionError::Pattern { reason })?;
        Ok(known.leaf(Test::Value(ValueTest::Matches(blank))) | null)
    }

    /// A condition on the number of code points of a text or of elements of a list. Other fields have no
    /// length, which is unknown.
    pub fn length(&self, operator: Operator, literal: &Literal) -> Result<Predicate, ConditionError> {
        use Operator::{Eq, Exists, Gt, Gte, In, IsNa, IsNull, Lt, Lte, Ne, NotIn};
        match operator {
            Eq | Ne | Gt | Gte | Lt | Lte | In | NotIn => {
                check_form(operator, literal)?;
                let test = scalar::Subject::length().test(operator, literal)?;
                Ok(self.measured(test, matches!(operator, Ne | NotIn)))
            }
            IsNull | Exists | IsNa => {
                let condition = self.condition(operator, literal)?;
                let measurable = self.known().is_none_or(|known| known.is_measurable());
                Ok(if measurable { condition } else { Predicate::Constant(missing(operator, literal)) })
            }
            other => Err(ConditionError::NoSuchOperator { operator: other.as_str(), form: "length()" }),
        }
    }

    fn measured(&self, test: Reduced, negated: bool) -> Predicate {
        let Some(known) = self.known().filter(Known::is_measurable) else {
            return Predicate::Constant(Truth::Unknown);
        };
        let leaf = known.leaf(match test {
            Reduced::Always(answer) => Test::Present(answer),
            Reduced::Test(test) => Test::Length(test),
        });
        if negated { !leaf } else { leaf }
    }

    /// A condition on some or on every element of a list; unknown on a field that is not a list.
    pub fn quantified(
        &self,
        quantifier: Quantifier,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, ConditionError> {
        if !operator.is_for_elements() {
            let form = quantifier.as_str();
            return Err(ConditionError::NoSuchOperator { operator: operator.as_str(), form });
        }
        check_form(operator, literal)?;
        match self.known() {
            Some(known) if known.shape.list => known.quantified(quantifier, operator, literal),
            _ => {
                check_pattern(operator, literal)?;
                Ok(Predicate::Constant(Truth::Unknown))
            }
        }
    }

    fn known(&self) -> Option<Known<'a>> {
        let (field, shape) = self.found?;
        Some(Known { name: self.name, field, shape, vector: self.vector })
    }
}

impl Known<'_> {
    /// A leaf, or its outcome where the field has no nulls.
    fn leaf(&self, test: Test) -> Predicate {
        match test {
            Test::Null(null) if !self.shape.nullable => Predicate::Constant((!null).into()),
            Test::Present(answer) if !self.shape.nullable => Predicate::Constant(answer.into()),
            test => Predicate::leaf(self.field, test),
        }
    }

    fn is_text(&self) -> bool {
        self.shape.kind == IndexKind::Text && !self.shape.list
    }

    fn is_measurable(&self) -> bool {
        self.shape.list || self.is_text()
    }

    fn condition(&self, operator: Operator, literal: &Literal) -> Result<Predicate, ConditionError> {
        match operator {
            Operator::IsNull | Operator::IsNa => Ok(self.leaf(Test::Null(flag(literal)))),
            Operator::Exists => Ok(Predicate::Constant(flag(literal).into())),
            Operator::Ne => Ok(!self.condition(Operator::Eq, literal)?),
            Operator::NotIn => Ok(!self.condition(Operator::In, literal)?),
            other if self.shape.list => self.list_condition(other, literal),
            other => Ok(match self.subject().test(other, literal)? {
                Reduced::Always(answer) => self.leaf(Test::Present(answer)),
                Reduced::Test(test) => self.leaf(Test::Value(test)),
            }),
        }
    }

    /// The scalar, or an element of the list.
    fn subject(&self) -> scalar::Subject<'_> {
        scalar::Subject { name: self.name, kind: self.shape.kind }
    }
}

/// What an operator gives where no row has the field.
fn missing(operator: Operator, literal: &Literal) -> Truth {
    match operator {
        Operator::Exists => (!flag(literal)).into(),
        Operator::IsNa => flag(literal).into(),
        _ => Truth::Unknown,
    }
}

/// The operand of a null check, which [`check_form`] has seen to be a boolean.
fn flag(literal: &Literal) -> bool {
    matches!(literal, Literal::Bool(true))
}

/// What can be said about an operand without knowing the field.
fn check_form(operator: Operator, literal: &Literal) -> Result<(), ConditionError> {
    use Literal::{Bool, List, Null, Object, Text};
    use operator::Form;
    let expected = match (operator.form(), literal) {
        (Form::List, List(_)) | (Form::Flag, Bool(_)) | (Form::Text, Text(_)) => None,
        (Form::List, _) => Some("a list"),
        (Form::Flag, _) => Some("true or false"),
        (Form::Text, _) => Some("a string"),
        (Form::Order, Null | List(_) | Object) => Some("a value with an order"),
        (Form::Order | Form::Any, _) => None,
    };
    if let Some(expected) = expected {
        let operator = operator.as_str();
        return Err(ConditionError::Operand { operator, expected, found: literal.describe() });
    }
    check_list_lengths(literal)
}

/// A pattern is compiled where it is used; where there is nothing to use it on, it is only looked at.
fn check_pattern(operator: Operator, literal: &Literal) -> Result<(), ConditionError> {
    if let (Operator::Regex, Literal::Text(pattern)) = (operator, literal) {
        Pattern::parse(pattern).map_err(|reason| ConditionError::Pattern { reason })?;
    }
    Ok(())
}

fn check_list_lengths(literal: &Literal) -> Result<(), ConditionError> {
    let Literal::List(items) = literal else { return Ok(()) };
    if items.len() > limit::LIST_ELEMENTS {
        return Err(ConditionError::ListTooLong { found: items.len() });
    }
    items.iter().try_for_each(check_list_lengths)
}

/// A number of a literal, booleans included.
fn number(literal: &Literal) -> Option<Number> {
    match literal {
        Literal::Bool(bit) => Some(Number::Integer((*bit).into())),
        Literal::Integer(value) => Some(Number::Integer(*value)),
        Literal::Float(value) => Some(Number::Float(*value)),
        _ => None,
    }
}
